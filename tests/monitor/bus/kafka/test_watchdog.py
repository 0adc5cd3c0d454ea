"""On scripted answers of a client: a real one does not lose its way on demand."""

from __future__ import annotations

import pytest
from aiokafka import errors
from aiokafka.structs import TopicPartition as KafkaPartition

from monitor.bus.base import ConsumerStalled
from monitor.bus.kafka.connection import BrokersAway
from monitor.bus.kafka.watchdog import Watchdog

P0, P1 = KafkaPartition("t", 0), KafkaPartition("t", 1)


class Client:
    def __init__(self) -> None:
        self.ends = {P0: 10, P1: 5}
        self.positions = {P0: 10, P1: 5}
        self.answers = True
        self.moving = False
        self.asked = 0

    def assignment(self):
        return frozenset(self.ends)

    async def topics(self):
        self._answer()
        return {"t"}

    async def end_offsets(self, places):
        self._answer()
        return {place: self.ends[place] for place in places}

    async def position(self, place):
        if self.moving:
            raise errors.IllegalStateError
        return self.positions[place]

    def _answer(self) -> None:
        self.asked += 1
        if not self.answers:
            raise errors.KafkaConnectionError


class Watched:
    def __init__(self) -> None:
        self.now = 1000.0
        self.client = Client()
        self.dog = Watchdog(stalled_seconds=120.0, moving_seconds=150.0, clock=lambda: self.now)
        self.dog.settled()

    async def empty_for(self, seconds: int, paused: frozenset[KafkaPartition] = frozenset()) -> None:
        for _ in range(seconds):
            self.now += 1.0
            await self.dog.look(self.client, paused)


@pytest.fixture
def watched() -> Watched:
    return Watched()


async def test_a_quiet_stream_is_no_stall(watched: Watched) -> None:
    await watched.empty_for(3600)


async def test_records_that_nobody_reads_are_one(watched: Watched) -> None:
    watched.client.ends[P1] = 6
    with pytest.raises(ConsumerStalled, match=r"t\[1\]"):
        await watched.empty_for(140)
    assert watched.now > 1120


async def test_not_before_the_time(watched: Watched) -> None:
    watched.client.ends[P1] = 6
    await watched.empty_for(119)


async def test_records_on_the_way_begin_the_time_anew(watched: Watched) -> None:
    watched.client.ends[P1] = 6
    for _ in range(5):
        await watched.empty_for(100)
        watched.dog.alive()


async def test_a_paused_partition_is_not_waited_for(watched: Watched) -> None:
    watched.client.ends[P1] = 6
    await watched.empty_for(600, frozenset({P1}))


async def test_brokers_that_do_not_answer_are_said_to_be_away(watched: Watched) -> None:
    watched.client.answers = False
    with pytest.raises(BrokersAway):
        await watched.empty_for(30)


async def test_a_healthy_consumer_asks_nothing_while_it_reads(watched: Watched) -> None:
    for _ in range(100):
        await watched.empty_for(3)
        watched.dog.alive()
    assert watched.client.asked == 0


async def test_partitions_that_never_arrive_end_it(watched: Watched) -> None:
    watched.dog.moving()
    with pytest.raises(ConsumerStalled, match="no partitions"):
        await watched.empty_for(170)


async def test_nor_when_brokers_are_away_meanwhile(watched: Watched) -> None:
    watched.dog.moving()
    watched.client.answers = False
    with pytest.raises(BrokersAway):
        await watched.empty_for(170)


async def test_partitions_that_move_while_it_looks_are_no_fault(watched: Watched) -> None:
    watched.client.ends[P1] = 6
    watched.client.moving = True
    await watched.empty_for(300)
