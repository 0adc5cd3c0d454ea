from __future__ import annotations

import pytest

from kafka_buses import KafkaBuses
from monitor.bus.base import BusError, TopicSpec, UnknownTopic

SPEC = TopicSpec("made.v1", partitions=3, retention_seconds=7200.0, retention_bytes=3 * 1024**3)


async def test_a_topic_is_made_as_configured(buses: KafkaBuses) -> None:
    bus = await buses.bus()
    assert await bus.ensure_topics([SPEC]) == []
    made = (await bus._started()._configs([SPEC.name]))[SPEC.name]
    assert made["message.timestamp.type"] == "LogAppendTime"
    assert made["cleanup.policy"] == "delete"
    assert int(made["max.message.bytes"]) == 16 * 1024**2
    assert int(made["retention.ms"]) == 7_200_000
    assert int(made["retention.bytes"]) == 1024**3  # of one partition
    assert int(made["segment.ms"]) * 24 == 7_200_000
    assert int(made["segment.bytes"]) <= 1024**3 // 2
    assert int(made["min.insync.replicas"]) == 1


async def test_each_difference_is_named_and_nothing_is_changed(buses: KafkaBuses) -> None:
    bus = await buses.bus()
    await bus.ensure_topics([SPEC])
    wanted = TopicSpec(SPEC.name, 4, 3600.0, 4 * 1024**3)
    (sentence,) = await bus.ensure_topics([wanted])
    assert sentence.startswith(f"{buses.prefix}made.v1: partitions is 3, the configuration says 4")
    assert "retention.ms is 7200000, the configuration says 3600000" in sentence
    assert "retention.bytes" not in sentence  # of one partition it is the same
    assert len(await bus.end_offsets([SPEC.name])) == 3


async def test_a_topic_with_the_producers_clock_is_named(buses: KafkaBuses) -> None:
    bus, topic = await buses.bus(), await buses.topic()
    await buses.configure(topic, message_timestamp_type="CreateTime")
    (sentence,) = await bus.ensure_topics([TopicSpec(topic, 1)])
    assert "message.timestamp.type is CreateTime, the configuration says LogAppendTime" in sentence


async def test_without_the_right_to_make_topics_missing_ones_stop_the_start(buses: KafkaBuses) -> None:
    bus = await buses.bus(create_topics=False)
    with pytest.raises(UnknownTopic, match=r"made\.v1; make them, or set create_topics"):
        await bus.ensure_topics([SPEC])


async def test_more_copies_than_brokers_cannot_be_made(buses: KafkaBuses) -> None:
    bus = await buses.bus(replication=3)
    with pytest.raises(BusError, match="cannot be made"):
        await bus.ensure_topics([SPEC])


async def test_no_broker_is_said_with_its_address() -> None:
    async with KafkaBuses("127.0.0.1:1") as nowhere:
        with pytest.raises(BusError, match=r"no broker answers at 127\.0\.0\.1:1"):
            await nowhere.bus(request_seconds=1.0)
