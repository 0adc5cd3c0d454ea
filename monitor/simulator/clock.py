"""The simulator's time: starts where it is told, runs at a set speed, and jumps when a test says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime


class AdjustableClock:
    """Epoch seconds. Callable wherever the service wants a `Callable[[], float]`. Thread-safe for reading."""

    def __init__(
        self,
        start: float | None = None,
        *,
        speed: float = 1.0,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """`start` is now unless given; `speed` 0 stands still until `advance`."""
        self._ticks = ticks
        self._speed = speed
        self._origin = ticks()
        self._base = time.time() if start is None else start

    def __call__(self) -> float:
        return self._base + (self._ticks() - self._origin) * self._speed

    def advance(self, seconds: float) -> None:
        """Jump ahead (or back, which real clocks do as well)."""
        self._base += seconds


def iso(at: float) -> str:
    """`2026-06-01T15:00:00Z`, as GitHub writes times."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def http_date(at: float) -> str:
    """`Mon, 01 Jun 2026 15:00:00 GMT`."""
    return datetime.fromtimestamp(at, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")


def from_iso(text: str) -> float:
    """Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
