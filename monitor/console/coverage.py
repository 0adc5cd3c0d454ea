"""What the coverage page shows, out of the ledger: how much of each source was seen over time, when it was blind, what is sealed, and
whether one repository was seen at one time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.contracts import CoverageEvent
from monitor.coverage.answer import CONTEXT, Answer, ItemsGone, Question, answer
from monitor.coverage.blind import Interval, blind_intervals
from monitor.coverage.chain import LedgerBroken
from monitor.coverage.estimate import Minute, minutes
from monitor.coverage.reach import readers_of
from monitor.coverage.summary import Row, by_source, telling
from monitor.store import evidence, ledger
from monitor.store.engine import Store

# what may be looked at: its name, how long it is and how wide a bar of the picture, both in seconds
SPANS: Final[Mapping[str, tuple[float, float]]] = {
    "1h": (3600.0, 60.0),
    "6h": (6 * 3600.0, 300.0),
    "24h": (86_400.0, 900.0),
    "7d": (7 * 86_400.0, 2 * 3600.0),
}
_KEEP: Final = 60.0  # seconds that a picture is good for: a day of a firehose takes seconds of CPU
_PART: Final = 86_400.0  # seconds that are reckoned at once: a week of a firehose would be too much to hold
_MOST_BLIND: Final = 200  # intervals that are listed
_OUR_OWN: Final = "bus:"  # sources that are topics of ours


@dataclass(frozen=True, slots=True)
class Lane:
    """One source: everything added up, and its bars in the order of time (None: nothing is told of that time)."""

    source: str
    total: Row
    bars: Sequence[Row | None]
    blind: Sequence[Interval]


@dataclass(frozen=True, slots=True)
class Seen:
    """From `since` to `until`, epoch seconds, in bars of `width` seconds. `hidden`: blind intervals beyond those that `blind` lists."""

    since: float
    until: float
    width: float
    lanes: Sequence[Lane]
    blind: Sequence[Interval]
    hidden: int
    entries: int


@dataclass(frozen=True, slots=True)
class Sealed:
    """The ledger's state. `broken`: what is wrong with it, "" if nothing; `day`, `number`, `digest`, `key`, `until` of the last seal, "" and 0
    before the first; `loose`: entries behind it.
    """

    entries: int
    loose: int
    number: int = 0
    day: str = ""
    until: float = 0.0
    digest: str = ""
    key: str = ""
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """`answer` is None when the items of that time are dropped by age; `asked`: the sources that could have seen it."""

    question: Question
    answer: Answer | None
    asked: Sequence[str]


class Coverage:
    """For the tasks of one event loop. Methods raise StoreBusy and LedgerBroken."""

    def __init__(
        self, store: Store, *, clock: Callable[[], float], is_watched: Callable[[str, str], bool]
    ) -> None:
        """`is_watched`: whether a forge's repository is among what is watched."""
        self._store = store
        self._clock = clock
        self._is_watched = is_watched
        self._kept: dict[str, tuple[float, Seen]] = {}
        self._one = asyncio.Lock()

    async def seen(self, name: str) -> Seen:
        """The span of that name in SPANS, up to now; as it was a minute ago at the most."""
        async with self._one:  # whoever asks meanwhile gets what is being reckoned
            now = self._clock()
            made, known = self._kept.get(name, (0.0, None))
            if known is None or not 0.0 <= now - made < _KEEP:
                known = await self._reckon(name, now)
                self._kept[name] = now, known
            return known

    async def sealed(self) -> Sealed:
        async with self._store.read() as connection:
            head, last = await ledger.head_of(connection), await ledger.last_seal(connection)
        if last is None:
            return Sealed(head.seq, head.seq)
        try:
            seal = last.seal()
        except LedgerBroken as error:
            return Sealed(head.seq, head.seq, broken=str(error))
        return Sealed(head.seq, head.seq - seal.last, seal.number, seal.day, seal.until, last.hash, seal.key)

    async def ask(self, forge: str, name: str, at: float, *, span: float, within: float) -> Answered:
        """Whether something of a repository that was published from `at` to `at + span`, give or take `within` seconds, was seen."""
        question = Question(forge, name, at, span, within, watched=self._is_watched(forge, name))
        async with self._store.read() as connection:
            told = await evidence.around(connection, question)
        known = readers_of(forge, (each.event.source for each in told))
        question = replace(question, sources=known)
        try:
            return Answered(question, answer(question, told), known)
        except ItemsGone:
            return Answered(question, None, known)

    async def _reckon(self, name: str, now: float) -> Seen:
        length, width = SPANS[name]
        until = now // 60.0 * 60.0
        since = (until - length) // width * width
        found: list[Minute] = []
        blind: list[Interval] = []
        entries, part = 0, since
        while part < until:
            end = min(part + _PART, until)
            async with self._store.read() as connection:
                told = ledger.overlapping(connection, part - CONTEXT, end + CONTEXT)
                events = [entry.told().event async for entry in told]
            events = [event for event in events if not event.source.startswith(_OUR_OWN)]
            entries += sum(part <= event.until < end for event in events)
            more, spans = await asyncio.to_thread(_part, events, part, end)
            found += more
            blind += spans
            part = end
        return await asyncio.to_thread(_together, found, blind, since, until, width, entries)


def _part(events: Sequence[CoverageEvent], since: float, until: float) -> tuple[list[Minute], list[Interval]]:
    """The minutes of a part, and the blind spans cut to it."""
    spans = [
        replace(span, since=max(span.since, since), until=min(span.until, until))
        for span in blind_intervals(events)
        if span.since < until and span.until > since
    ]
    return telling(minutes(events, since, until)), spans


def _together(
    found: Sequence[Minute], blind: Sequence[Interval], since: float, until: float, width: float, entries: int
) -> Seen:
    joined = _joined(blind)
    names = sorted({minute.source for minute in found} | {span.source for span in joined})
    totals = by_source(found)
    count = max(1, round((until - since) / width + 0.499))
    cells: dict[tuple[str, int], list[Minute]] = {}
    for minute in found:
        cells.setdefault((minute.source, int((minute.start - since) // width)), []).append(minute)
    bars = {key: by_source(cell)[key[0]] for key, cell in cells.items()}
    lanes = [
        Lane(
            name,
            totals[name],
            [bars.get((name, number)) for number in range(count)],
            [span for span in joined if span.source == name],
        )
        for name in names
        if name in totals
    ]
    newest = sorted(joined, key=lambda span: (-span.until, span.source, span.feed))
    return Seen(since, until, width, lanes, newest[:_MOST_BLIND], max(0, len(newest) - _MOST_BLIND), entries)


def _joined(spans: Iterable[Interval]) -> list[Interval]:
    """What was cut at the border of two parts made one again."""
    found: list[Interval] = []
    for span in sorted(spans, key=lambda each: (each.source, each.feed, each.reason, each.since)):
        last = found[-1] if found else None
        if last and _kind(last) == _kind(span) and span.since <= last.until + 1.0:
            found[-1] = replace(last, until=max(last.until, span.until))
        else:
            found.append(span)
    return found


def _kind(span: Interval) -> tuple[str, str, str, str]:
    return span.source, span.feed, span.reason, span.repaired_by
