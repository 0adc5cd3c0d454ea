"""What one span of a source's time saw and did not see, added up into a CoverageEvent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.contracts import CoverageEvent
from monitor.coverage.items import Item, pack


@dataclass(slots=True)
class Tally:
    """Counts of one poll or cycle. Every listed item ends as fetched, known, skipped with a reason, or still waiting."""

    since: float
    listed: int = 0
    fetched: int = 0
    known: int = 0
    lost: int = 0
    overlap: int | None = None
    skipped: Counter[str] = field(default_factory=Counter)
    feed: str = ""  # which, of a source with several
    oldest: float | None = None  # publication times of what was listed
    newest: float | None = None
    oldest_count: int | None = None  # how many of them share the oldest second, and the newest
    newest_count: int | None = None
    full: bool = False  # the listing ended at the feed's limit
    items: list[Item] = field(default_factory=list)

    def note(self, item: Item) -> None:
        """Remember what became of one item, so that it can be asked about later."""
        self.items.append(item)

    def event(self, source: str, until: float, *, blind: str = "") -> CoverageEvent:
        """`expected` = what was listed for the first time, plus the estimate of what passed unseen."""
        return CoverageEvent(
            source=source,
            since=self.since,
            until=max(self.since, until),
            expected=self.listed - self.known + self.lost,
            listed=self.listed,
            fetched=self.fetched,
            skipped=dict(self.skipped),
            lost=self.lost,
            blind=blind,
            overlap=self.overlap,
            feed=self.feed,
            oldest=self.oldest,
            newest=self.newest,
            oldest_count=self.oldest_count,
            newest_count=self.newest_count,
            full=self.full,
            items=pack(self.items),
        )


def estimate_lost(times: Sequence[float], newest_before: float | None) -> int:
    """How many items passed between the newest of the previous poll and the oldest of this one, by this page's rate.

    `times` are the publication times (epoch seconds) of a page that shares no item with the previous poll. 0 when nothing can
    be said. Feeds give whole seconds, so a page's span counts one second more than its outermost times differ.
    """
    if newest_before is None or not times:
        return 0
    oldest, newest = min(times), max(times)
    gap = oldest - newest_before - 1.0
    return 0 if gap <= 0 else round(gap * len(times) / (newest - oldest + 1.0))
