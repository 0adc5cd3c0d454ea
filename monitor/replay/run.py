"""A replay from its first record to its last: what is on the bus since a time, a bit at a time, at a bounded rate, stoppable anywhere.

First the findings and sightings that are kept, judged by today's watch list (no text is needed for that), then the documents, scanned by
today's rules. Nothing is produced, no group's position moves. Where it stands is stored after each bit, when what was found in it is
stored: who is stopped goes on there, or reads a bit twice, which changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from monitor.aio import sleep_until
from monitor.bus.base import Bus, Record, RetryableError
from monitor.contracts import DOCUMENTS, FINDINGS, SIGHTINGS
from monitor.replay import mark as marks
from monitor.replay.alone import Alone
from monitor.replay.mark import Mark
from monitor.replay.reading import spans_since
from monitor.replay.rescan import Rescan
from monitor.store.engine import Store

_BIT: Final = 100  # records at a time
_PAUSE: Final = 1.0  # seconds, when the store is busy
MIB: Final = 1024.0**2


class Judge(Protocol):
    """What becomes of a finding that is looked at again. Counts are by words for people. Raises RetryableError: nothing was done."""

    async def kept(self, records: Sequence[Record]) -> Counter[str]:
        """Findings and sightings that alerting has had before."""

    async def found(self, records: Sequence[Record]) -> Counter[str]:
        """What a second look at documents found."""


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` and `total` are records, `seconds` what is left at this pace (None = not known yet)."""

    topic: str
    done: int
    total: int
    seconds: float | None
    counts: Counter[str]


class Replay:
    """For one event loop."""

    def __init__(
        self,
        bus: Bus,
        store: Store,
        judge: Judge,
        rescan: Rescan | None,
        *,
        rate: float,
        alone: Alone | None,
        sleep: Callable[[asyncio.Event, float], Awaitable[bool]] = sleep_until,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        """`rescan`: None leaves documents out. `rate`: bytes of documents a second at most. `alone`: None for a dry run, of which nothing is
        kept.
        """
        self._bus = bus
        self._store = store
        self._judge = judge
        self._rescan = rescan
        self._rate = rate
        self._alone = alone
        self._sleep = sleep
        self._timer = timer

    async def begin(self, since: float, *, now: float, watch: str) -> Mark:
        """From `since` to what is there now. Raises BusError."""
        topics = [FINDINGS, SIGHTINGS, *([DOCUMENTS] if self._rescan else [])]
        spans = [span for topic in topics for span in await spans_since(self._bus, topic, since)]
        return Mark(since, now, watch, rules=self._rescan is not None, spans=spans)

    async def run(
        self, mark: Mark, stop: asyncio.Event, on_progress: Callable[[Progress], None] = lambda _: None
    ) -> Mark:
        """Until its end, or `stop`. Returns where it stands. Raises BusError (AnotherReplay), StoreBusy, PoolFailed."""
        begun, read, total = self._timer(), 0, mark.left
        counts = Counter(mark.counts)
        spans = list(mark.spans)
        for number, first in enumerate(spans):
            while spans[number].left and not stop.is_set():
                span = spans[number]
                limit = min(_BIT, span.left)
                records = [
                    r for r in await self._bus.read(span.place, span.next, limit) if r.offset < span.end
                ]
                if not records:  # retention took the rest of it
                    counts["lost"] += span.left
                    spans[number] = span.after(span.end)
                    break
                counts["lost"] += records[0].offset - span.next
                counts += await self._judged(first.topic, records, stop)
                spans[number] = span.after(records[-1].offset)
                mark = replace(mark, spans=tuple(spans), counts=+counts)
                if self._alone is not None:
                    async with self._store.write() as connection:
                        await self._alone.renew(connection)
                        await marks.save(connection, mark)
                read += sum(len(record.value) for record in records) if first.topic == DOCUMENTS else 0
                done, seconds = total - mark.left, self._timer() - begun
                left = seconds / done * mark.left if done else None
                on_progress(Progress(first.topic, done, total, left, Counter(counts)))
                if (ahead := read / self._rate - seconds) > 0:
                    await self._sleep(stop, ahead)
        mark = replace(mark, spans=tuple(spans), counts=+counts)
        if self._alone is not None and not mark.left:
            async with self._store.write() as connection:
                await marks.clear(connection)
        return mark

    async def _judged(self, topic: str, records: Sequence[Record], stop: asyncio.Event) -> Counter[str]:
        counts: Counter[str] = Counter()
        look = self._judge.kept
        if topic == DOCUMENTS and self._rescan is not None:
            records, counts = await self._rescan.found(records)
            look = self._judge.found
        while True:
            try:
                return counts + await look(records)
            except RetryableError:
                if await self._sleep(stop, _PAUSE):
                    raise
