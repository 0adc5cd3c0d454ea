from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from alerting_samples import NOON, finding, open_store, sighting
from monitor.bus.base import Handled, Message, Record, RetryableError
from monitor.bus.embedded import EmbeddedBus
from monitor.contracts import DOCUMENTS, FINDINGS, TOPICS, Document
from monitor.replay import mark as marks
from monitor.replay.alone import Alone
from monitor.replay.mark import Mark
from monitor.replay.rescan import Rescan
from monitor.replay.run import Progress, Replay
from monitor.store.engine import Store

FAR = 1e12  # bytes a second: no limit


class Judge:
    """Writes down what it gets; busy as often as `busy` says."""

    def __init__(self, busy: int = 0) -> None:
        self.kept_ones: list[bytes] = []
        self.found_ones = 0
        self.busy = busy

    async def kept(self, records: Sequence[Record]) -> Counter[str]:
        if self.busy:
            self.busy -= 1
            raise RetryableError("busy")
        self.kept_ones += [record.value for record in records]
        return Counter(unchanged=len(records))

    async def found(self, records: Sequence[Record]) -> Counter[str]:
        self.found_ones += len(records)
        return Counter(opened=len(records))


class Matcher:
    def __init__(self) -> None:
        self.scanned: list[str] = []

    async def handle(self, records: Sequence[Record]) -> Handled:
        self.scanned += [Document.read(record).id for record in records]
        return Handled([finding(str(n)).message() for n in range(len(records))])


class World:
    def __init__(self, bus: EmbeddedBus, store: Store, alone: Alone) -> None:
        self.bus, self.store, self.alone = bus, store, alone
        self.judge, self.matcher = Judge(), Matcher()
        self.slept: list[float] = []

    async def send(self, messages: Sequence[Message]) -> None:
        producer = self.bus.producer()
        await producer.send(messages)
        await producer.close()

    async def documents(self, count: int, size: int = 10) -> None:
        made = [Document("git", f"{n}", b"x" * size, NOON).message() for n in range(count)]
        await self.send(made)

    def replay(self, *, rules: bool = True, rate: float = FAR, keep: bool = True) -> Replay:
        async def sleep(stop: asyncio.Event, seconds: float) -> bool:
            self.slept.append(seconds)
            return stop.is_set()

        return Replay(
            self.bus,
            self.store,
            self.judge,
            Rescan(self.matcher.handle) if rules else None,
            rate=rate,
            alone=self.alone if keep else None,
            sleep=sleep,
            timer=lambda: 0.0,
        )

    async def stored(self) -> Mark | None:
        async with self.store.read() as connection:
            return await marks.load(connection)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    bus = EmbeddedBus(tmp_path / "bus", clock=lambda: NOON)
    await bus.start()
    await bus.ensure_topics(TOPICS)
    store = await open_store(tmp_path)
    async with Alone.held(store, clock=lambda: NOON, holder="test", seconds=60) as alone:
        yield World(bus, store, alone)
    await store.close()
    await bus.close()


async def begin(replay: Replay) -> Mark:
    return await replay.begin(NOON - 1, now=NOON, watch="digest")


async def test_findings_sightings_and_documents_are_read_once_to_their_end(world: World) -> None:
    await world.documents(250)
    await world.send([finding("a").message(), sighting("ab", repository="x/y").message()])
    replay = world.replay()
    told: list[Progress] = []
    mark = await replay.run(await begin(replay), asyncio.Event(), told.append)
    assert sorted(world.matcher.scanned, key=int) == [str(n) for n in range(250)]
    assert (len(world.judge.kept_ones), world.judge.found_ones) == (2, 250)
    assert (mark.left, mark.counts) == (0, {"unchanged": 2, "opened": 250, "scanned": 250})
    assert await world.stored() is None
    assert (told[-1].done, told[-1].total) == (252, 252)


async def test_nothing_goes_to_the_bus_and_no_group_is_made(world: World) -> None:
    await world.documents(5)
    before = await world.bus.end_offsets([topic.name for topic in TOPICS])
    replay = world.replay()
    await replay.run(await begin(replay), asyncio.Event())
    assert await world.bus.end_offsets([topic.name for topic in TOPICS]) == before
    lag = await world.bus.lag("match", [DOCUMENTS])
    assert sum(each.records for each in lag.values()) == 5


async def test_who_is_stopped_goes_on_where_he_was(world: World) -> None:
    await world.documents(1000)
    stop = asyncio.Event()
    replay = world.replay()
    mark = await replay.run(await begin(replay), stop, lambda _: stop.set())
    assert 0 < mark.left < 1000
    kept = await world.stored()
    assert kept == mark
    again = world.replay()
    assert kept is not None
    done = await again.run(kept, asyncio.Event())
    assert done.left == 0
    assert sorted(world.matcher.scanned, key=int) == [str(n) for n in range(1000)]
    assert done.counts["scanned"] == 1000


async def test_what_comes_after_the_beginning_is_the_services_to_scan(world: World) -> None:
    await world.documents(3)
    replay = world.replay()
    mark = await begin(replay)
    await world.documents(7)
    await replay.run(mark, asyncio.Event())
    assert len(world.matcher.scanned) == 3


async def test_without_rules_no_document_is_read(world: World) -> None:
    await world.documents(3)
    await world.send([finding("a").message()])
    replay = world.replay(rules=False)
    mark = await replay.run(await begin(replay), asyncio.Event())
    assert (world.matcher.scanned, mark.counts, mark.rules) == ([], {"unchanged": 1}, False)


async def test_a_dry_run_leaves_no_mark(world: World) -> None:
    await world.documents(1000)
    stop = asyncio.Event()
    replay = world.replay(keep=False)
    await replay.run(await begin(replay), stop, lambda _: stop.set())
    assert await world.stored() is None


async def test_it_keeps_to_its_rate(world: World) -> None:
    await world.documents(40, size=1000)
    replay = world.replay(rate=10_000)
    await replay.run(await begin(replay), asyncio.Event())
    assert world.slept[-1] == pytest.approx(4.0)  # forty thousand bytes took no time on this clock


async def test_a_busy_store_is_asked_again(world: World) -> None:
    world.judge = Judge(busy=2)
    await world.send([finding("a").message()])
    replay = world.replay()
    await replay.run(await begin(replay), asyncio.Event())
    assert len(world.judge.kept_ones) == 1
    assert world.slept == [1.0, 1.0]


async def test_what_retention_takes_meanwhile_is_counted(world: World) -> None:
    await world.send([finding("a").message()])
    replay = world.replay()
    mark = await begin(replay)
    spans = [marks.Span(s.topic, s.partition, s.next, s.end + 4) if s.left else s for s in mark.spans]
    done = await replay.run(Mark(mark.since, mark.begun_at, "d", True, spans), asyncio.Event())
    assert (done.counts["lost"], done.left) == (4, 0)


async def test_only_what_was_appended_since_is_read(world: World) -> None:
    await world.send([finding("a").message()])
    mark = await world.replay().begin(NOON + 1, now=NOON + 2, watch="digest")
    assert mark.left == 0
    assert FINDINGS in {span.topic for span in mark.spans}
