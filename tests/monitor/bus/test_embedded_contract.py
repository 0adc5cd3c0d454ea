"""The contract suite on the embedded bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bus_contract import BusContract
from monitor.aio import cancel
from monitor.bus.base import Backpressure, Consumer, Message, TopicPartition, TopicSpec
from monitor.bus.embedded import EmbeddedBus
from monitor.bus.embedded.consumer import EmbeddedConsumer

_TERM = 3600.0


class EmbeddedWorld:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buses: list[EmbeddedBus] = []
        self._topics = 0

    async def bus(self) -> EmbeddedBus:
        bus = EmbeddedBus(self._folder, session_seconds=2.0, segments=10**9)
        await bus.start()
        self._buses.append(bus)
        return bus

    async def topic(self, *, partitions: int = 4) -> str:
        self._topics += 1
        name = f"topic-{self._topics}.v1"
        await (await self.bus()).ensure_topics([self._spec(name, partitions)])
        return name

    async def die(self, consumer: Consumer) -> None:
        assert isinstance(consumer, EmbeddedConsumer)
        await cancel(consumer._membership)

    async def forget(self, place: TopicPartition, before: int) -> None:
        # a bus whose clock is where exactly those records are over their term
        reader = await self.bus()
        (last,) = await reader.read(place, before - 1, 1)
        later = EmbeddedBus(self._folder, clock=lambda: last.appended_at + _TERM + 1e-6)
        await later.start()
        self._buses.append(later)
        partitions = len(await later.end_offsets([place.topic]))
        await later.ensure_topics([self._spec(place.topic, partitions)])
        await later.retain()

    @asynccontextmanager
    async def choked(self, topic: str) -> AsyncIterator[None]:
        """Full to the brim with records that the group has not read; room comes when they have gone."""
        bus = await self.bus()
        partitions = len(await bus.end_offsets([topic]))
        await bus.ensure_topics([TopicSpec(topic, partitions, _TERM, 256 * 1024)])
        filler = bus.producer()
        full = False
        while not full:
            try:
                await filler.send([Message(topic, b"filler", bytes(1000))])
            except Backpressure:
                full = True
        yield
        await bus.ensure_topics([self._spec(topic, partitions)])

    async def close(self) -> None:
        for bus in self._buses:
            await bus.close()

    def _spec(self, name: str, partitions: int) -> TopicSpec:
        return TopicSpec(name, partitions, _TERM, 64 * 1024**2)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[EmbeddedWorld]:
    world = EmbeddedWorld(tmp_path / "bus")
    yield world
    await world.close()


class TestEmbedded(BusContract):
    pass
