"""Scanning processes that die, hang or eat memory stall nobody else, and the document that did it ends in the dead letters."""

import asyncio
import os
import random
import signal
import string
import sys
from pathlib import Path

import pytest
import uvloop

from monitor.bus.base import Record
from monitor.contracts import Document, FindingEvent
from monitor.identity import KeyRing
from monitor.matcher.frames import JobItem
from monitor.matcher.pool import PoolFailed, PoolSettings, ScanPool, WorkerDied
from monitor.matcher.service import MatcherService
from monitor.metrics import Metrics

HOSTILE = (sys.executable, str(Path(__file__).parents[2] / "support" / "hostile_worker.py"))
KEYS = KeyRing.of(bytes(32))
META = Document(source="test", id="1", content=b"", fetched_at=1.0).message().headers["m"]


@pytest.fixture
async def pool():
    settings = PoolSettings(command=HOSTILE, seconds=1.5, memory_bytes=256 * 1024**2)
    async with ScanPool(settings, KEYS, Metrics()) as pool:
        yield pool


def record(content, offset=0):
    message = Document(source="test", id=str(offset), content=content, fetched_at=1.0).message()
    return Record(message.topic, 0, offset, message.key, message.value, message.headers, 0.0)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"SEGFAULT", "crash"), (b"SPIN", "timeout"), (b"EAT", "memory")]
)
async def test_death_has_its_reason_and_the_next_job_works(pool, content, reason):
    with pytest.raises(WorkerDied) as death:
        await pool.scan([JobItem(META, content)])
    assert death.value.reason == reason
    answer = await pool.scan([JobItem(META, b"harmless")])
    assert answer.stats["bytes"] == 8


async def test_a_command_that_cannot_start_ends_the_stage():
    with pytest.raises(PoolFailed):
        async with ScanPool(
            PoolSettings(command=(sys.executable, "-P", "-c", "raise SystemExit(3)")), KEYS, Metrics()
        ):
            pass


async def test_a_job_has_longer_the_more_bytes_it_has(pool):
    """SLOW takes as long as 2 MiB are given; a small document would be long dead."""
    answer = await pool.scan([JobItem(META, b"SLOW" + bytes(2 * 1024**2))])
    assert answer.stats["bytes"] > 2 * 1024**2
    with pytest.raises(WorkerDied):
        await pool.scan([JobItem(META, b"SLOW")])


async def test_time_without_a_processor_does_not_count():
    """STARVED is longer at it than a job may be, but uses nothing up: as on a machine that has too much to do."""
    settings = PoolSettings(command=HOSTILE, seconds=1.0)
    async with ScanPool(settings, KEYS, Metrics()) as pool:
        answer = await pool.scan([JobItem(META, b"STARVED")])
    assert answer.stats["bytes"] == 7


async def test_one_that_gets_nowhere_is_replaced_all_the_same():
    settings = PoolSettings(command=HOSTILE, seconds=1.0, stalled=1.0)
    async with ScanPool(settings, KEYS, Metrics()) as pool:
        with pytest.raises(WorkerDied, match="timeout"):
            await pool.scan([JobItem(META, b"STUCK")])
        assert (await pool.scan([JobItem(META, b"harmless")])).stats["bytes"] == 8


async def test_less_patience_is_a_shorter_deadline(pool):
    """BRISK takes half a second of the 1.5 that there are."""
    assert (await pool.scan([JobItem(META, b"BRISK")])).stats["bytes"] == 5
    with pytest.raises(WorkerDied, match="timeout"):
        await pool.scan([JobItem(META, b"BRISK")], patience=0.1)


def combo_list(size):
    """Mail addresses and passwords, made up."""
    chance, lines, total = random.Random(1), [], 0
    while total < size:
        name = "".join(chance.choices(string.ascii_lowercase, k=8))
        password = "".join(chance.choices(string.ascii_letters + string.digits, k=10))
        lines.append(f"{name}@{name[:4]}mail.net:{password}\n")
        total += len(lines[-1])
    return "".join(lines).encode()


async def test_a_combo_list_of_3_mb_is_a_finding_and_no_dead_letter():
    """With the defaults and the rules of the library."""
    metrics = Metrics()
    async with ScanPool(PoolSettings(), KEYS, metrics) as pool:
        handled = await MatcherService(pool, metrics).handle([record(combo_list(3_000_000))])
    assert handled.dead == []
    (event,) = [FindingEvent.read(as_record(message)) for message in handled.messages]
    assert event.rule == "data-dump-email-password"
    assert event.records > 1000


async def test_it_runs_no_code_of_the_folder_that_it_is_started_in(tmp_path, monkeypatch):
    (tmp_path / "monitor").mkdir()
    (tmp_path / "monitor" / "__init__.py").write_text("raise SystemExit('this is somebody else')")
    monkeypatch.chdir(tmp_path)
    async with ScanPool(PoolSettings(), KEYS, Metrics()) as pool:
        assert (await pool.scan([JobItem(META, b"harmless")])).stats["bytes"] == 8


def as_record(message):
    return Record(message.topic, 0, 0, message.key, message.value, message.headers, 0.0)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_process_that_dies_while_idle_is_replaced(new_loop):
    """On both loops: the service runs on uvloop, whose closed pipes answer a write with another exception."""

    async def scenario():
        async with ScanPool(PoolSettings(command=HOSTILE), KEYS, Metrics()) as pool:
            (worker,) = pool._all
            os.kill(worker._process.pid, signal.SIGKILL)
            await worker._process.wait()
            handled = await MatcherService(pool, Metrics()).handle([record(b"harmless")])
            assert not handled.dead
            (replaced,) = pool._all
            assert replaced is not worker

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(scenario())
