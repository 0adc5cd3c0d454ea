"""Keeps what is said many times a second from filling the disk: brokers are away and a library says so at every try, or a flood of
hostile documents makes a line each.

Of each kind of line so many pass in ten seconds, and of all kinds together so many; what was left out is counted, and told by the next
of its kind that passes. Measured with aiokafka: 60 to 90 lines a second in each process while one of three brokers is down.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

_SECONDS: Final = 10.0
_KNOWN: Final = 1000  # kinds that are remembered
_LIBRARY: Final = 5  # of each message of a library
_OURS: Final = {"debug": 500, "info": 100}  # of each event of ours, by its level
_TROUBLE: Final = 20  # of each that is worse
_ALL: Final = 2000  # of all kinds together
_GRAVE: Final = 500  # kept for errors, whatever else is said

DELIVERY: Final = "delivery"  # a line with this is what somebody is told by: it is never left out

Kind = tuple[str, int, str]  # logger, level, text before its arguments are filled in


@dataclass(slots=True)
class _Said:
    since: float
    times: int = 0
    left_out: int = 0


class Quota:
    """What may still be said. Thread-safe."""

    def __init__(self, clock: Callable[[], float], on_left_out: Callable[[], None] = lambda: None) -> None:
        """`clock` in seconds, monotonic. `on_left_out` is called for each line that is left out."""
        self._clock = clock
        self._on_left_out = on_left_out
        self._lock = threading.Lock()
        self._said: dict[Kind, _Said] = {}
        self._all = {False: _Said(clock()), True: _Said(clock())}  # errors apart

    def admit(self, kind: Kind, at_once: int) -> int:
        """-1: this line is left out. Else how many like it were, before it. `at_once` of a kind pass in ten seconds."""
        with self._lock:
            admitted = self._admit(kind, at_once)
        if admitted < 0:
            self._on_left_out()
        return admitted

    def _admit(self, kind: Kind, at_once: int) -> int:
        now = self._clock()
        if len(self._said) >= _KNOWN and kind not in self._said:  # texts that were filled in before
            self._said.clear()
        grave = kind[1] >= logging.ERROR
        said, together = self._said.setdefault(kind, _Said(now)), self._all[grave]
        for each in (said, together):
            if now - each.since >= _SECONDS:
                each.since, each.times = now, 0
        if said.times >= at_once or together.times >= (_GRAVE if grave else _ALL):
            said.left_out += 1
            return -1
        said.times += 1
        together.times += 1
        left_out, said.left_out = said.left_out, 0
        return left_out


class Calm(logging.Filter):
    """For the handler of what libraries say."""

    def __init__(self, quota: Quota) -> None:
        super().__init__()
        self._quota = quota

    def filter(self, record: logging.LogRecord) -> bool:
        left_out = self._quota.admit((record.name, record.levelno, str(record.msg)), _LIBRARY)
        if left_out > 0:
            record.msg, record.args = f"{record.getMessage()} ({left_out} like it were left out)", ()
        return left_out >= 0


class Flood:
    """The first processor of our own events."""

    def __init__(self, quota: Quota) -> None:
        self._quota = quota

    def __call__(self, _: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Raises DropEvent."""
        if event.pop(DELIVERY, False):
            return event
        level = "error" if method == "exception" else method
        kind = ("", logging.getLevelNamesMapping()[level.upper()], str(event.get("event", "")))
        left_out = self._quota.admit(kind, _OURS.get(level, _TROUBLE))
        if left_out < 0:
            raise structlog.DropEvent
        if left_out:
            event["left_out"] = left_out
        return event
