from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bus_contract import PATIENCE, after, nothing, numbered, read, settled, until, values
from kafka_buses import KafkaBuses
from monitor.bus.base import BusDamaged, Message, TopicPartition


async def test_a_poll_is_bounded_in_bytes_however_well_they_compress(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    producer = bus.producer()
    for _ in range(8):
        await producer.send([Message(topic, b"k", bytes(7 * 1024**2))])
    consumer = await bus.consumer("g", [topic])
    sizes: list[int] = []
    while sum(sizes) < 8 * 7 * 1024**2:
        batch = await consumer.poll(max_records=500, wait=0.5)
        sizes.append(sum(len(record.value) for record in batch.records))
    assert max(sizes) <= 8 * 7 * 1024**2


async def test_a_member_with_a_name_comes_back_without_moving_anything(buses: KafkaBuses) -> None:
    topic = await buses.topic(partitions=4)
    asked: list[TopicPartition] = []

    async def on_revoke(places: Sequence[TopicPartition]) -> None:
        asked.extend(places)

    one = await (await buses.bus(instance="match-0", session_seconds=10.0)).consumer(
        "g", [topic], on_revoke=on_revoke
    )
    two = await (await buses.bus(instance="match-1", session_seconds=10.0)).consumer("g", [topic])
    await settled(topic, 4, one, two)
    mine, yours = one.assigned, two.assigned
    asked.clear()
    await two.close()
    again = await (await buses.bus(instance="match-1", session_seconds=10.0)).consumer("g", [topic])
    await until(lambda: bool(again.assigned))
    assert again.assigned == yours
    assert one.assigned == mine
    assert asked == []


async def test_a_position_past_the_end_is_never_reset(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    await bus.producer().send(numbered(topic, 20))
    consumer = await bus.consumer("g", [topic])
    await settled(topic, 1, consumer)
    await consumer.commit(
        {TopicPartition(topic, 0): 500}
    )  # as it looks when the brokers lost their last records
    await consumer.close()
    again = await bus.consumer("g", [topic])

    async def poll_on() -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                await again.poll(max_records=10, wait=0.5)

    with pytest.raises(BusDamaged, match=r"\[0\] ends at 20, but this group has read up to 500"):
        await poll_on()


async def test_rebalances_are_counted(buses: KafkaBuses) -> None:
    topic = await buses.topic(partitions=2)
    one = await (await buses.bus()).consumer("counted", [topic])
    two = await (await buses.bus()).consumer("counted", [topic])
    await settled(topic, 2, one, two)
    assert buses.metric("bus_rebalances_total", group="counted") >= 3


async def test_a_new_leader_of_the_group_changes_no_position(buses: KafkaBuses) -> None:
    topic = await buses.topic(partitions=2)
    bus = await buses.bus()
    await bus.producer().send(numbered(topic, 40))
    one = await bus.consumer("g", [topic])
    await one.commit(after(await read(one, 40)))
    two = await (await buses.bus()).consumer("g", [topic])
    await settled(topic, 2, one, two)
    await one.close()
    await until(lambda: len(two.assigned) == 2)
    await nothing(two)
    await bus.producer().send(numbered(topic, 4, start=40))
    assert values(await read(two, 4)) == [40, 41, 42, 43]


async def test_a_dead_member_does_not_keep_the_others_from_joining(buses: KafkaBuses) -> None:
    """With a session longer than a request may take, as it is by default."""
    topic = await buses.topic(partitions=4)
    slow = {"session_seconds": 60.0, "request_seconds": 6.0}
    one = await (await buses.bus(**slow)).consumer("g", [topic])
    victim = await (await buses.bus(**slow)).consumer("g", [topic])
    await settled(topic, 4, one, victim)
    for task in (victim._client._coordinator._coordination_task, victim._client._coordinator._heartbeat_task):
        task.cancel()
    heir = await (await buses.bus(**slow)).consumer("g", [topic])
    await settled(topic, 4, one, heir)
