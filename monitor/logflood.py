"""Keeps a library that says the same thing many times a second from filling the disk: its brokers are away, and it says so at every try.

Measured with aiokafka: 60 to 90 lines a second in each process while one of three brokers is down.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_SECONDS: Final = 10.0
_AT_ONCE: Final = 5
_KNOWN: Final = 1000  # messages that are remembered


@dataclass(slots=True)
class _Said:
    since: float
    times: int = 0
    left_out: int = 0


class Calm(logging.Filter):
    """Of each message (before its arguments are filled in) five in ten seconds pass. What was left out is told by the next that
    passes. For a handler, whose lock makes it safe for threads.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` in seconds, monotonic."""
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, int, str], _Said] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        now, key = self._clock(), (record.name, record.levelno, str(record.msg))
        if len(self._said) >= _KNOWN and key not in self._said:  # texts that were filled in before
            self._said.clear()
        said = self._said.setdefault(key, _Said(now))
        if now - said.since >= _SECONDS:
            said.since, said.times = now, 0
        if said.times >= _AT_ONCE:
            said.left_out += 1
            return False
        said.times += 1
        if said.left_out:
            record.msg, record.args = f"{record.getMessage()} ({said.left_out} like it were left out)", ()
            said.left_out = 0
        return True
