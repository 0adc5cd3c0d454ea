"""The contract suite on Kafka brokers."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.structs import TopicPartition as KafkaPartition

from bus_contract import BusContract
from listening import standing_still
from monitor.bus.base import Consumer, TopicPartition, TopicSpec
from monitor.bus.kafka import KafkaBus
from monitor.bus.kafka.consumer import KafkaConsumer
from monitor.config import KafkaSettings


class KafkaWorld:
    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._prefix = f"contract-{uuid.uuid4().hex[:12]}."
        self._buses: list[KafkaBus] = []
        self._topics = 0

    async def bus(self) -> KafkaBus:
        settings = KafkaSettings(
            bootstrap=(self._bootstrap,),
            security="plaintext",
            replication=1,
            min_insync=1,
            session_seconds=2.0,
            request_seconds=6.0,
        )
        bus = KafkaBus(settings, prefix=self._prefix)
        await bus.start()
        self._buses.append(bus)
        return bus

    async def topic(self, *, partitions: int = 4) -> str:
        self._topics += 1
        name = f"topic-{self._topics}.v1"
        await (await self.bus()).ensure_topics([TopicSpec(name, partitions)])
        return name

    async def die(self, consumer: Consumer) -> None:
        """No leaving, no heartbeats: what is left of the member can still send its last commit."""
        assert isinstance(consumer, KafkaConsumer)
        coordinator = consumer._client._coordinator
        for task in (coordinator._coordination_task, coordinator._heartbeat_task):
            task.cancel()

    async def forget(self, place: TopicPartition, before: int) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap)
        await admin.start()
        try:
            name = KafkaPartition(self._prefix + place.topic, place.partition)
            await admin.delete_records({name: RecordsToDelete(before)})
        finally:
            await admin.close()

    @asynccontextmanager
    async def choked(self, topic: str) -> AsyncIterator[None]:
        """The broker stands still: connections stay open, nothing is answered."""
        with standing_still(int(self._bootstrap.rpartition(":")[2])):
            yield

    async def close(self) -> None:
        for bus in self._buses:
            await bus.close()


@pytest.fixture
async def world(kafka: str) -> AsyncIterator[KafkaWorld]:
    world = KafkaWorld(kafka)
    yield world
    await world.close()


class TestKafka(BusContract):
    pass
