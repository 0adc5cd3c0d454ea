"""A feed that is polled: where we stand in it, when it is due, and what two polls say about what passed between them."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor
from typing import Final

import orjson

from monitor.budget import Limited, backoff
from monitor.collectors.base import SourceContext
from monitor.collectors.shapes import text
from monitor.collectors.tally import Tally, estimate_lost
from monitor.collectors.upstream import Refused, UpstreamError
from monitor.contracts import CoverageEvent
from monitor.http import Validators

_SHORTEST: Final = 5.0  # seconds between two tries while it fails
_LONGEST: Final = 600.0


class Feed:
    """One feed's position. `path` names it among the feeds of its source, and its cursor."""

    def __init__(self, path: str = "") -> None:
        self.path = path
        self.validators = Validators()
        self.due = 0.0
        self.polled_at: float | None = None  # the last poll that was answered
        self.newest: float | None = None  # publication of the newest item listed
        self._failures = 0

    def save(self) -> str:
        """The position as the text of a cursor."""
        validators = {"etag": self.validators.etag, "modified": self.validators.last_modified}
        position = {"polled_at": self.polled_at, "newest": self.newest, "due": self.due}
        return orjson.dumps({**validators, **position}).decode()

    def restore(self, saved: str | None) -> None:
        raw = orjson.loads(saved) if saved else {}
        self.validators = Validators(text(raw, "etag"), text(raw, "modified"))
        polled_at, newest, due = raw.get("polled_at"), raw.get("newest"), raw.get("due")
        self.polled_at = float(polled_at) if isinstance(polled_at, int | float) else None
        self.newest = float(newest) if isinstance(newest, int | float) else None
        # a restart is no reason to ask sooner than the server wants to be asked
        soonest = 0.0 if self.polled_at is None else self.polled_at + _LONGEST
        self.due = min(float(due), soonest) if isinstance(due, int | float) else 0.0

    def answered(self, due: float) -> None:
        self._failures = 0
        self.due = due

    def failed(
        self, context: SourceContext, error: Limited | UpstreamError, every: float, draw: float
    ) -> None:
        """Tell the trouble, and come back when the server said, else with backoff and jitter (`draw`, 0 to 1)."""
        if isinstance(error, Limited):
            context.failing("limited")
            self.due = context.now() + error.retry_after
            return
        unauthorized = isinstance(error, Refused) and error.status == 401
        context.failing("unauthorized" if unauthorized else error.reason)
        self._failures += 1
        pause = backoff(self._failures, draw, base=every, cap=_LONGEST)
        self.due = context.now() + max(_SHORTEST, pause)

    def tally(
        self, source: str, listed: int, known: int, times: Sequence[float], now: float, *, full: bool
    ) -> tuple[Tally, list[CoverageEvent]]:
        """Counts of a poll that listed `listed` items, `known` of them before; and the gap, if the two polls do not meet.

        `times` are the publication times of what was listed. `full` = the listing ended at the feed's limit: one that shows
        all it has cannot hide anything.
        """
        tally = Tally(since=now if self.polled_at is None else self.polled_at, listed=listed, known=known)
        tally.feed, tally.full = self.path, full
        if times:
            tally.oldest, tally.newest = min(times), max(times)
        if (
            times and len(times) == listed
        ):  # a count is of no use where some have no time, or some are named twice
            seconds = [floor(time) for time in times]
            tally.oldest_count = seconds.count(min(seconds))
            tally.newest_count = seconds.count(max(seconds))
        if self.polled_at is None or not listed:
            return tally, []
        tally.overlap = known
        if known or not full:
            return tally, []
        tally.lost = estimate_lost(times, self.newest)
        begin = self.polled_at if self.newest is None else self.newest
        end = min(times, default=now)
        gap = CoverageEvent(source, begin, end, blind="gap", feed=self.path)
        return tally, [gap] if end > begin else []

    def advance(self, now: float, times: Sequence[float]) -> None:
        """The poll is dealt with."""
        self.polled_at = now
        self.newest = max([*times, *([] if self.newest is None else [self.newest])], default=None)
