"""What a poll does when the library's client fails in the middle of it: on a scripted client, since a real one does not on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import AIOKafkaConsumer, errors
from aiokafka.structs import ConsumerRecord
from aiokafka.structs import TopicPartition as KafkaPartition

from monitor.bus.base import Lost, Record, TopicPartition
from monitor.bus.kafka.connection import BrokersAway
from monitor.bus.kafka.consumer import KafkaConsumer
from monitor.bus.kafka.topics import Topics
from monitor.bus.kafka.watchdog import Watchdog

A, B = KafkaPartition("p.t", 0), KafkaPartition("p.t", 1)


class Client:
    """Holds offsets 0 to 99 of A in chunks of 8; B's log begins at 10, its group stands at 5."""

    def __init__(self) -> None:
        self.positions: dict[KafkaPartition, int] = {}
        self.failures: list[BaseException | None] = []  # of each call of getmany
        self.hangs = False
        self.leaps_fail = 0
        self._coordinator = SimpleNamespace(check_errors=lambda: None)

    def assignment(self) -> frozenset[KafkaPartition]:
        return frozenset({A, B})

    def pause(self, *places: KafkaPartition) -> None: ...

    def resume(self, *places: KafkaPartition) -> None: ...

    def seek(self, place: KafkaPartition, offset: int) -> None:
        self.positions[place] = offset

    async def committed(self, place: KafkaPartition) -> int:
        return {A: 0, B: 10}[place]

    async def beginning_offsets(self, places: Sequence[KafkaPartition]) -> dict[KafkaPartition, int]:
        if self.leaps_fail:
            self.leaps_fail -= 1
            raise errors.KafkaTimeoutError
        return {place: 10 if place == B else 0 for place in places}

    async def end_offsets(self, places: Sequence[KafkaPartition]) -> dict[KafkaPartition, int]:
        return dict.fromkeys(places, 100)

    async def getmany(self, *, timeout_ms: int, max_records: int) -> dict[KafkaPartition, list[Any]]:
        if self.hangs:
            await asyncio.Event().wait()
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        if self.positions[B] < 10:
            raise errors.OffsetOutOfRangeError({B: self.positions[B]})
        first = self.positions[A]
        self.positions[A] = last = min(first + min(8, max_records), 100)
        return {A: [_record(offset) for offset in range(first, last)]}

    async def stop(self) -> None: ...


def _record(offset: int) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord(A.topic, 0, offset, 0, 0, b"k", b"v", 0, 1, 1, ())


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
async def consumer(client: Client) -> KafkaConsumer:
    topics = SimpleNamespace(prefix="p.", full=lambda t: f"p.{t}", short=lambda t: t.removeprefix("p."))
    consumer = KafkaConsumer(
        cast("AIOKafkaConsumer", client),
        cast("Topics", topics),
        Watchdog(stalled_seconds=1e9, moving_seconds=1e9),
        on_revoke=None,
        on_assigned=lambda: None,
        join_seconds=1.0,
        revoke_seconds=1.0,
        patience=1.0,
    )
    await consumer.on_partitions_assigned([A, B])
    return consumer


def offsets(records: Sequence[Record]) -> list[int]:
    return [record.offset for record in records if record.partition == 0]


@pytest.mark.parametrize("after", [0, 1, 2])
async def test_records_taken_before_a_failure_come_again(
    client: Client, consumer: KafkaConsumer, after: int
) -> None:
    client.failures = [None] * after + [errors.KafkaTimeoutError()]
    with pytest.raises(BrokersAway):
        await consumer.poll(max_records=100, wait=0.1)
    batch = await consumer.poll(max_records=100, wait=0.1)
    assert offsets(batch.records) == list(range(100))


async def test_and_before_a_cancellation(client: Client, consumer: KafkaConsumer) -> None:
    client.failures = [None, asyncio.CancelledError()]
    with pytest.raises(asyncio.CancelledError):
        await consumer.poll(max_records=100, wait=0.1)
    assert offsets((await consumer.poll(max_records=100, wait=0.1)).records)[0] == 0


async def test_and_when_partitions_move_in_between(client: Client, consumer: KafkaConsumer) -> None:
    client.failures = [None, errors.IllegalStateError()]
    first = await consumer.poll(max_records=100, wait=0.1)
    assert not first.records
    await consumer.on_partitions_revoked([A, B])
    await consumer.on_partitions_assigned([A, B])
    assert offsets((await consumer.poll(max_records=100, wait=0.1)).records)[0] == 0


async def test_a_loss_that_cannot_be_measured_yet_is_told_later_and_harms_no_other(
    client: Client, consumer: KafkaConsumer
) -> None:
    await consumer.poll(max_records=8, wait=0.1)
    client.positions[B] = 5  # retention takes 5 to 9
    client.leaps_fail = 1
    with pytest.raises(BrokersAway):
        await consumer.poll(max_records=8, wait=0.1)
    batch = await consumer.poll(max_records=8, wait=0.1)
    assert batch.lost == [Lost(TopicPartition("t", 1), 5, 9)]
    found = offsets(batch.records) + offsets((await consumer.poll(max_records=8, wait=0.1)).records)
    assert found[:8] == list(range(8, 16))


async def test_a_poll_returns_when_the_library_does_not(client: Client, consumer: KafkaConsumer) -> None:
    client.hangs = True
    async with asyncio.timeout(120):
        assert not (await consumer.poll(max_records=8, wait=0.1)).records
    client.hangs = False
    assert offsets((await consumer.poll(max_records=8, wait=0.1)).records) == list(range(8))
