"""How much the world published in each minute, how much of it was listed, and how sure that is.

Of a feed whose polls meet everything is known: expected = listed. Where two of its polls did not meet, what passed between them is
guessed from the page's rate (`lost`), with an uncertainty of a factor of two.

Of a feed whose polls never meet (GitHub's /events: 300 of some 9,000 a minute) each poll is a window of about two seconds, and

    expected of a minute  =  60 * rate / (1 - late)

`rate` is read off the windows (`monitor.coverage.windows`: what one says; `phases`: where its second was cut; `rates`: how the rate
changes between them),
`late` is the share of the items that shows up too late for any window (`monitor.coverage.lateness`). `low` and `high` enclose
90 %: the distances of the 5 % and the 95 % quantiles of the rate, of the late share and of the count itself (Poisson) from their
middles, as logarithms, are added as squares; only that of the late share downwards is added whole, since "none is late" may be the
truth minute after minute.

Where an archive tells how many there were in an hour (CoverageEvent with `expected`), the minutes of that hour are scaled to add
up to it: then the late share is known, too, and what it was in such hours tells it for the others. An archive that knows of fewer
than the windows allow has lost some itself, and is left out.

A minute is a minute of publication. A listing's items are put into minutes by its window; counts without one by their span.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from monitor.contracts import CoverageEvent
from monitor.coverage.blind import SILENT, Interval, blind_intervals, covered, joined, repairs_of
from monitor.coverage.counting import MINUTE, Counts, counts_of
from monitor.coverage.firehose import Expected, expected_minutes
from monitor.coverage.polls import FeedName, Polls, polls_of

# an archive's feed that counts a whole world -> the feed that shows the same world
ARCHIVES: Final[Mapping[FeedName, FeedName]] = {("gharchive", "world"): ("github_events", "/events")}


@dataclass(frozen=True, slots=True)
class Minute:
    """One feed's minute from `start` (epoch seconds) on. Counts are shares of spans, hence not whole.

    `expected` None = nothing is known about what was published (nobody looked near that minute). `low` to `high` holds the truth
    in nine of ten minutes. The feed "" holds what the source counts without naming a feed.
    """

    source: str
    feed: str
    start: float
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    listed: float = 0.0  # for the first time
    fetched: float = 0.0
    scanned: float = 0.0
    skipped: Mapping[str, float] = field(default_factory=dict)  # reason -> count
    lost: float = 0.0  # as the source reckoned itself
    blind_seconds: float = 0.0
    blind: tuple[str, ...] = ()  # the reasons
    repaired: bool = False  # all of the blind time, or of the gap, was filled later

    @property
    def capture(self) -> float | None:
        """The share that was listed, 0 to 1."""
        return _share(self.listed, self.expected)

    @property
    def capture_low(self) -> float | None:
        return _share(self.listed, self.high)

    @property
    def capture_high(self) -> float | None:
        return _share(self.listed, self.low)


def minutes(
    events: Iterable[CoverageEvent],
    since: float,
    until: float,
    *,
    archives: Mapping[FeedName, FeedName] = ARCHIVES,
) -> list[Minute]:
    """Each feed's minutes that begin in [`since`, `until`), by source, feed and time; `since` is taken down to its minute.

    `events` in any order. Those from some ten minutes before `since` make the first minutes better. Does not block; a day of a
    firehose takes seconds of CPU.
    """
    start = math.floor(since / MINUTE) * MINUTE
    count = max(0, math.ceil((until - start) / MINUTE))
    known = list(events)
    polls = polls_of(known)
    blind = blind_intervals(known)
    repairs = repairs_of(known)
    rows: dict[FeedName, list[Minute]] = {}
    for name, cells in counts_of(known, polls, start, count).items():
        feed = polls.get(name)
        if feed is None:
            expected: Sequence[Expected | None] = [None] * count
        elif feed.sampled:
            siblings = [p for n, p in polls.items() if n[0] == name[0] and not p.sampled]
            counts = [e for e in known if archives.get((e.source, e.feed)) == name and e.expected is not None]
            expected = expected_minutes(feed, siblings, counts, start, count)
        else:
            expected = _met(feed, cells, start)
        spans = [span for span in blind if span.concerns(name)]
        if feed is not None and feed.sampled:
            spans += _tail(name, feed, start + count * MINUTE)
        filled = [
            span
            for (target, _), found in repairs.items()
            if target in (name[0], f"{name[0]} {name[1]}")
            for span in found
        ]
        rows[name] = [
            _minute(name, start + i * MINUTE, cell, expected[i], spans, filled)
            for i, cell in enumerate(cells)
        ]
    return [minute for name in sorted(rows) for minute in rows[name]]


def _met(feed: Polls, cells: Sequence[Counts], start: float) -> list[Expected | None]:
    """What a feed whose polls meet listed, and what it lost where they did not."""
    first, last = feed.events[0], feed.events[-1]
    begin = min(first.since, first.since if first.oldest is None else first.oldest)
    found: list[Expected | None] = []
    for i, cell in enumerate(cells):
        at = start + i * MINUTE
        if at < math.floor(begin / MINUTE) * MINUTE or at + MINUTE > last.until:
            found.append(None)
            continue
        found.append(
            Expected(cell.listed + cell.lost, cell.listed + cell.lost / 2.0, cell.listed + cell.lost * 2.0)
        )
    return found


def _tail(name: FeedName, feed: Polls, until: float) -> list[Interval]:
    """From when on nothing is heard of a feed that always answers with something new."""
    last, usual = feed.events[-1].until, feed.step
    if usual is None or until - last <= 2.5 * usual:
        return []
    return [Interval(*name, last + usual, until, SILENT)]


def _minute(
    name: FeedName,
    start: float,
    cell: Counts,
    expected: Expected | None,
    spans: Sequence[Interval],
    filled: Sequence[tuple[float, float]],
) -> Minute:
    end = start + MINUTE
    here = [
        replace(s, since=max(s.since, start), until=min(s.until, end))
        for s in spans
        if s.since < end and s.until > start
    ]
    seconds = sum(until - since for since, until in joined((s.since, s.until) for s in here))
    fixed = all(s.repaired_by or covered((s.since, s.until), filled) for s in here)
    low, high = (None, None) if expected is None else (expected.low, expected.high)
    return Minute(
        name[0],
        name[1],
        start,
        None if expected is None else expected.items,
        low,
        high,
        listed=cell.listed,
        fetched=cell.fetched,
        scanned=cell.scanned,
        skipped=dict(cell.skipped),
        lost=cell.lost,
        blind_seconds=min(MINUTE, seconds),
        blind=tuple(sorted({s.reason for s in here})),
        repaired=covered((start, end), filled) or (bool(here) and fixed),
    )


def _share(listed: float, of: float | None) -> float | None:
    if of is None:
        return None
    return min(1.0, listed / of) if of > 0.0 else 1.0
