"""What every bus must do, as tests. A test module subclasses `BusContract` and has a fixture `world`; the embedded bus and
Kafka run the same.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import pytest

from monitor.aio import spawn
from monitor.bus.base import (
    Backpressure,
    Bus,
    BusError,
    Consumer,
    Fenced,
    Lost,
    Message,
    Record,
    RecordTooLarge,
    TopicPartition,
    TopicSpec,
    UnknownTopic,
)
from monitor.replay.reading import Span, spans_since
from monitor.sizes import MAX_RECORD_BYTES

PATIENCE = 90.0  # seconds until a test gives up; nothing waits that long when it works


class World(Protocol):
    """One bus that outlives its users, and the ways of harming it."""

    async def bus(self) -> Bus:
        """Another started handle, as another process would have. Closed by the world."""

    async def topic(self, *, partitions: int = 4) -> str:
        """A new, empty topic."""

    async def die(self, consumer: Consumer) -> None:
        """The member stops as if its process had been killed: no leaving, no more heartbeats."""

    async def forget(self, place: TopicPartition, before: int) -> None:
        """Retention takes the records of `place` below the offset `before`, which begins a later call of `send`."""

    def choked(self, topic: str) -> AbstractAsyncContextManager[None]:
        """Within, the bus takes nothing for `topic`."""


def numbered(topic: str, count: int, *, keys: int = 8, start: int = 0) -> list[Message]:
    """Messages whose value is their number; number i has the key i % keys."""
    return [Message(topic, b"key-%d" % (i % keys), b"%d" % i) for i in range(start, start + count)]


async def read(
    consumer: Consumer, count: int, *, max_records: int = 100, commit: bool = False
) -> list[Record]:
    """Exactly `count` records, or a failure."""
    records: list[Record] = []
    deadline = time.monotonic() + PATIENCE
    while len(records) < count:
        assert time.monotonic() < deadline, f"{len(records)} of {count} records came"
        batch = await consumer.poll(max_records=max_records, wait=0.2)
        assert not batch.lost
        assert len(batch.records) <= max_records
        records += batch.records
        if commit and batch.records:
            await consumer.commit(after(batch.records))
    assert len(records) == count
    return records


async def nothing(consumer: Consumer) -> None:
    batch = await consumer.poll(max_records=100, wait=0.3)
    assert not batch.records
    assert not batch.lost


def after(records: Sequence[Record]) -> dict[TopicPartition, int]:
    return {record.place: record.offset + 1 for record in records}


def values(records: Sequence[Record]) -> list[int]:
    return sorted(int(record.value) for record in records)


async def until(true: Callable[[], bool], *consumers: Consumer) -> None:
    """Wait; meanwhile poll the consumers a little, as a live member does (their records are dropped, not committed)."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        for consumer in consumers:
            await consumer.poll(max_records=1, wait=0.02)
        await asyncio.sleep(0.02)


async def settled(topic: str, partitions: int, *consumers: Consumer) -> None:
    """Wait until the members share the partitions evenly, each owned once."""
    most = -(-partitions // len(consumers))
    await until(
        lambda: (
            sum(len(c.assigned) for c in consumers) == partitions
            and len(frozenset().union(*(c.assigned for c in consumers))) == partitions
            and all(len(c.assigned) <= most for c in consumers)
        ),
        *consumers,
    )
    assert all(place.topic == topic for c in consumers for place in c.assigned)


class BusContract:
    # -- records

    async def test_a_record_comes_back_as_it_was_sent(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        value = bytes(range(256)) * 8
        headers = {"v": b"1.0", "empty": b"", "raw": b"\x00\xff\n", "long": b"x" * 70_000, "näme": b"n"}
        before = time.time()
        await bus.producer().send([Message(topic, b"\x00key\xff", value, headers)])
        (record,) = await read(await bus.consumer("g", [topic]), 1)
        assert (record.topic, record.key, record.value) == (topic, b"\x00key\xff", value)
        assert dict(record.headers) == headers
        assert before - 1 <= record.appended_at <= time.time() + 1

    async def test_empty_values_and_keys_are_records_too(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        await bus.producer().send([Message(topic, b"", b"")])
        (record,) = await read(await bus.consumer("g", [topic]), 1)
        assert (record.key, record.value, dict(record.headers)) == (b"", b"", {})

    async def test_the_largest_record_passes(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        value = os.urandom(MAX_RECORD_BYTES)
        await bus.producer().send([Message(topic, b"k", value)])
        (record,) = await read(await bus.consumer("g", [topic]), 1)
        assert record.value == value

    async def test_a_larger_record_is_refused_and_nothing_of_its_call_is_written(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        producer = bus.producer()
        with pytest.raises(RecordTooLarge):
            await producer.send(
                [Message(topic, b"k", b"1"), Message(topic, b"k", bytes(MAX_RECORD_BYTES + 1))]
            )
        await producer.send([Message(topic, b"k", b"2")])
        assert values(await read(await bus.consumer("g", [topic]), 1)) == [2]

    async def test_records_of_a_key_stay_in_order_in_one_partition(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        producer = bus.producer()
        for start in range(0, 300, 50):
            await producer.send(numbered(topic, 50, start=start))
        by_key = defaultdict(list)
        for record in await read(await bus.consumer("g", [topic]), 300, max_records=7):
            by_key[record.key].append((record.partition, record.offset, int(record.value)))
        assert len(by_key) == 8
        for found in by_key.values():
            assert len({partition for partition, _, _ in found}) == 1
            assert found == sorted(found)
            assert [value for _, _, value in found] == sorted(value for _, _, value in found)
        assert len({partition for found in by_key.values() for partition, _, _ in found}) > 1

    async def test_an_unknown_topic_is_told(self, world: World) -> None:
        bus = await world.bus()
        name = f"never-made-{os.urandom(4).hex()}"
        with pytest.raises(UnknownTopic):
            await bus.producer().send([Message(name, b"k", b"v")])
        with pytest.raises(UnknownTopic):
            await bus.consumer("g", [name])
        with pytest.raises(UnknownTopic):
            await bus.end_offsets([name])

    async def test_many_sends_at_once_all_arrive(self, world: World) -> None:
        one, other, topic = await world.bus(), await world.bus(), await world.topic()
        producers = [one.producer(), other.producer()]
        await asyncio.gather(
            *(producers[i % 2].send(numbered(topic, 10, start=i * 10)) for i in range(30)),
        )
        records = await read(await one.consumer("g", [topic]), 300)
        assert values(records) == list(range(300))
        assert len({(record.partition, record.offset) for record in records}) == 300

    async def test_one_call_may_name_several_topics(self, world: World) -> None:
        bus, one, other = await world.bus(), await world.topic(), await world.topic()
        await bus.producer().send([*numbered(one, 5), *numbered(other, 5, start=5)])
        records = await read(await bus.consumer("g", [one, other]), 10)
        assert values([r for r in records if r.topic == one]) == list(range(5))
        assert values([r for r in records if r.topic == other]) == list(range(5, 10))

    # -- positions

    async def test_each_group_begins_at_the_earliest_record(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        await bus.producer().send(numbered(topic, 20))
        for group in ("one", "two"):
            assert values(await read(await bus.consumer(group, [topic]), 20)) == list(range(20))

    async def test_what_was_not_committed_comes_again(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic(partitions=1)
        await bus.producer().send(numbered(topic, 20))
        first = await bus.consumer("g", [topic])
        records = await read(first, 20)
        await first.commit({records[0].place: records[11].offset + 1})
        await first.close()
        assert values(await read(await bus.consumer("g", [topic]), 8)) == list(range(12, 20))

    async def test_what_was_committed_does_not(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        await bus.producer().send(numbered(topic, 20))
        first = await bus.consumer("g", [topic])
        await first.commit(after(await read(first, 20)))
        await first.close()
        second = await (await world.bus()).consumer("g", [topic])
        await nothing(second)
        await bus.producer().send(numbered(topic, 1, start=20))
        assert values(await read(second, 1)) == [20]

    async def test_rewind_reads_again_from_the_commit(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic(partitions=1)
        await bus.producer().send(numbered(topic, 10))
        consumer = await bus.consumer("g", [topic])
        records = await read(consumer, 10)
        consumer.rewind([records[0].place])
        assert values(await read(consumer, 10)) == list(range(10))
        await consumer.commit({records[0].place: records[3].offset + 1})
        consumer.rewind([records[0].place])
        assert values(await read(consumer, 6)) == list(range(4, 10))

    async def test_a_paused_partition_waits_and_the_others_go_on(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        await bus.producer().send(numbered(topic, 40))
        consumer = await bus.consumer("g", [topic])
        records = await read(consumer, 40)
        place = records[0].place
        behind = [record for record in records if record.place == place]
        consumer.pause([place])
        consumer.rewind(list(consumer.assigned))
        others = await read(consumer, 40 - len(behind))
        assert place not in {record.place for record in others}
        await nothing(consumer)
        consumer.resume([place])
        assert await read(consumer, len(behind)) == behind

    async def test_an_empty_poll_returns_and_a_waiting_one_wakes(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        consumer = await bus.consumer("g", [topic])
        await nothing(consumer)
        waiting = spawn(consumer.poll(max_records=10, wait=PATIENCE), name="waiting")
        await asyncio.sleep(0.1)
        await (await world.bus()).producer().send(numbered(topic, 1))
        async with asyncio.timeout(PATIENCE / 2):
            assert values((await waiting).records) == [0]

    async def test_a_cancelled_poll_skips_nothing(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic()
        consumer = await bus.consumer("g", [topic])
        for number in range(5):
            waiting = spawn(consumer.poll(max_records=10, wait=PATIENCE), name="waiting")
            await asyncio.sleep(0.05)
            waiting.cancel()
            await bus.producer().send(numbered(topic, 1, start=number))
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert values(await read(consumer, 1)) == [number]

    async def test_lag_and_ends(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic(partitions=1)
        place = TopicPartition(topic, 0)
        assert await bus.end_offsets([topic]) == {place: 0}
        await bus.producer().send(numbered(topic, 10))
        assert await bus.end_offsets([topic]) == {place: 10}
        assert (await bus.lag("never joined", [topic]))[place].records == 10
        consumer = await bus.consumer("g", [topic])
        await read(consumer, 10)
        await consumer.commit({place: 4})
        lag = (await bus.lag("g", [topic]))[place]
        assert (lag.position, lag.end, lag.records) == (4, 10, 6)
        assert 0 <= lag.oldest_unread_seconds < PATIENCE
        await consumer.commit({place: 10})
        lag = (await bus.lag("g", [topic]))[place]
        assert (lag.records, lag.oldest_unread_seconds) == (0, 0.0)

    async def test_records_can_be_looked_at_without_a_group(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic(partitions=1)
        await bus.producer().send(numbered(topic, 5))
        await bus.producer().send(numbered(topic, 5, start=5))
        place = TopicPartition(topic, 0)
        assert values(await bus.read(place, 3, 4)) == [3, 4, 5, 6]
        await world.forget(place, 5)
        assert values(await bus.read(place, 0, 100)) == [5, 6, 7, 8, 9]
        assert list(await bus.read(place, 10, 100)) == []

    async def test_a_replay_finds_the_records_since_a_time(self, world: World) -> None:
        bus, topic = await world.bus(), await world.topic(partitions=1)
        for start in (0, 3, 6):
            await bus.producer().send(numbered(topic, 3, start=start))
            await asyncio.sleep(0.02)  # a bus's clock may tick in milliseconds
        records = await bus.read(TopicPartition(topic, 0), 0, 9)
        for at, first in ((0.0, 0), (records[3].appended_at, 3), (records[8].appended_at + 60, 9)):
            assert await spans_since(bus, topic, at) == [Span(topic, 0, first, 9)]

    # -- groups

    async def test_members_share_the_partitions(self, world: World) -> None:
        topic = await world.topic()
        bus, other = await world.bus(), await world.bus()
        one = await bus.consumer("g", [topic])
        assert len(one.assigned) == 4 or not one.assigned
        two = await other.consumer("g", [topic])
        await settled(topic, 4, one, two)
        await bus.producer().send(numbered(topic, 80))
        mine, yours = [], []
        await self._drain(80, (one, mine), (two, yours))
        assert values(mine + yours) == list(range(80))
        assert mine
        assert yours

    async def test_more_members_than_partitions(self, world: World) -> None:
        topic = await world.topic(partitions=2)
        members = [await (await world.bus()).consumer("g", [topic]) for _ in range(3)]
        await settled(topic, 2, *members)
        (spare,) = (m for m in members if not m.assigned)
        await nothing(spare)

    async def test_close_hands_over_at_once(self, world: World) -> None:
        topic = await world.topic()
        bus = await world.bus()
        await bus.producer().send(numbered(topic, 40))
        one, two = await bus.consumer("g", [topic]), await (await world.bus()).consumer("g", [topic])
        await settled(topic, 4, one, two)
        await one.close()
        await one.close()
        with pytest.raises(BusError):
            await one.poll(max_records=1, wait=0.1)
        await until(lambda: len(two.assigned) == 4)
        two.rewind(list(two.assigned))
        assert values(await read(two, 40)) == list(range(40))

    async def test_a_dead_member_is_replaced_and_its_commit_refused(self, world: World) -> None:
        topic = await world.topic(partitions=2)
        bus = await world.bus()
        await bus.producer().send(numbered(topic, 40))
        victim = await bus.consumer("g", [topic])
        await settled(topic, 2, victim)
        victim.rewind(list(victim.assigned))
        records = await read(victim, 40)
        place = records[0].place
        done = [record for record in records if record.place == place][:5]
        await victim.commit(after(done))
        await world.die(victim)
        heir = await (await world.bus()).consumer("g", [topic])
        await until(lambda: len(heir.assigned) == 2)
        with pytest.raises(Fenced):
            await victim.commit(after(records))
        heir.rewind(list(heir.assigned))
        left = set(range(40)) - set(values(done))
        assert values(await read(heir, 40 - len(done))) == sorted(left)

    async def test_a_refused_commit_stores_nothing(self, world: World) -> None:
        topic = await world.topic(partitions=2)
        bus = await world.bus()
        await bus.producer().send(numbered(topic, 40))
        one = await bus.consumer("g", [topic])
        await settled(topic, 2, one)
        one.rewind(list(one.assigned))
        offsets = after(await read(one, 40))
        two = await (await world.bus()).consumer("g", [topic])
        await settled(topic, 2, one, two)
        with pytest.raises(Fenced):
            await one.commit(offsets)
        assert {lag.position for lag in (await bus.lag("g", [topic])).values()} == {0}

    async def test_work_under_way_is_committed_before_a_partition_moves(self, world: World) -> None:
        topic = await world.topic(partitions=2)
        bus = await world.bus()
        await bus.producer().send(numbered(topic, 40))
        asked: list[TopicPartition] = []
        under_way: dict[TopicPartition, int] = {}

        async def on_revoke(places: Sequence[TopicPartition]) -> None:
            asked.extend(places)
            await asyncio.sleep(0.2)
            await one.commit({place: under_way[place] for place in places})

        one = await bus.consumer("g", [topic], on_revoke=on_revoke)
        await settled(topic, 2, one)
        one.rewind(list(one.assigned))
        records = await read(one, 40)
        under_way.update(after(records))
        two = await (await world.bus()).consumer("g", [topic])
        await settled(topic, 2, one, two)
        assert asked
        assert set(asked) >= set(two.assigned)
        two.rewind(list(two.assigned))
        await nothing(two)  # everything that moved had been committed

    # -- losing and filling

    async def test_what_retention_took_is_told_once(self, world: World) -> None:
        topic = await world.topic(partitions=1)
        bus, place = await world.bus(), TopicPartition(topic, 0)
        consumer = await bus.consumer("g", [topic])
        await bus.producer().send(numbered(topic, 15))
        await bus.producer().send(numbered(topic, 5, start=15))
        await world.forget(place, 15)
        records: list[Record] = []
        lost: list[Lost] = []
        deadline = time.monotonic() + PATIENCE
        while len(records) < 5 and time.monotonic() < deadline:
            batch = await consumer.poll(max_records=100, wait=0.2)
            records += batch.records
            lost += batch.lost
        assert lost == [Lost(place, 0, 14)]
        assert values(records) == [15, 16, 17, 18, 19]
        await consumer.commit({place: 15})
        await consumer.close()
        again = await bus.consumer("g", [topic])
        assert values(await read(again, 5)) == [15, 16, 17, 18, 19]  # and nothing lost

    async def test_everything_lost_is_told_too(self, world: World) -> None:
        topic = await world.topic(partitions=1)
        bus, place = await world.bus(), TopicPartition(topic, 0)
        consumer = await bus.consumer("g", [topic])
        await bus.producer().send(numbered(topic, 20))
        await world.forget(place, 20)
        lost: list[Lost] = []
        deadline = time.monotonic() + PATIENCE
        while not lost and time.monotonic() < deadline:
            batch = await consumer.poll(max_records=100, wait=0.2)
            assert not batch.records
            lost += batch.lost
        assert lost == [Lost(place, 0, 19)]
        await bus.producer().send(numbered(topic, 1, start=20))
        assert values(await read(consumer, 1)) == [20]

    async def test_a_first_start_after_retention_has_lost_nothing(self, world: World) -> None:
        topic = await world.topic(partitions=1)
        bus = await world.bus()
        await bus.producer().send(numbered(topic, 15))
        await bus.producer().send(numbered(topic, 5, start=15))
        await world.forget(TopicPartition(topic, 0), 15)
        assert values(await read(await bus.consumer("new", [topic]), 5)) == [15, 16, 17, 18, 19]

    async def test_a_bus_that_takes_nothing_says_so_and_recovers(self, world: World) -> None:
        topic = await world.topic()
        bus = await world.bus()
        producer = bus.producer()
        consumer = await bus.consumer("g", [topic])
        await producer.send(numbered(topic, 10))
        more = numbered(topic, 10, start=10)
        async with world.choked(topic):
            with pytest.raises(Backpressure) as caught:
                await producer.send(more)
            assert caught.value.retry_after > 0
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                await producer.send(more)
                break
            except Backpressure as error:
                assert time.monotonic() < deadline
                await asyncio.sleep(error.retry_after)
        found: set[int] = set()
        while len(found) < 20 and time.monotonic() < deadline:
            batch = await consumer.poll(max_records=100, wait=0.2)
            assert not batch.lost
            found |= {int(record.value) for record in batch.records if record.key.startswith(b"key-")}
        assert found == set(range(20))

    # -- topics

    async def test_ensuring_again_changes_nothing_and_tells_what_differs(self, world: World) -> None:
        bus = await world.bus()
        topic = await world.topic(partitions=2)
        await bus.producer().send(numbered(topic, 5))
        assert list(await bus.ensure_topics([TopicSpec(topic, partitions=2)])) == []
        (sentence,) = await bus.ensure_topics([TopicSpec(topic, partitions=3)])
        assert topic in sentence
        assert len(await bus.end_offsets([topic])) == 2
        assert values(await read(await bus.consumer("g", [topic]), 5)) == list(range(5))

    async def _drain(self, count: int, *readers: tuple[Consumer, list[Record]]) -> None:
        deadline = time.monotonic() + PATIENCE
        while sum(len(found) for _, found in readers) < count:
            assert time.monotonic() < deadline
            for consumer, found in readers:
                found.extend((await consumer.poll(max_records=10, wait=0.1)).records)
