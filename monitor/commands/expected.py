"""The errors whose message is written for the person at the terminal. Imports half of the service: only once something has failed."""

from __future__ import annotations

from typing import Final

from detectors.errors import DetectorError
from monitor.bus.base import BusError
from monitor.commands.errors import Failure
from monitor.config import ConfigError
from monitor.coverage.chain import LedgerBroken
from monitor.coverage.signing import LedgerKeyError
from monitor.gitread.errors import GitError
from monitor.identity import KeyFileError
from monitor.matcher.pool import PoolFailed
from monitor.scan.baseline import BaselineError
from monitor.scan.run import TargetError
from monitor.store.errors import StoreBusy, StoreRefused

EXPECTED: Final = (
    Failure,
    BaselineError,
    BusError,
    ConfigError,
    DetectorError,
    GitError,
    KeyFileError,
    LedgerBroken,
    LedgerKeyError,
    PoolFailed,
    StoreBusy,
    StoreRefused,
    TargetError,
)
