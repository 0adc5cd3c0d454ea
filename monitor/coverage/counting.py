"""Counts of polls and of other spans, put into the minutes they belong to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from monitor.contracts import CoverageEvent
from monitor.coverage.polls import FeedName, Polls, fresh, is_poll
from monitor.coverage.windows import Window, spread_over, window_of

MINUTE: Final = 60.0


@dataclass(slots=True)
class Counts:
    """Of one minute. Shares of spans, hence not whole."""

    listed: float = 0.0  # for the first time
    fetched: float = 0.0
    scanned: float = 0.0
    lost: float = 0.0
    skipped: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, event: CoverageEvent, share: float) -> None:
        """All but what was lost, which is from another span."""
        self.listed += fresh(event) * share
        self.fetched += event.fetched * share
        self.scanned += event.scanned * share
        for reason, count in event.skipped.items():
            self.skipped[reason] += count * share

    def lose(self, event: CoverageEvent, share: float) -> None:
        self.lost += event.lost * share


def counts_of(
    events: Iterable[CoverageEvent], polls: Mapping[FeedName, Polls], start: float, count: int
) -> dict[FeedName, list[Counts]]:
    """Each feed's counts in the `count` minutes from `start` on. `polls` are those among the `events`."""
    found: defaultdict[FeedName, list[Counts]] = defaultdict(lambda: [Counts() for _ in range(count)])

    def put(
        event: CoverageEvent,
        pieces: list[tuple[float, float, float]],
        what: Callable[[Counts, CoverageEvent, float], None],
    ) -> None:
        cells = found[event.source, event.feed]
        spread_over(pieces, start, MINUTE, count, lambda cell, share: what(cells[cell], event, share))

    for feed in polls.values():
        newest: float | None = None
        for event in feed.events:
            put(event, _published(event, newest), Counts.add)
            put(event, _unseen(event, newest), Counts.lose)
            newest = max((t for t in (newest, event.newest) if t is not None), default=None)
    for event in events:
        if not is_poll(event):
            put(event, [(event.since, event.until, 1.0)], Counts.add)
            put(event, [(event.since, event.until, 1.0)], Counts.lose)
    return found


def _published(event: CoverageEvent, before: float | None) -> list[tuple[float, float, float]]:
    """When the items were published that this poll listed for the first time: since the newest of the poll before."""
    if event.oldest is None or event.newest is None:
        return [(event.since, event.until, 1.0)]
    if before is not None and event.overlap:
        return [(min(max(before, event.oldest), event.newest), event.newest, 1.0)]
    window = window_of(event) or Window(float(event.oldest), float(event.newest), 1)
    return window.spread()


def _unseen(event: CoverageEvent, before: float | None) -> list[tuple[float, float, float]]:
    """The span between two polls that did not meet."""
    until = event.until if event.oldest is None else event.oldest
    return [(min(event.since if before is None else before, until), until, 1.0)]
