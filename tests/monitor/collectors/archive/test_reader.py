from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from archived import NOON, comment, event, packed, push
from collecting import Bench
from monitor.collectors.archive.agenda import Job
from monitor.collectors.archive.fetch import ArchivePlace
from monitor.collectors.archive.hour import BadHour, HourLimits, hour_of
from monitor.collectors.archive.reader import READ_BY, HourReader
from monitor.collectors.archive.sieve import WHOLE, Policy
from monitor.collectors.base import SourceContext, Stopping
from monitor.collectors.context import Context
from monitor.collectors.github.event import parse
from monitor.collectors.upstream import Unavailable
from monitor.watching import Watching


class Place:
    """Gives `body` in pieces, and breaks off behind `upto` bytes."""

    name = "mirror"

    def __init__(self, body: bytes, upto: int | None = None) -> None:
        self.body = body
        self.upto = upto

    @asynccontextmanager
    async def file(self, context: SourceContext, hour: int) -> AsyncIterator[AsyncIterator[bytes]]:
        yield self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        body = self.body if self.upto is None else self.body[: self.upto]
        for at in range(0, len(body), 700):
            yield body[at : at + 700]
        if self.upto is not None:
            raise Unavailable("truncated")


class Reading:
    """A reader with everything around it, and one job."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.saved: list[tuple[int, int]] = []  # line, listed
        self.context = Context(
            "gharchive",
            stop=asyncio.Event(),
            state=bench.state,
            producer=bench.producer,
            metrics=bench.metrics,
            clock=bench.time,
            sleep=bench.time.sleep,
        )
        self.job = Job(hour_of(NOON), whole=True)
        self.job.begin([])
        self.reader = HourReader(
            Policy("github.com"),
            Watching(organisations=("acme",)),
            limits=HourLimits(line=5000),
            pace=100.0,
            save=self.save,
        )

    async def save(self, context: SourceContext) -> None:
        self.saved.append((self.job.line, self.job.tallies[WHOLE].listed))

    async def read(self, place: Place) -> int:
        return await self.reader.read(self.context, self.job, {}, cast("ArchivePlace", place), None)


def many(count: int, word: str = "text") -> Sequence[Any]:
    return [comment(f"{word} {n:05}") for n in range(count)]


async def test_a_broken_read_stands_at_a_line_with_the_counts_of_that_line() -> None:
    body = packed([*many(700), *([push("a/b")] * 300), *many(700, "more")], member=50)
    async with Bench() as bench:
        made = Reading(bench)
        with pytest.raises(Unavailable):
            await made.read(Place(body, len(body) * 2 // 3))
        assert made.saved == [(500, 500)]
        assert made.job.tallies[WHOLE].listed == 500  # although more was looked at
        assert await made.read(Place(body)) == 1700
        tally = made.job.tallies[WHOLE]
        assert (tally.listed, tally.fetched, tally.known, dict(tally.skipped)) == (
            1700,
            1400,
            0,
            {"diffs_off": 300},
        )
        assert len(bench.producer.documents) == 1400
        assert len({d.id for d in bench.producer.documents}) == 1400


async def test_many_lines_without_text_are_dealt_with_now_and_then() -> None:
    body = packed([push("a/b")] * 45_000, member=5000)
    async with Bench() as bench:
        made = Reading(bench)
        assert await made.read(Place(body)) == 45_000
        assert made.saved == [(20_000, 20_000), (40_000, 40_000)]
        assert bench.producer.messages == []
        assert bench.time.slept == [200.0, 200.0]  # a hundred lines a second


async def test_large_texts_are_handed_over_in_small_numbers() -> None:
    body = packed([comment("x" * 4000 + str(n)) for n in range(1100)])
    async with Bench() as bench:
        made = Reading(bench)
        made.reader._limits = HourLimits(line=5_000_000)
        await made.read(Place(body))
        assert [line for line, _ in made.saved] == [500, 1000]
    body = packed([comment("x" * 1_000_000 + str(n)) for n in range(9)])
    async with Bench() as bench:
        made = Reading(bench)
        made.reader._limits = HourLimits(line=5_000_000)
        await made.read(Place(body))
        assert [line for line, _ in made.saved] == [5]


async def test_an_event_that_a_file_holds_twice_is_read_once() -> None:
    twice = comment("twice")
    async with Bench() as bench:
        made = Reading(bench)
        await made.read(Place(packed([twice, twice])))
        tally = made.job.tallies[WHOLE]
        assert (tally.listed, tally.fetched, tally.known) == (2, 1, 1)
        assert len(bench.producer.documents) == 1


async def test_only_what_was_read_is_marked_as_read() -> None:
    events = [
        comment("one"),
        push("acme/app"),
        event("PullRequestEvent", "acme/app", {"pull_request": {"title": ""}}),
    ]
    keys = [parsed.key for raw in events if (parsed := parse(raw))]
    async with Bench() as bench:
        await Reading(bench).read(Place(packed(events)))
        assert await bench.state.unseen(READ_BY, keys) == set(keys[1:])


@pytest.mark.parametrize("other", [many(1300, "tixt"), many(300), [*many(499), comment("x"), *many(800)]])
async def test_another_file_is_not_gone_on_with(other: Sequence[Any]) -> None:
    body = packed(many(900))
    async with Bench() as bench:
        made = Reading(bench)
        with pytest.raises(Unavailable):
            await made.read(Place(body, len(body) * 4 // 5))
        assert made.job.line == 500
        with pytest.raises(BadHour, match="changed"):
            await made.read(Place(packed(other)))


async def test_it_stops_between_two_batches_when_told_to() -> None:
    body = packed(many(1700))
    async with Bench() as bench:
        made = Reading(bench)
        bench.time.until = bench.time.now + 6  # the second batch begins five seconds after the first
        with pytest.raises(Stopping):
            await made.read(Place(body))
        assert made.saved == [(500, 500), (1000, 1000)]
        bench.time.until = float("inf")
        made.context.stop.clear()
        await made.read(Place(body))
        assert len({d.id for d in bench.producer.documents}) == len(bench.producer.documents) == 1700


async def test_what_cannot_be_read_is_counted() -> None:
    events = [comment("one"), comment("x" * 6000), "no event", comment("two")]
    async with Bench() as bench:
        made = Reading(bench)
        assert await made.read(Place(packed(events))) == 4
        for reason in ("bad_event", "line_too_long"):
            assert bench.metric("leakstream_dropped_total", stage="collect", reason=reason) == 1
        assert made.job.tallies[WHOLE].listed == 2
