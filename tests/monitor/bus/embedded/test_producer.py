"""Calls that share a transaction do not share each other's fate."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.aio import spawn
from monitor.bus.base import BusError, Message, RecordTooLarge, TopicPartition, TopicSpec
from monitor.bus.embedded import EmbeddedBus

T0 = TopicPartition("t", 0)


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[EmbeddedBus]:
    bus = EmbeddedBus(tmp_path / "bus")
    await bus.start()
    await bus.ensure_topics([TopicSpec("t", partitions=1, retention_bytes=1024 * 1024)])
    yield bus
    await bus.close()


def _message(number: int, size: int = 0, **headers: bytes) -> Message:
    return Message("t", b"k", b"%d" % number + bytes(size), headers)


async def _stored(bus: EmbeddedBus) -> list[int]:
    return [int(record.value.rstrip(b"\0")) for record in await bus.read(T0, 0, 10_000)]


async def test_sends_at_once_are_stored_once_and_in_order(bus: EmbeddedBus) -> None:
    producer = bus.producer()
    await asyncio.gather(*(producer.send([_message(i), _message(i)]) for i in range(200)))
    assert await _stored(bus) == [i for i in range(200) for _ in range(2)]


async def test_a_call_that_cannot_be_written_fails_alone(bus: EmbeddedBus) -> None:
    producer = bus.producer()
    calls = [producer.send([_message(i)]) for i in range(20)]
    calls[5:5] = [producer.send([_message(98, 2 * 1024 * 1024)])]
    calls[9:9] = [producer.send([Message("t", b"k", b"99", {"n" * 300: b""})])]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [RecordTooLarge, ValueError]
    assert sorted(await _stored(bus)) == list(range(20))


async def test_a_cancelled_call_harms_no_other(bus: EmbeddedBus) -> None:
    producer = bus.producer()
    for round_ in range(20):
        numbers = range(round_ * 10, round_ * 10 + 10)
        tasks = [spawn(producer.send([_message(n)]), name="send") for n in numbers]
        await asyncio.sleep(0.0005 * (round_ % 4))
        tasks[0].cancel()
        tasks[4].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        others = {n for n, task in zip(numbers, tasks, strict=True) if not task.cancelled()}
        assert len(others) >= 8
        stored = [n for n in await _stored(bus) if n in numbers]
        assert others <= set(stored)
        assert len(stored) == len(set(stored))


async def test_a_closed_producer_refuses(bus: EmbeddedBus) -> None:
    producer = bus.producer()
    await producer.close()
    await producer.close()
    with pytest.raises(BusError):
        await producer.send([_message(1)])


async def test_nothing_to_send_is_no_error(bus: EmbeddedBus) -> None:
    await bus.producer().send([])
    assert await _stored(bus) == []
