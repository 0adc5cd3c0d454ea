"""Several processes that deliver from one store, of either kind: nobody is told twice, and who stood still for too long writes nothing."""

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from alerting_samples import NOON, exposure, open_store, put, store_place, tell, telling
from monitor.store.tables import outbox
from notifier_samples import receiver

pytestmark = pytest.mark.usefixtures("each_store")

SCRIPT = str(Path(sys.modules["notifier_samples"].__file__).with_name("deliver_until_killed.py"))
AT_ONCE = 32  # deliveries of one process


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


@asynccontextmanager
async def worker(folder, url):
    """A process that delivers by the clock in `folder`, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, SCRIPT, str(store_place(folder)), url, str(folder / "clock")
    )
    try:
        yield process
    finally:
        process.kill()  # one that was stopped as well
        await process.wait()


def set_clock(folder, now):
    new = folder / "clock.new"
    new.write_text(repr(now))
    new.replace(folder / "clock")


async def wait_until(true):
    async with asyncio.timeout(120):
        while not await true():  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.02)


async def rows(store):
    async with store.read() as connection:
        columns = outbox.c.id, outbox.c.state, outbox.c.fence, outbox.c.attempts, outbox.c.delivered_at
        return [tuple(row) for row in await connection.execute(select(*columns).order_by(outbox.c.id))]


async def fill(store, *names):
    await put(store, *(exposure(name) for name in names))
    await tell(store, *(telling(f"key-{name}", leak=name) for name in names))


async def test_each_is_told_once_by_one_of_them(store, tmp_path):
    set_clock(tmp_path, NOON)
    names = [str(n) for n in range(2 * AT_ONCE)]
    await fill(store, *names)
    held = asyncio.Event()
    async with receiver() as (url, answer), worker(tmp_path, url), worker(tmp_path, url):
        answer.hold = held

        async def both_are_at_it():
            return len(answer.requests) > AT_ONCE

        async def all_are_delivered():
            return all(state == "delivered" for _, state, *_ in await rows(store))

        await wait_until(both_are_at_it)
        held.set()
        await wait_until(all_are_delivered)
    assert Counter(answer.keys) == Counter(f"key-{name}" for name in names)
    assert {(fence, attempts) for _, _, fence, attempts, _ in await rows(store)} == {(1, 1)}


async def test_one_that_stood_still_past_its_lease_writes_nothing(store, tmp_path):
    set_clock(tmp_path, NOON)
    await fill(store, "a", "b", "c")
    held = asyncio.Event()
    async with receiver() as (url, answer):
        answer.hold = held
        async with worker(tmp_path, url) as paused:

            async def told(count):
                return len(answer.requests) >= count

            await wait_until(lambda: told(3))
            os.kill(paused.pid, signal.SIGSTOP)
            set_clock(tmp_path, NOON + 100)  # the leases have run out
            async with worker(tmp_path, url):
                await wait_until(lambda: told(6))
                held.set()  # both are answered; only one can read it

                async def delivered():
                    return [(state, fence) for _, state, fence, *_ in await rows(store)] == [
                        ("delivered", 2)
                    ] * 3

                await wait_until(delivered)
            before = await rows(store)
            set_clock(tmp_path, NOON + 200)
            os.kill(paused.pid, signal.SIGCONT)
            await fill(
                store, "later"
            )  # is told by the one that stood still: it has dealt with what it was at

            async def told_later():
                return [state for _, state, *_ in (await rows(store))[3:]] == ["delivered"]

            await wait_until(told_later)
    assert (await rows(store))[:3] == before
    assert Counter(answer.keys) == {"key-a": 2, "key-b": 2, "key-c": 2, "key-later": 1}
