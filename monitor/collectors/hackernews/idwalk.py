"""A walk over ids that only grow: which are dealt with, and which must be asked for again because there was no answer yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from monitor.collectors.shapes import integer, items, obj, text

_FIRST_PAUSE: Final = 30.0
_LONGEST_PAUSE: Final = 24 * 3600.0
_MARK_SECONDS: Final = 600.0
_MARKS: Final = 36  # six hours of them


@dataclass(frozen=True, slots=True)
class Waiting:
    """One id that had no answer. `why` is what it is counted as when there never is one."""

    tries: int
    due: float
    why: str


@dataclass(frozen=True, slots=True)
class Again:
    """Ids from `next` to below `end` are to be read once more, for what changed between `since` and `until`."""

    next: int
    end: int
    since: float
    until: float


class IdWalk:
    """Every id below `next` is dealt with or in `waiting`. The position is small: it is saved with every step.

    An id is asked for again after 30 s, 60 s, 120 s and so on; when its next pause would be longer than a day (that is after a day and a
    half) it is given up. When `room` wait, the walk must stand still.
    """

    def __init__(self, room: int = 2000) -> None:
        self.next: int | None = None  # None = never walked
        self.waiting: dict[int, Waiting] = {}  # in the order they came
        self.told_at: float | None = None  # until when the ledger knows of the walk
        self.edits_at: float | None = None  # and of the list of changed items
        self.again: Again | None = None
        self._marks: list[tuple[float, int]] = []  # where the walk was, and when
        self._room = room

    def save(self) -> str:
        """The position as the text of a cursor."""
        waiting = [[number, w.tries, w.due, w.why] for number, w in self.waiting.items()]
        times = {"told_at": self.told_at, "edits_at": self.edits_at}
        places = {"next": self.next, "waiting": waiting, "again": self.again, "marks": self._marks}
        return orjson.dumps({**places, **times}).decode()

    def restore(self, saved: str | None) -> None:
        raw = orjson.loads(saved) if saved else {}
        self.next = integer(raw, "next")
        self.told_at, self.edits_at = _time(raw, "told_at"), _time(raw, "edits_at")
        self.waiting = {
            int(number): Waiting(int(tries), float(due), text(why))
            for number, tries, due, why in items(raw.get("waiting"))
        }
        again = obj(raw, "again")
        self.again = Again(**again) if again else None
        self._marks = [(float(at), int(number)) for at, number in items(raw.get("marks"))]

    def mark(self, now: float) -> None:
        """Remember where the walk is now."""
        if self.next is not None and (not self._marks or now - self._marks[-1][0] >= _MARK_SECONDS):
            self._marks = [*self._marks[1 - _MARKS :], (now, self.next)]

    def place_at(self, at: float) -> int:
        """An id that the walk had not passed before `at`: what came later is from here on. The oldest known where none is that old."""
        before = [number for when, number in self._marks if when <= at]
        return before[-1] if before else self._marks[0][1] if self._marks else self.next or 1

    def read_again(self, begin: int, end: int, since: float, until: float) -> None:
        """Have these ids read once more, beside what is to be read again already."""
        known = self.again
        if known is not None:
            begin, end, since = min(begin, known.next), max(end, known.end), min(since, known.since)
        self.again = Again(begin, end, since, until)

    def has_room(self, count: int) -> bool:
        """Whether that many more may wait."""
        return len(self.waiting) + count <= self._room

    def later(self, number: int, why: str, now: float) -> str:
        """Ask for it again later; "" then, else the reason why it is given up (`budget` where there is no room)."""
        known = self.waiting.pop(number, None)
        tries = known.tries + 1 if known else 0
        pause = _FIRST_PAUSE * 2.0**tries
        if pause > _LONGEST_PAUSE:
            return why
        if not self.has_room(1):
            return "budget"
        self.waiting[number] = Waiting(tries, now + pause, why)
        return ""

    def settled(self, number: int) -> None:
        """There was an answer."""
        self.waiting.pop(number, None)

    def due(self, now: float, most: int) -> list[int]:
        """Those whose pause is over, at most `most`."""
        ready = [number for number, waiting in self.waiting.items() if waiting.due <= now]
        return ready[:most]


def _time(raw: object, name: str) -> float | None:
    value = obj(raw).get(name)
    return float(value) if isinstance(value, int | float) else None
