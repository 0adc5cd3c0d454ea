"""When a source saw nothing, why, and whether somebody filled it later.

Sources tell of trouble (an outage, a limit, a stale copy) and of gaps: two polls that did not meet. A gap is blind time for a
feed that normally meets itself. For one that never does (`Polls.sampled`) it is the ordinary loss of sampling, which
`monitor.coverage.estimate` puts into numbers, and no blind time. A collector that was not running tells nothing: a poll that comes
long after the one before it, with no trouble told between the two, is a span named `silent`.

A span is repaired by whoever has an event with `repairs` = the source, or the source and the feed with a blank between, over all
of it; and by the source itself when its feeds, asked again, still showed everything since the poll before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.contracts import CoverageEvent
from monitor.coverage.polls import GAP, FeedName, Polls, met, polls_of

SILENT: Final = "silent"
_TOUCH: Final = 1.0  # seconds: times are whole seconds here, fractions there
_LATE: Final = 2.5  # a poll that comes after this many usual steps was missed


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """A span (epoch seconds, by the clock of the polls) in which `feed` of `source` saw nothing; "" = all its feeds."""

    source: str
    feed: str
    since: float
    until: float
    reason: str
    repaired_by: str = ""  # a source; "" = nobody yet

    def concerns(self, name: FeedName) -> bool:
        return self.source == name[0] and self.feed in ("", name[1])


def blind_intervals(events: Iterable[CoverageEvent]) -> list[Interval]:
    """Merged, by source, feed and time. `events` in any order."""
    known = list(events)
    polls = polls_of(known)
    sampled = {name for name, feed in polls.items() if feed.sampled}
    told = [
        Interval(event.source, event.feed, event.since, max(event.since, event.until), event.blind)
        for event in known
        if event.blind and not (event.blind == GAP and (event.source, event.feed) in sampled)
    ]
    merged = _merged(told)
    merged += _merged(_silent(polls, merged))
    repairs = repairs_of(known)
    return sorted(replace(span, repaired_by=_repairer(span, polls, repairs)) for span in merged)


def repairs_of(events: Iterable[CoverageEvent]) -> Mapping[tuple[str, str], list[tuple[float, float]]]:
    """(what was repaired, by which source) -> the spans, merged and ascending. What: a source, or source and feed."""
    spans: defaultdict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for event in events:
        if event.repairs:
            spans[event.repairs, event.source].append((event.since, max(event.since, event.until)))
    return {who: joined(found) for who, found in sorted(spans.items())}


def covered(span: tuple[float, float], by: Sequence[tuple[float, float]]) -> bool:
    """Whether one of the (merged) spans `by` reaches over all of `span`."""
    return any(since <= span[0] + _TOUCH and until >= span[1] - _TOUCH for since, until in by)


def joined(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans that touch made one, ascending."""
    found: list[tuple[float, float]] = []
    for since, until in sorted(spans):
        if found and since <= found[-1][1] + _TOUCH:
            found[-1] = found[-1][0], max(found[-1][1], until)
        else:
            found.append((since, until))
    return found


def _merged(intervals: Iterable[Interval]) -> list[Interval]:
    spans: defaultdict[tuple[str, str, str], list[tuple[float, float]]] = defaultdict(list)
    for span in intervals:
        spans[span.source, span.feed, span.reason].append((span.since, span.until))
    return [
        Interval(source, feed, since, until, reason)
        for (source, feed, reason), found in spans.items()
        for since, until in joined(found)
    ]


def _silent(polls: Mapping[FeedName, Polls], told: Sequence[Interval]) -> list[Interval]:
    found = []
    for name, feed in polls.items():
        usual = feed.step
        if usual is None:
            continue
        for event in feed.events:
            since = event.since + usual
            if event.until - event.since <= _LATE * usual or (met(event) and not feed.sampled):
                continue
            if not any(s.concerns(name) and s.since < event.until and s.until > event.since for s in told):
                found.append(Interval(*name, since, event.until, SILENT))
    return found


def _repairer(
    span: Interval,
    polls: Mapping[FeedName, Polls],
    repairs: Mapping[tuple[str, str], Sequence[tuple[float, float]]],
) -> str:
    targets = {span.source, f"{span.source} {span.feed}"} if span.feed else {span.source}
    for (target, by), spans in repairs.items():
        if target in targets and covered((span.since, span.until), spans):
            return by
    feeds = [feed for name, feed in polls.items() if span.concerns(name)]
    if span.reason != GAP and feeds and all(_caught_up(feed, span) for feed in feeds):
        return span.source
    return ""


def _caught_up(feed: Polls, span: Interval) -> bool:
    after = next((event for event in feed.events if event.until >= span.until - _TOUCH), None)
    return not feed.sampled and after is not None and met(after)
