"""Was that push seen? The answer out of the ledger's entries: seen, not seen (we looked, and the window did not hold it) or blind.

Whatever is *seen* is seen by the item's own place and time. Otherwise it depends on who could have seen it: the feeds of the question's sources
that looked at that moment. One that has the owner's name in its path is asked first: when it was blind, so were we, whatever a firehose of
everybody's events showed at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.contracts import CoverageEvent
from monitor.coverage.blind import blind_intervals
from monitor.coverage.chain import Told
from monitor.coverage.estimate import minutes
from monitor.coverage.items import Item, Outcome, place_of, unpack
from monitor.coverage.polls import FeedName, is_poll
from monitor.coverage.reach import could_list, is_of

NO_ENTRY: Final = "no entry"  # nothing in the ledger tells of that moment: nobody was looking
CONTEXT: Final = (
    600.0  # seconds around a moment that say how often a feed is usually polled, and at which rate it runs
)
LATE: Final = 6 * 3600.0  # seconds that a feed may take to list something


class Word(StrEnum):
    SEEN = "seen"
    NOT_SEEN = "not seen"
    BLIND = "blind"


class ItemsGone(Exception):
    """The entries are there, but the items in them are dropped by age: the ledger cannot say any more what they held."""


@dataclass(frozen=True, slots=True)
class Question:
    """Whether something of `name` (owner/name) on `forge`, published `at` to `at + span` give or take `within`, was seen. `sources`: which
    ones could have seen it; they say whether we looked. `watched`: it was among what the operator watches when the question was asked.
    """

    forge: str
    name: str
    at: float
    span: float
    within: float
    sources: tuple[str, ...] = ()
    watched: bool = False

    def could_be_in(self, feed: str) -> bool:
        """Whether `feed` may list it."""
        return could_list(feed, self.forge, self.name, watched=self.watched)

    @property
    def moment(self) -> tuple[float, float]:
        return self.at, self.at + self.span

    @property
    def window(self) -> tuple[float, float]:
        return self.at - self.within, self.at + self.span + self.within

    def asks_for(self, item: Item, event: CoverageEvent) -> bool:
        since, until = self.window
        if item.place != place_of(self.forge, self.name):
            return False
        return since <= item.at < until if item.at else _share(event, since, until)


@dataclass(frozen=True, slots=True)
class Seen:
    """In which entry, and what became of it: listed, skipped or fetched. `published` 0 = the feed does not say. `reasons`: for which ones
    that poll skipped what it skipped, "" unless this was.
    """

    entry: int
    written: float
    source: str
    feed: str
    outcome: str
    published: int
    since: float
    until: float
    repairs: str = ""
    reasons: str = ""


@dataclass(frozen=True, slots=True)
class Blind:
    source: str
    feed: str
    reason: str
    since: float
    until: float
    repaired_by: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one feed made of the minute of the question. None: nothing is known of it."""

    source: str
    feed: str
    listed: float
    expected: float | None
    capture: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """`blind` also where something else looked; `readings` of the feeds that looked."""

    word: Word
    seen: tuple[Seen, ...] = ()
    blind: tuple[Blind, ...] = ()
    readings: tuple[Reading, ...] = ()


def concerns(question: Question, event: CoverageEvent) -> bool:
    """Whether an event says anything about the window of the question: by its span, or by what its listing reached over."""
    since, until = question.window
    return _share(event, since, until)


def answer(question: Question, told: Sequence[Told]) -> Answer:
    """Out of all entries around the moment (with their items). Raises ItemsGone where it is not seen or seen, and nobody can tell which."""
    seen = found(question, told)
    if seen:
        return Answer(Word.SEEN, seen=seen)
    events = [each.event for each in told if of_sources(question, each.event)]
    looked = {
        (event.source, event.feed)
        for event in events
        if is_look(event) and event.source in question.sources and _share(event, *question.moment)
        if question.could_be_in(event.feed)
    }
    spans = [
        Blind(i.source, i.feed, i.reason, i.since, i.until, i.repaired_by)
        for i in blind_intervals(events)
        if i.source in question.sources and i.since < question.moment[1] and i.until > question.moment[0]
        if question.could_be_in(i.feed)
    ]
    # a feed that showed everything since the poll before, when it answered again, hid nothing
    dark = [span for span in spans if span.repaired_by != span.source]
    shut = {name for name in looked if any(_covers(span, name) for span in dark)}
    own_shut = {feed for _, feed in shut | {(s.source, s.feed) for s in dark} if is_of(feed, question.name)}
    if not looked or looked == shut or own_shut:
        none = Blind("", "", NO_ENTRY, *question.moment)
        return Answer(Word.BLIND, blind=tuple(spans) or (none,))
    about = (each for each in told if concerns(question, each.event) and of_sources(question, each.event))
    if any(each.had_items and not each.event.items for each in about):
        raise ItemsGone
    return Answer(Word.NOT_SEEN, blind=tuple(spans), readings=_readings(question, events, looked))


def found(question: Question, told: Iterable[Told]) -> tuple[Seen, ...]:
    """Every item that is asked for, the most certain and nearest first."""
    hits = []
    for each in told:
        for item in unpack(each.event.items):
            if question.asks_for(item, each.event):
                event = each.event
                seen = Seen(
                    each.seq,
                    each.at,
                    event.source,
                    event.feed,
                    Outcome(item.outcome).name.lower(),
                    item.at,
                    event.since,
                    event.until,
                    event.repairs,
                    ", ".join(sorted(event.skipped)) if item.outcome is Outcome.SKIPPED else "",
                )
                hits.append((-item.outcome, abs(item.at - question.at), each.seq, seen))
    return tuple(hit[-1] for hit in sorted(hits, key=lambda hit: hit[:-1]))


def of_sources(question: Question, event: CoverageEvent) -> bool:
    """Whether an event is of one of the question's sources, or repairs one."""
    return event.source in question.sources or event.repairs.split(" ")[0] in question.sources


def is_look(event: CoverageEvent) -> bool:
    """Whether it tells of a look at the feed: not of trouble, of another's span, or of what became of documents later."""
    return is_poll(event) or (not event.blind and not event.repairs and event.listed > 0)


def _share(event: CoverageEvent, since: float, until: float) -> bool:
    if event.since < until and event.until >= since:
        return True
    if event.oldest is None or event.newest is None:
        return False
    return event.oldest < until and event.newest >= since


def _covers(span: Blind, name: FeedName) -> bool:
    return span.source == name[0] and span.feed in ("", name[1])


def _readings(
    question: Question, events: Sequence[CoverageEvent], looked: Iterable[FeedName]
) -> tuple[Reading, ...]:
    by_minute = minutes(events, *question.moment)
    return tuple(
        Reading(m.source, m.feed, m.listed, m.expected, m.capture, m.capture_low, m.capture_high)
        for m in by_minute
        if (m.source, m.feed) in looked and m.start <= question.at < m.start + 60.0
    )
