"""The receiver at the end: a webhook on loopback that writes down every delivery when it arrives."""

from __future__ import annotations

import asyncio
import time

import orjson
from aiohttp import web

from benchmarks.bars.judging import Delivery
from monitor.listener import Listener

_ANSWER_SECONDS = 0.05  # how long a delivery is under way, so that kills can fall into one


class Pager:
    """For one event loop."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self._arrived = asyncio.Event()
        self._listener: Listener | None = None

    async def start(self) -> str:
        """The address to post to."""
        app = web.Application()
        app.add_routes([web.post("/hook", self._receive)])
        self._listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
        return f"{self._listener.url}/hook"

    async def close(self) -> None:
        if self._listener is not None:
            await self._listener.close()

    async def next_delivery(self) -> None:
        """Return while the next one still waits for its answer."""
        self._arrived.clear()
        await self._arrived.wait()

    async def _receive(self, request: web.Request) -> web.Response:
        at = time.time()
        data = orjson.loads(await request.read())["data"]
        self.deliveries.append(Delivery(at, request.headers["webhook-id"], data["dedup_key"]))
        self._arrived.set()
        await asyncio.sleep(_ANSWER_SECONDS)
        return web.Response(text="ok")
