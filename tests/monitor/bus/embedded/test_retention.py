"""What goes when, and that nothing of it stays in any file."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from monitor.bus.base import Backpressure, Lost, Message, RecordTooLarge, TopicPartition, TopicSpec
from monitor.bus.embedded import EmbeddedBus

_KIB = 1024


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def bus(tmp_path: Path, clock: Clock) -> AsyncIterator[EmbeddedBus]:
    bus = EmbeddedBus(tmp_path / "bus", clock=clock)
    await bus.start()
    yield bus
    await bus.close()


def _files_with(folder: Path, needles: list[bytes]) -> dict[str, int]:
    """File name -> how many of the needles are in it. Reads a copy: closing a database file drops SQLite's locks on it."""
    found = {}
    copy = folder.with_name("copy")
    subprocess.run(["cp", "-rT", folder, copy], check=True)
    for path in copy.iterdir():
        data = path.read_bytes()
        count = sum(needle in data for needle in needles)
        if count:
            found[path.name] = count
    return found


async def test_records_go_when_their_term_is_over(bus: EmbeddedBus, clock: Clock) -> None:
    await bus.ensure_topics([TopicSpec("t", partitions=1, retention_seconds=100)])
    place, producer = TopicPartition("t", 0), bus.producer()
    for _ in range(3):
        await producer.send([Message("t", b"k", b"v"), Message("t", b"k", b"v")])
        clock.now += 40
    await bus.retain()  # ages 120, 80, 40
    assert [record.offset for record in await bus.read(place, 0, 10)] == [2, 3, 4, 5]
    clock.now += 1000
    await bus.retain()
    assert await bus.read(place, 0, 10) == []
    assert await bus.end_offsets(["t"]) == {place: 6}
    await producer.send([Message("t", b"k", b"v")])
    assert [record.offset for record in await bus.read(place, 0, 10)] == [6]


async def test_many_steps_make_one_pass(bus: EmbeddedBus, clock: Clock) -> None:
    await bus.ensure_topics([TopicSpec("t", partitions=3, retention_seconds=100)])
    await bus.producer().send([Message("t", b"%d" % i, b"v") for i in range(5000)])
    clock.now += 101
    await bus.retain()
    for partition in range(3):
        assert await bus.read(TopicPartition("t", partition), 0, 10) == []


async def test_a_shorter_term_counts_from_the_next_start(bus: EmbeddedBus, clock: Clock) -> None:
    await bus.ensure_topics([TopicSpec("t", partitions=1, retention_seconds=1000)])
    await bus.producer().send([Message("t", b"k", b"v")])
    clock.now += 500
    assert await bus.ensure_topics([TopicSpec("t", partitions=1, retention_seconds=100)]) == []
    await bus.retain()
    assert await bus.read(TopicPartition("t", 0), 0, 10) == []


async def test_a_full_topic_blocks_until_its_readers_are_done(bus: EmbeddedBus) -> None:
    await bus.ensure_topics([TopicSpec("t", partitions=1, retention_bytes=512 * _KIB)])
    place, producer = TopicPartition("t", 0), bus.producer()
    fast, slow = await bus.consumer("fast", ["t"]), await bus.consumer("slow", ["t"])
    sent = 0
    with pytest.raises(Backpressure) as caught:  # noqa: PT012 - until it is full
        while True:
            await producer.send([Message("t", b"k", bytes(4 * _KIB))])
            sent += 1
    assert caught.value.reason == "topic_full"
    assert 60 < sent < 130  # room is counted in pages, which hold three of these
    await fast.commit({place: sent})
    with pytest.raises(Backpressure):
        await producer.send([Message("t", b"k", bytes(4 * _KIB))])
    await slow.commit({place: sent // 2})
    for _ in range(sent // 4):
        await producer.send([Message("t", b"k", bytes(4 * _KIB))])
    first = (await bus.read(place, 0, 1))[0].offset
    assert 0 < first <= sent // 2  # only what both had read went
    assert (await slow.poll(max_records=10, wait=1)).lost == ([Lost(place, 0, first - 1)])  # it never polled


async def test_a_topic_without_readers_blocks_too(bus: EmbeddedBus) -> None:
    await bus.ensure_topics([TopicSpec("t", partitions=1, retention_bytes=256 * _KIB)])
    with pytest.raises(Backpressure):  # noqa: PT012 - until it is full
        while True:
            await bus.producer().send([Message("t", b"k", bytes(4 * _KIB))])
    assert (await bus.read(TopicPartition("t", 0), 0, 1))[0].offset == 0


async def test_a_topic_that_may_lose_gives_up_its_oldest(bus: EmbeddedBus, clock: Clock) -> None:
    await bus.ensure_topics([TopicSpec("t", partitions=2, retention_bytes=512 * _KIB, block_when_full=False)])
    consumer = await bus.consumer("g", ["t"])
    for number in range(500):
        clock.now += 1
        await bus.producer().send([Message("t", b"%d" % number, b"%d" % number + bytes(4 * _KIB))])
    kept, lost = [], 0
    while batch := await consumer.poll(max_records=50, wait=0.05):
        kept += [int(record.value.rstrip(b"\0")) for record in batch.records]
        lost += sum(gap.count for gap in batch.lost)
        if not batch.records:
            break
    assert len(kept) + lost == 500
    assert 60 < len(kept) < 130
    assert max(kept) == 499
    assert min(kept) > 300  # the oldest of both partitions went


async def test_a_call_that_never_fits_is_refused_for_good(bus: EmbeddedBus) -> None:
    await bus.ensure_topics([TopicSpec("t", retention_bytes=256 * _KIB)])
    with pytest.raises(RecordTooLarge):
        await bus.producer().send([Message("t", b"k", bytes(300 * _KIB))])


@pytest.mark.parametrize("seed", range(2))
async def test_what_expired_is_in_no_file_any_more(
    bus: EmbeddedBus, clock: Clock, tmp_path: Path, seed: int
) -> None:
    """Values of all sizes, also over page and overflow borders; searched in files, WALs and free pages."""
    rng = random.Random(seed)
    await bus.ensure_topics([TopicSpec("documents.v1", retention_seconds=100)])
    producer, consumer = bus.producer(), await bus.consumer("g", ["documents.v1"])
    living: list[tuple[float, list[bytes]]] = []
    for _ in range(15):
        messages, needles = [], []
        for _ in range(rng.randint(1, 60)):
            marks = [os.urandom(12).hex().encode() for _ in range(3)]
            filling = rng.choice([0, 50, 500, 2_000, 20_000, 60_000])
            value = marks[0] + bytes(filling) + marks[1]
            messages.append(Message("documents.v1", marks[2], value, {"m": marks[2]}))
            needles += marks
        await producer.send(messages)
        living.append((clock.now, needles))
        await consumer.poll(max_records=40, wait=0)
        clock.now += rng.choice([1, 20, 60])
        await bus.retain()
        dead = [needle for at, old in living if at < clock.now - 100 for needle in old]
        living = [(at, old) for at, old in living if at >= clock.now - 100]
        assert _files_with(tmp_path / "bus", dead) == {}
    alive = [needle for _, old in living for needle in old]
    assert "leakstream.documents.v1.db" in str(_files_with(tmp_path / "bus", alive))


async def test_what_was_given_up_for_room_is_in_no_file_any_more(
    bus: EmbeddedBus, clock: Clock, tmp_path: Path
) -> None:
    await bus.ensure_topics([TopicSpec("t", retention_bytes=512 * _KIB, block_when_full=False)])
    marks = [os.urandom(12).hex().encode() for _ in range(300)]
    for mark in marks:
        await bus.producer().send([Message("t", mark, mark + bytes(3000))])
    await bus.retain()
    kept = {r.value[:24] for p in range(4) for r in await bus.read(TopicPartition("t", p), 0, 1000)}
    gone = [mark for mark in marks if mark not in kept]
    assert kept
    assert len(gone) > 100
    assert _files_with(tmp_path / "bus", gone) == {}


async def test_another_process_empties_the_wal_of_a_killed_one(tmp_path: Path, clock: Clock) -> None:
    """The mark that deleted bytes are in the WAL is in the file, not in the memory of who deleted them."""
    bus = EmbeddedBus(tmp_path / "bus", clock=clock)
    await bus.start()
    await bus.ensure_topics([TopicSpec("t", retention_bytes=256 * _KIB, block_when_full=False)])
    mark = os.urandom(12).hex().encode()
    await bus.producer().send([Message("t", b"k", mark)])
    for _ in range(100):
        await bus.producer().send([Message("t", b"k", bytes(4 * _KIB))])
    assert _files_with(
        tmp_path / "bus", [mark]
    )  # gone by offset, still in the WAL; `bus` never retains again
    other = EmbeddedBus(tmp_path / "bus", clock=clock)
    await other.start()
    await other.ensure_topics([TopicSpec("t", retention_bytes=256 * _KIB, block_when_full=False)])
    await other.retain()
    assert _files_with(tmp_path / "bus", [mark]) == {}
    await other.close()
    await bus.close()
