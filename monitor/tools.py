"""What the composition root hands to every plugin: the few shared things, so that none of them is a global."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.metrics import Metrics
from monitor.watching import Watching

if TYPE_CHECKING:
    from detectors import RuleSet
    from monitor.http import HttpClient
    from monitor.web import Web


def _shipped() -> RuleSet:
    from detectors import load_rules

    return load_rules()


@dataclass(frozen=True, slots=True)
class Tools:
    """`state` is a folder of the service (mode 0700) where a plugin may keep `state / <its name>`."""

    http: HttpClient
    metrics: Metrics
    state: Path
    web: Web | None = None  # the listener for console, API and ingest; None in a stage without one
    clock: Callable[[], float] = field(default=time.time)
    watch: Watching = field(default_factory=Watching)
    rules: Callable[[], RuleSet] = field(
        default=_shipped
    )  # those of the matcher; blocks; raises DetectorError
