"""What the coverage ledger says of a span: who watched, how much of it was seen, when nobody was looking, and what proves that. Pure.

A report's question is "could it have happened elsewhere, or earlier, and you did not see it?" The answer cannot be a plain no: it is a
share with an interval, and the spans of which nothing can be said.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.coverage.blind import Interval
from monitor.coverage.estimate import Minute

_TOUCH: Final = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Watched:
    """One feed over the span. Counts of items; `known` is what was listed in the minutes of which something is known, out of `expected`
    (`low` to `high`: 90 % and more). None = nothing is known.
    """

    source: str
    feed: str
    listed: float = 0.0
    fetched: float = 0.0
    scanned: float = 0.0
    lost: float = 0.0
    known: float = 0.0
    expected: float | None = None
    low: float = 0.0
    high: float = 0.0

    @property
    def capture(self) -> tuple[float, float, float] | None:
        """The share that was listed: the estimate, at least, at most."""
        if self.expected is None:
            return None
        shares = [min(1.0, self.known / of) if of > 0 else 1.0 for of in (self.expected, self.high, self.low)]
        return shares[0], shares[1], shares[2]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal that covers entries of the span."""

    number: int
    day: str
    first: int
    last: int
    digest: str
    key: str


@dataclass(frozen=True, slots=True)
class Statement:
    """For `since` to `until`; `begun`: the oldest time that an entry tells of, 0.0 = there is none. `cut`: the span was longer than is reckoned, and begins later
    than asked. `unsealed`: entries behind the last seal; `head`: the hash they end at.
    """

    since: float
    until: float
    begun: float
    cut: bool
    entries: int
    watched: Sequence[Watched]
    blind: Sequence[Interval]
    seals: Sequence[Sealed]
    unsealed: int
    head: str

    @property
    def sources(self) -> list[str]:
        return sorted({each.source for each in self.watched})


class Adding:
    """Adds a span up from its parts, each reckoned for itself, so that a month needs no more memory than a day."""

    def __init__(self) -> None:
        self._feeds: dict[tuple[str, str], Watched] = {}
        self._blind: list[Interval] = []

    def add(self, minutes: Iterable[Minute], blind: Iterable[Interval], since: float, until: float) -> None:
        """The minutes of `since` to `until`, and the blind spans that share a moment with it."""
        for minute in minutes:
            name = (minute.source, minute.feed)
            self._feeds[name] = _with(self._feeds.get(name, Watched(*name)), minute)
        for span in blind:
            if span.since < until and span.until > since:
                self._blind.append(replace(span, since=max(span.since, since), until=min(span.until, until)))

    def watched(self) -> list[Watched]:
        """Feeds of which anything is known, by their names."""
        every = (self._feeds[name] for name in sorted(self._feeds))
        return [
            each for each in every if each.expected is not None or each.listed or each.scanned or each.lost
        ]

    def blind(self) -> list[Interval]:
        """Spans that touch made one, by source, feed and time."""
        found: list[Interval] = []
        for span in sorted(self._blind):
            last = found[-1] if found else None
            if last and _kind(last) == _kind(span) and span.since <= last.until + _TOUCH:
                found[-1] = replace(last, until=max(last.until, span.until))
            else:
                found.append(span)
        return found


def _with(feed: Watched, minute: Minute) -> Watched:
    grown = replace(
        feed,
        listed=feed.listed + minute.listed,
        fetched=feed.fetched + minute.fetched,
        scanned=feed.scanned + minute.scanned,
        lost=feed.lost + minute.lost,
    )
    if minute.expected is None:
        return grown
    return replace(
        grown,
        known=grown.known + minute.listed,
        expected=(grown.expected or 0.0) + minute.expected,
        low=grown.low + (minute.low or 0.0),
        high=grown.high + (minute.high or 0.0),
    )


def _kind(span: Interval) -> tuple[str, str, str, str]:
    return span.source, span.feed, span.reason, span.repaired_by
