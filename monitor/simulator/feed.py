"""The public event feed as GitHub serves it: at most 300 events, at most 30 days, late ones inserted below the top."""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Callable
from typing import Final

from monitor.simulator.model import Event

WINDOW_EVENTS: Final = 300
WINDOW_SECONDS: Final = 30 * 24 * 3600.0
_KEPT: Final = 5_000


class Feed:
    """Events by the time they happened; each shows up at its own `visible_at`."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Event]] = []
        self._shown: list[tuple[float, int, Event]] = []  # ascending by created_at
        self._serial = 0
        self.version = 0  # changes whenever a reader could see a change

    def add(self, event: Event) -> None:
        self._serial += 1
        heapq.heappush(self._waiting, (event.visible_at, self._serial, event))

    def newest(self, now: float, where: Callable[[Event], bool] | None = None) -> list[Event]:
        """What a reader of the feed (or of a part of it) sees at `now`, newest first."""
        self._advance(now)
        found: list[Event] = []
        for created_at, _, event in reversed(self._shown):
            if created_at < now - WINDOW_SECONDS or len(found) == WINDOW_EVENTS:
                break
            if where is None or where(event):
                found.append(event)
        return found

    def stale(self, now: float, age: float) -> list[Event]:
        """What a cache that stopped `age` seconds ago still shows; the oldest events where it is younger than that."""
        self._advance(now)
        end = bisect.bisect_right(self._shown, now - age, key=lambda item: item[0]) or WINDOW_EVENTS
        return [event for _, _, event in reversed(self._shown[:end])][:WINDOW_EVENTS]

    def _advance(self, now: float) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            _, serial, event = heapq.heappop(self._waiting)
            bisect.insort(self._shown, (event.created_at, serial, event), key=lambda item: item[:2])
            self.version += 1
        del self._shown[: max(0, len(self._shown) - _KEPT)]
