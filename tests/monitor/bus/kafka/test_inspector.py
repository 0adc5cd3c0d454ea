"""How near a group is to losing what it has not read, on a real broker. The rest is in the contract suite."""

from __future__ import annotations

import time
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition as KafkaPartition

from kafka_buses import KafkaBuses
from monitor.bus.base import Message, TopicPartition, TopicSpec
from monitor.bus.kafka import KafkaBus

TERM = 1000.0
PLACE = TopicPartition("in", 0)


class Later:
    """The time, and some more of it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return time.time() + self.seconds


async def cut(buses: KafkaBuses, before: int) -> None:
    """As retention by size does."""
    admin = AIOKafkaAdminClient(bootstrap_servers=buses.bootstrap)
    await admin.start()
    try:
        place = KafkaPartition(buses.prefix + PLACE.topic, PLACE.partition)
        await admin.delete_records({place: RecordsToDelete(before_offset=before)})
    finally:
        await admin.close()


async def filled(buses: KafkaBuses, clock: Later, **more: Any) -> KafkaBus:
    bus = KafkaBus(buses.settings(**more), prefix=buses.prefix, clock=clock, metrics=buses.metrics)
    await bus.start()
    await bus.ensure_topics([TopicSpec(PLACE.topic, partitions=1, retention_seconds=TERM)])
    producer = bus.producer()
    for number in range(6):
        await producer.send([Message(PLACE.topic, b"k", b"%d" % number)])
    consumer = await bus.consumer("g", [PLACE.topic])
    await consumer.commit({PLACE: 4})
    await consumer.close()
    return bus


async def test_a_whole_topic_is_measured_against_its_term(kafka: str) -> None:
    async with KafkaBuses(kafka) as buses:
        bus = await filled(buses, clock := Later())
        try:
            clock.seconds = 400.0
            lag = (await bus.lag("g", [PLACE.topic]))[PLACE]
            assert lag.records == 2
            assert lag.retention_used == pytest.approx(0.4, abs=0.03)
        finally:
            await bus.close()


async def test_a_full_topic_is_measured_against_what_it_still_keeps(kafka: str) -> None:
    async with KafkaBuses(kafka) as buses:
        bus = await filled(buses, clock := Later())
        try:
            await cut(buses, before=4)
            clock.seconds = 400.0
            assert (await bus.lag("g", [PLACE.topic]))[PLACE].retention_used == pytest.approx(1.0, abs=0.02)
            clock.seconds = 10.0  # a reader that is hardly behind is in no danger, however little is there
            assert (await bus.lag("g", [PLACE.topic]))[PLACE].retention_used < 0.05
        finally:
            await bus.close()
