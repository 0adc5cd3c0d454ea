"""Tasks that are kept, named and waited for."""

from __future__ import annotations

import asyncio
import gc

import pytest

from monitor.aio import cancel, sleep_until, spawn, supervise


async def test_a_spawned_task_lives_without_a_reference() -> None:
    done = asyncio.Event()

    async def work() -> None:
        await asyncio.sleep(0)
        done.set()

    assert spawn(work(), name="work").get_name() == "work"
    gc.collect()
    await done.wait()


async def test_cancel_waits_and_raises_what_else_happened() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            raise ValueError("on the way out")

    task = spawn(stubborn(), name="stubborn")
    quiet = spawn(asyncio.sleep(3600), name="quiet")
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="on the way out"):
        await cancel(task, quiet)
    assert quiet.cancelled()


async def test_sleep_ends_early_when_it_is_told_to() -> None:
    stop = asyncio.Event()
    assert await sleep_until(stop, 0.001) is False
    stop.set()
    assert await sleep_until(stop, 3600) is True


async def test_the_first_that_fails_stops_the_others_and_is_raised() -> None:
    ended: list[str] = []

    async def good(stop: asyncio.Event) -> None:
        await stop.wait()
        ended.append("good")

    async def bad(_: asyncio.Event) -> None:
        raise KeyError("bad")

    async def late(stop: asyncio.Event) -> None:
        await stop.wait()
        raise ValueError("a consequence")

    with pytest.raises(KeyError):
        await supervise({"late": late, "good": good, "bad": bad}, asyncio.Event())
    assert ended == ["good"]


async def test_what_does_not_stop_is_cancelled_after_the_grace() -> None:
    stop = asyncio.Event()
    stop.set()

    async def deaf(_: asyncio.Event) -> None:
        await asyncio.sleep(3600)

    await supervise({"deaf": deaf}, stop, grace=0.01)
