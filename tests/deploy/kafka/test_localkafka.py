"""Real brokers: they start, keep their records through a kill, and end with what started them."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from localkafka import LocalKafka


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalKafka]:
    with LocalKafka(tmp_path / "kafka") as running:
        yield running


async def create(bootstrap: str, topic: str, copies: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, 1, copies)])
    finally:
        await admin.close()


async def write(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value, partition=0)
    finally:
        await producer.stop()


async def read(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        return [(await asyncio.wait_for(consumer.getone(), 30)).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_the_shared_broker_answers(kafka: str) -> None:
    await create(kafka, "localkafka.shared", 1)
    await write(kafka, "localkafka.shared", [b"one"])
    assert await read(kafka, "localkafka.shared", 1) == [b"one"]


async def test_a_killed_node_comes_back_with_its_records(cluster: LocalKafka) -> None:
    await create(cluster.bootstrap, "kept", 1)
    await write(cluster.bootstrap, "kept", [b"before"])
    cluster.kill(1)
    cluster.start(1)
    await write(cluster.bootstrap, "kept", [b"after"])
    assert await read(cluster.bootstrap, "kept", 2) == [b"before", b"after"]
