"""What a command may end with, other than success."""

from __future__ import annotations

from typing import Final

from detectors.errors import DetectorError
from monitor.bus.base import BusError
from monitor.config import ConfigError
from monitor.gitread.errors import GitError
from monitor.identity import KeyFileError
from monitor.matcher.pool import PoolFailed
from monitor.scan.baseline import BaselineError
from monitor.store.errors import StoreBusy, StoreRefused


class Failure(Exception):
    """A command's own word that it cannot go on, and its exit status."""

    def __init__(self, message: str, *, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


# errors whose message is written for the person at the terminal
EXPECTED: Final = (
    Failure,
    BaselineError,
    BusError,
    ConfigError,
    DetectorError,
    GitError,
    KeyFileError,
    PoolFailed,
    StoreBusy,
    StoreRefused,
)
