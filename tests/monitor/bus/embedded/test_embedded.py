"""The bus as a whole: what the contract suite, which Kafka shares, cannot ask."""
# ruff: noqa: ASYNC240, PTH208 - a look at a folder

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from monitor.bus.base import (
    Backpressure,
    BusDamaged,
    BusError,
    Lost,
    Message,
    TopicPartition,
    TopicSpec,
    UnknownTopic,
)
from monitor.bus.embedded import EmbeddedBus

T0 = TopicPartition("t", 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "bus"


@pytest.fixture
async def bus(folder: Path) -> AsyncIterator[EmbeddedBus]:
    bus = EmbeddedBus(folder)
    await bus.start()
    await bus.ensure_topics([TopicSpec("t", partitions=1)])
    yield bus
    await bus.close()


async def _again(folder: Path, **options: object) -> EmbeddedBus:
    bus = EmbeddedBus(folder, **options)  # type: ignore[arg-type]
    await bus.start()
    return bus


async def test_files_and_folder_are_the_owner_s_alone(bus: EmbeddedBus, folder: Path) -> None:
    await bus.producer().send([Message("t", b"k", b"v")])
    assert folder.stat().st_mode & 0o777 == 0o700
    files = os.listdir(folder)
    assert {(folder / name).stat().st_mode & 0o777 for name in files} == {0o600}
    assert "leakstream.t.db" in files


async def test_a_wider_folder_is_narrowed(tmp_path: Path) -> None:
    folder = tmp_path / "bus"
    folder.mkdir(mode=0o755)
    bus = await _again(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    await bus.close()


async def test_everything_is_there_after_a_restart(bus: EmbeddedBus, folder: Path) -> None:
    await bus.producer().send([Message("t", b"k", b"%d" % i) for i in range(10)])
    consumer = await bus.consumer("g", ["t"])
    await consumer.poll(max_records=4, wait=1)
    await consumer.commit({T0: 4})
    await bus.close()
    await bus.close()
    again = await _again(folder)
    consumer = await again.consumer("g", ["t"])
    assert [r.value for r in (await consumer.poll(max_records=100, wait=1)).records] == [
        b"4",
        b"5",
        b"6",
        b"7",
        b"8",
        b"9",
    ]
    await again.close()


async def test_a_file_that_was_moved_away_is_a_counted_gap(bus: EmbeddedBus, folder: Path) -> None:
    """The advice of a damaged topic: positions stay, offsets go on behind the furthest group."""
    await bus.producer().send([Message("t", b"k", b"old") for _ in range(10)])
    fast, slow = await bus.consumer("fast", ["t"]), await bus.consumer("slow", ["t"])
    await fast.commit({T0: 8})
    await slow.commit({T0: 3})
    await bus.close()
    for name in os.listdir(folder):
        if name.startswith("leakstream.t.db"):
            (folder / name).rename(folder / f"{name}.away")
    again = await _again(folder)
    await again.ensure_topics([TopicSpec("t", partitions=1)])
    await again.producer().send([Message("t", b"k", b"new")])
    assert [
        r.value for r in (await (await again.consumer("fast", ["t"])).poll(max_records=9, wait=1)).records
    ] == [b"new"]
    batch = await (await again.consumer("slow", ["t"])).poll(max_records=9, wait=1)
    assert batch.lost == [Lost(T0, 3, 7)]
    assert [(r.offset, r.value) for r in batch.records] == [(8, b"new")]
    await again.close()


async def test_an_older_copy_put_back_is_told_and_skips_nothing(bus: EmbeddedBus, folder: Path) -> None:
    await bus.producer().send([Message("t", b"k", b"1")])
    consumer = await bus.consumer("g", ["t"])
    await consumer.commit({T0: 5})
    consumer.rewind([T0])
    with pytest.raises(BusError, match="older copy"):
        await consumer.poll(max_records=1, wait=0.1)


async def test_a_damaged_topic_names_its_file_and_leaves_the_others_alone(folder: Path) -> None:
    bus = await _again(folder)
    await bus.ensure_topics([TopicSpec("t", partitions=1), TopicSpec("u", partitions=1)])
    await bus.close()
    (folder / "leakstream.t.db").write_bytes(b"rubbish" * 5000)
    again = await _again(folder)
    with pytest.raises(BusDamaged, match=r"leakstream\.t\.db is damaged.*move the file"):
        await again.ensure_topics([TopicSpec("t", partitions=1)])
    with pytest.raises(BusDamaged):
        await again.producer().send([Message("t", b"k", b"v")])
    await again.producer().send([Message("u", b"k", b"v")])
    await again.close()


async def test_damaged_groups_stop_the_start(folder: Path) -> None:
    await (await _again(folder)).close()
    (folder / "groups.db").write_bytes(b"rubbish" * 5000)
    bus = EmbeddedBus(folder)
    with pytest.raises(BusDamaged, match=r"groups\.db"):
        await bus.start()
    await bus.close()


async def test_a_full_disk_is_back_pressure_until_retention_makes_room(folder: Path) -> None:
    now = [1_000_000.0]
    bus = await _again(folder, max_file_bytes=1024 * 1024, clock=lambda: now[0])
    await bus.ensure_topics([TopicSpec("t", partitions=1, retention_seconds=100)])
    producer, sent = bus.producer(), 0
    with pytest.raises(Backpressure) as caught:  # noqa: PT012 - until it is full
        while True:
            await producer.send([Message("t", b"k", bytes(10_000))])
            sent += 1
    assert caught.value.reason == "disk_full"
    assert sent > 30
    assert len(await bus.read(T0, 0, 1000)) == sent
    now[0] += 101
    await bus.retain()
    await producer.send([Message("t", b"k", b"after")])
    assert [(r.offset, r.value) for r in await bus.read(T0, 0, 1000)] == [(sent, b"after")]
    await bus.close()


async def test_names_that_would_leave_the_folder_are_refused(bus: EmbeddedBus) -> None:
    for name in ("../t", "a/b", "", ".hidden", "UPPER"):
        with pytest.raises(BusError):
            await bus.ensure_topics([TopicSpec(name)])
        with pytest.raises(BusError):
            await bus.producer().send([Message(name, b"k", b"v")])


async def test_a_topic_made_after_the_first_refusal_works(bus: EmbeddedBus) -> None:
    with pytest.raises(UnknownTopic):
        await bus.producer().send([Message("later", b"k", b"v")])
    await bus.ensure_topics([TopicSpec("later", partitions=1)])
    await bus.producer().send([Message("later", b"k", b"v")])


async def test_a_poll_is_bounded_in_bytes(bus: EmbeddedBus) -> None:
    for _ in range(6):
        await bus.producer().send([Message("t", b"k", bytes(5 * 1024 * 1024))])
    consumer = await bus.consumer("g", ["t"])
    counts = []
    while sum(counts) < 6:
        counts.append(len((await consumer.poll(max_records=100, wait=1)).records))
    assert counts == [4, 2]


async def test_no_partition_starves_another(folder: Path) -> None:
    bus = await _again(folder)
    await bus.ensure_topics([TopicSpec("t", partitions=4)])
    await bus.producer().send([Message("t", b"%d" % i, b"v") for i in range(400)])
    consumer = await bus.consumer("g", ["t"])
    places = set()
    for _ in range(4):
        places |= {record.place for record in (await consumer.poll(max_records=10, wait=1)).records}
    assert len(places) == 4
    await bus.close()


async def test_what_fails_in_on_revoke_is_raised_by_the_next_poll(bus: EmbeddedBus, folder: Path) -> None:
    async def on_revoke(places: Sequence[TopicPartition]) -> None:
        raise KeyError("bug")

    await bus.ensure_topics([TopicSpec("wide", partitions=4)])
    consumer = await bus.consumer("g", ["wide"], on_revoke=on_revoke)
    other = await bus.consumer("g", ["wide"])
    with pytest.raises(KeyError):  # noqa: PT012 - within a few heartbeats
        for _ in range(1000):
            await consumer.poll(max_records=1, wait=0.1)
    await consumer.close()
    for _ in range(1000):
        await other.poll(max_records=1, wait=0.05)
        if len(other.assigned) == 4:
            break
    assert len(other.assigned) == 4


async def test_a_revoke_that_hangs_is_cut_off(folder: Path) -> None:
    async def on_revoke(places: Sequence[TopicPartition]) -> None:
        await asyncio.Event().wait()

    bus = await _again(folder, revoke_seconds=0.2)
    await bus.ensure_topics([TopicSpec("t", partitions=2)])
    one = await bus.consumer("g", ["t"], on_revoke=on_revoke)
    two = await bus.consumer("g", ["t"])
    deadline = time.monotonic() + 120
    while not two.assigned and time.monotonic() < deadline:
        await one.poll(max_records=1, wait=0.05)
    assert len(one.assigned) == len(two.assigned) == 1
    await bus.close()
