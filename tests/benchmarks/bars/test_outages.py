"""A door that shuts: what comes meanwhile is cut off unread, what was under way is finished."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from aiohttp import web

from benchmarks.bars.outages import Door, Hook, listening
from browsing import ask
from monitor.aio import spawn

BODY = b'{"data": {"dedup_key": "d", "change": "opened"}}'


async def post(url: str) -> int:
    return (await ask("POST", url, data=BODY, webhook_id="k")).status


async def test_a_shut_door_takes_nothing() -> None:
    door, hook = Door(1.0, first=1.0), Hook()
    async with listening(hook.receive, door) as url:
        assert await post(url + "/hook") == 200
        door.open = False
        with pytest.raises(aiohttp.ClientError):
            await post(url + "/hook")
        assert (door.cut_off, len(hook.deliveries)) == (1, 1)
        door.open = True
        assert await post(url + "/hook") == 200
    assert hook.keys == {"k"}
    assert hook.changes == {"k": "opened"}


async def test_what_is_under_way_is_finished() -> None:
    door, begun, go = Door(1.0, first=1.0), asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.Response:
        begun.set()
        await go.wait()
        return web.Response()

    async with listening(slow, door) as url:
        asking = spawn(post(url), name="post")
        await begun.wait()
        door.open = False
        go.set()
        assert await asking == 200


async def test_it_is_shut_half_of_the_time_and_open_at_the_end() -> None:
    door, stop = Door(0.02, first=0.02), asyncio.Event()
    running = spawn(door.run(stop), name="door")
    seen: set[bool] = set()
    while len(seen) < 2:
        seen.add(door.open)
        await asyncio.sleep(0.001)
    stop.set()
    await running
    assert door.open
    assert 0 <= door.down_seconds <= door.seconds
