"""What the scanning process tells of itself, once a second at most: the cost of its rules, and its memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from detectors.costs import Cost

_SECONDS: Final = 1.0  # a job takes milliseconds, and its parent as long to count a hundred rules
_STATM: Final = Path("/proc/self/statm")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Costly(Protocol):
    """The part of the scanner that keeps the account."""

    def costs(self) -> Mapping[str, Cost]: ...


class Account:
    """`clock` gives seconds, monotonic."""

    def __init__(self, scanner: Costly, clock: Callable[[], float]) -> None:
        self._scanner = scanner
        self._clock = clock
        self._told = clock()

    def due(self) -> dict[str, Any]:
        """For the answer's `stats`: `costs` (rule -> [raw matches, seconds]) and `resident` (bytes); nothing within a second."""
        now = self._clock()
        if now - self._told < _SECONDS:
            return {}
        self._told = now
        costs = {rule: [cost.hits, cost.seconds] for rule, cost in self._scanner.costs().items()}
        return {"costs": costs, "resident": resident_bytes()}


def resident_bytes() -> int:
    """Of this process; 0 where the system does not tell."""
    try:
        return int(_STATM.read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
