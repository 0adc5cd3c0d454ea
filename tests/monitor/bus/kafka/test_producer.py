"""What becomes of messages when the library's producer breaks."""

from __future__ import annotations

import asyncio
import os

import pytest
from aiokafka.structs import TopicPartition as KafkaPartition

from bus_contract import numbered, read, values
from kafka_buses import KafkaBuses
from monitor.bus.base import BusError, Message, RecordTooLarge


async def test_a_lost_sequence_number_is_mended_and_everything_written_once(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    producer = bus.producer()
    await producer.send(numbered(topic, 5))
    broken = producer._client
    broken._txn_manager.increment_sequence_number(KafkaPartition(buses.prefix + topic, 0), 7)
    await producer.send(numbered(topic, 5, start=5))
    assert producer._client is not broken
    assert buses.metric("bus_producer_rebuilds_total", reason="OutOfOrderSequenceNumber") == 1
    assert values(await read(await bus.consumer("g", [topic]), 10)) == list(range(10))


async def test_one_that_was_stopped_is_replaced(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    producer = bus.producer()
    await producer.send(numbered(topic, 1))
    await producer._client.stop()
    await producer.send(numbered(topic, 1, start=1))
    assert values(await read(await bus.consumer("g", [topic]), 2)) == [0, 1]


async def test_calls_that_wait_beside_a_broken_one_are_replayed(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    producer = bus.producer()
    await producer.send(numbered(topic, 1))
    producer._client._txn_manager.increment_sequence_number(KafkaPartition(buses.prefix + topic, 0), 7)
    await asyncio.gather(*(producer.send(numbered(topic, 1, start=n)) for n in range(1, 20)))
    consumer = await bus.consumer("g", [topic])
    found: set[int] = set()
    while len(found) < 20:
        found |= {int(record.value) for record in (await consumer.poll(max_records=100, wait=0.2)).records}
    assert found == set(range(20))


async def test_what_the_brokers_will_never_take_is_said_and_harms_nothing_after_it(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    await buses.configure(topic, max_message_bytes="1000")
    producer = bus.producer()
    with pytest.raises(RecordTooLarge, match=r"max\.message\.bytes"):
        await producer.send([Message(topic, b"k", os.urandom(3000))])
    await producer.send(numbered(topic, 3))
    assert values(await read(await bus.consumer("g", [topic]), 3)) == [0, 1, 2]


async def test_a_call_larger_than_a_batch_keeps_its_order(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    messages = [Message(topic, b"k", b"%d" % n, {"pad": b"x" * 10_000}) for n in range(100)]
    await bus.producer().send(messages)
    records = await read(await bus.consumer("g", [topic]), 100)
    assert [int(record.value) for record in records] == list(range(100))


async def test_a_closed_one_takes_nothing(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    producer = bus.producer()
    await producer.send(numbered(topic, 1))
    await producer.close()
    await producer.close()
    with pytest.raises(BusError, match="closed"):
        await producer.send(numbered(topic, 1))
