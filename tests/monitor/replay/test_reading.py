from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.bus.base import Message, TopicPartition, TopicSpec
from monitor.bus.embedded import EmbeddedBus
from monitor.replay.reading import Span, spans_since

NOON = 1_700_049_600.0
TOPIC = "documents.v1"


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def bus(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedBus]:
    opened = EmbeddedBus(tmp_path / "bus", clock=clock)
    await opened.start()
    await opened.ensure_topics([TopicSpec(TOPIC, partitions=1)])
    yield opened
    await opened.close()


async def send(bus: EmbeddedBus, clock: Clock, times: list[float]) -> None:
    producer = bus.producer()
    for time in times:
        clock.now = NOON + time
        await producer.send([Message(TOPIC, b"k", b"x")])
    await producer.close()


@pytest.mark.parametrize(
    ("since", "first"), [(-1, 0), (0, 0), (5, 1), (10, 1), (11, 3), (29, 4), (30, 4), (31, 5)]
)
async def test_the_first_record_since_a_time_is_found(
    bus: EmbeddedBus, clock: Clock, since: float, first: int
) -> None:
    await send(bus, clock, [0, 10, 10, 20, 30])
    assert await spans_since(bus, TOPIC, NOON + since) == [Span(TOPIC, 0, first, 5)]


async def test_of_an_empty_topic_nothing_is_read(bus: EmbeddedBus) -> None:
    (span,) = await spans_since(bus, TOPIC, NOON)
    assert span.left == 0


def test_a_span_shrinks_to_nothing() -> None:
    span = Span(TOPIC, 2, 7, 9)
    assert span.place == TopicPartition(TOPIC, 2)
    assert [span.left, span.after(7).left, span.after(8).left, span.after(50).left] == [2, 1, 0, 0]
