"""The public event feed as GitHub serves it: at most 300 events, at most 30 days, late ones inserted below the top. And its parts, with
the same limits each: the feeds of one repository, owner or actor.
"""

from __future__ import annotations

import bisect
import heapq
from typing import Final

from monitor.simulator.model import Event

WINDOW_EVENTS: Final = 300
WINDOW_SECONDS: Final = 30 * 24 * 3600.0
_KEPT: Final = 5_000  # of the whole, for stale copies
_PARTS: Final = 20_000  # least recently changed ones go

Part = tuple[str, str]  # "repository", "owner" or "actor", and which: a number or a name in lower case
_Shown = list[tuple[float, int, Event]]  # ascending by created_at


def parts_of(event: Event) -> tuple[Part, ...]:
    """The parts that an event shows up in."""
    return (
        ("repository", str(event.repository_id)),
        ("owner", event.owner.lower()),
        ("actor", event.actor.login.lower()),
    )


class Feed:
    """Events by the time they happened; each shows up at its own `visible_at`."""

    def __init__(self) -> None:
        self._waiting: _Shown = []
        self._shown: _Shown = []
        self._parts: dict[Part, _Shown] = {}
        self._serial = 0
        self.version = 0  # changes whenever a reader of the whole could see a change

    def add(self, event: Event) -> None:
        self._serial += 1
        heapq.heappush(self._waiting, (event.visible_at, self._serial, event))

    def newest(self, now: float, part: Part | None = None) -> list[Event]:
        """What a reader of the feed (or of a part of it) sees at `now`, newest first."""
        self._advance(now)
        shown = self._shown if part is None else self._parts.get(part, [])
        return [e for at, _, e in reversed(shown[-WINDOW_EVENTS:]) if at >= now - WINDOW_SECONDS]

    def stale(self, now: float, age: float) -> list[Event]:
        """What a cache that stopped `age` seconds ago still shows; the oldest events where it is younger than that."""
        self._advance(now)
        end = bisect.bisect_right(self._shown, now - age, key=lambda item: item[0]) or WINDOW_EVENTS
        return [event for _, _, event in reversed(self._shown[:end])][:WINDOW_EVENTS]

    def _advance(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            _, serial, event = heapq.heappop(self._waiting)
            entry = (event.created_at, serial, event)
            bisect.insort(self._shown, entry, key=lambda item: item[:2])
            for part in parts_of(event):
                shown = self._parts.pop(part, [])
                self._parts[part] = shown
                bisect.insort(shown, entry, key=lambda item: item[:2])
                if len(shown) > WINDOW_EVENTS:
                    del shown[0]
            self.version += 1
        del self._shown[: max(0, len(self._shown) - _KEPT)]
        while len(self._parts) > _PARTS:
            del self._parts[next(iter(self._parts))]
