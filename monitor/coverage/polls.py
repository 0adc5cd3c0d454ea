"""The coverage events of several sources, sorted by what they are: polls of a feed, blind spans, repairs, other counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from monitor.contracts import CoverageEvent
from monitor.coverage.windows import window_of

GAP: Final = "gap"  # two polls that did not meet
_SHORT: Final = 30.0  # seconds: a full first listing of less than this cannot meet the next one
_WINDOWS: Final = 0.25  # of a long step: windows of one poll are closer together
_MIDDLING: Final = 5  # polls until the usual step is known well enough to call a longer one silence

FeedName = tuple[str, str]  # source, feed


@dataclass(frozen=True, slots=True)
class Polls:
    """The answered polls of one feed, ascending."""

    events: Sequence[CoverageEvent]

    @property
    def sampled(self) -> bool:
        """Whether its listings usually do not meet: each is a look at the newest few, and all between passes unseen."""
        steps = [event for event in self.events if event.overlap is not None and event.listed]
        if steps:
            apart = sum(not event.overlap and event.full for event in steps)
            return 2 * apart > len(steps)
        windows = [(event, window_of(event)) for event in self.events if event.full]
        return any(window and window.newest - window.oldest < _SHORT for _, window in windows)

    @property
    def step(self) -> float | None:
        """Seconds between two polls, usually; None while too few are known. One poll may be told as several windows, moments apart: those
        are no steps.
        """
        steps = sorted(event.until - event.since for event in self.events if event.overlap is not None)
        if len(steps) < _MIDDLING:
            return None
        long = steps[int(0.9 * (len(steps) - 1))]
        return median(step for step in steps if step > _WINDOWS * long)


def met(event: CoverageEvent) -> bool:
    """Whether a poll shows everything since the poll before it."""
    return bool(event.overlap) or (event.overlap is not None and not event.full)


def fresh(event: CoverageEvent) -> int:
    """How many items it listed for the first time."""
    return max(0, event.listed - (event.overlap or 0))


def is_poll(event: CoverageEvent) -> bool:
    return not event.blind and not event.repairs and (event.oldest is not None or event.overlap is not None)


def polls_of(events: Iterable[CoverageEvent]) -> Mapping[FeedName, Polls]:
    """By source and feed, in the order of their names."""
    found: defaultdict[FeedName, list[CoverageEvent]] = defaultdict(list)
    for event in events:
        if is_poll(event):
            found[event.source, event.feed].append(event)
    return {name: Polls(sorted(found[name], key=lambda event: event.until)) for name in sorted(found)}
