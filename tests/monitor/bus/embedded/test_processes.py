"""Several real processes on one folder, and kill -9."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import bus_process
from monitor.bus.base import Record, TopicPartition, TopicSpec
from monitor.bus.embedded import EmbeddedBus


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[EmbeddedBus]:
    bus = EmbeddedBus(tmp_path / "bus", session_seconds=bus_process.SESSION)
    await bus.start()
    await bus.ensure_topics([TopicSpec("t")])
    yield bus
    await bus.close()


class Process:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    @classmethod
    async def start(cls, folder: Path, *arguments: object) -> Process:
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                bus_process.__file__,
                str(folder),
                *map(str, arguments),
                stdout=asyncio.subprocess.PIPE,
            )
        )

    async def read(self, count: int) -> None:
        """Until it has printed `count` lines in all."""
        assert self._process.stdout is not None
        async with asyncio.timeout(120):
            while len(self.lines) < count:
                line = await self._process.stdout.readline()
                assert line, "it ended too early"
                self.lines.append(line.decode().strip())

    async def end(self) -> list[str]:
        """Everything it printed until its end."""
        assert self._process.stdout is not None
        async with asyncio.timeout(120):
            rest = await self._process.stdout.read()
            await self._process.wait()
        self.lines += rest.decode().split()
        return self.lines

    async def kill(self) -> list[str]:
        os.kill(self._process.pid, signal.SIGKILL)
        return await self.end()


async def _everything(bus: EmbeddedBus) -> list[Record]:
    return [r for p in range(4) for r in await bus.read(TopicPartition("t", p), 0, 1_000_000)]


async def test_what_was_acknowledged_survives_the_kill_of_its_producer(
    bus: EmbeddedBus, tmp_path: Path
) -> None:
    acknowledged: list[int] = []
    for round_ in range(3):
        producer = await Process.start(tmp_path / "bus", "produce", "t", round_ * 100_000, 100_000, 25, 0)
        await producer.read(500 + 137 * round_)
        acknowledged += map(int, await producer.kill())
    records = await _everything(bus)
    stored = [int(record.headers["n"]) for record in records]
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    # a call is written whole or not at all
    assert {n // 25 for n in stored} == {n // 25 for n in stored if n % 25 == 0}
    assert all(sum(n // 25 == call for n in stored) == 25 for call in {n // 25 for n in stored})
    # and the bus goes on
    follower = await Process.start(tmp_path / "bus", "produce", "t", 900_000, 10, 10, 0)
    assert len(await follower.end()) == 10


async def test_producers_of_several_processes_lose_and_mix_nothing(bus: EmbeddedBus, tmp_path: Path) -> None:
    producers = [
        await Process.start(tmp_path / "bus", "produce", "t", i * 10_000, 600, 5, 0) for i in range(3)
    ]
    for producer in producers:
        assert len(await producer.end()) == 600
    records = await _everything(bus)
    assert {int(r.headers["n"]) for r in records} == {i * 10_000 + n for i in range(3) for n in range(600)}
    for partition in range(4):
        mine = [r for r in records if r.partition == partition]
        assert [r.offset for r in mine] == list(range(len(mine)))  # dense, none given twice
    by_producer_and_key = defaultdict(list)
    for record in sorted(records, key=lambda r: (r.partition, r.offset)):
        number = int(record.headers["n"])
        by_producer_and_key[number // 10_000, record.key].append(number)
    assert all(numbers == sorted(numbers) for numbers in by_producer_and_key.values())


async def test_consumers_are_killed_and_replaced_and_every_record_is_read(
    bus: EmbeddedBus, tmp_path: Path
) -> None:
    victims = [await Process.start(tmp_path / "bus", "consume", "t", "g", 60) for _ in range(2)]
    for victim in victims:
        await victim.read(1)
    producer = await Process.start(tmp_path / "bus", "produce", "t", 0, 600, 10, 0.02)
    await victims[0].read(40)
    read = await victims[0].kill()
    heir = await Process.start(tmp_path / "bus", "consume", "t", "g", 60)
    await heir.read(1)
    await victims[1].read(60)
    read += await victims[1].kill()
    await producer.end()
    async with asyncio.timeout(120):
        while any(lag.records for lag in (await bus.lag("g", ["t"])).values()):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
    read += await heir.kill()
    numbers = [int(line) for line in read if line.isdigit()]
    assert set(numbers) == set(range(600))
    # only batches whose commit a kill cut off come twice
    assert len(numbers) - 600 <= 2 * 20
