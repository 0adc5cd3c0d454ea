"""Receivers that are down half of the time: our webhook's, and the real Alertmanager behind a door that shuts.

Down means that a request is cut off before it is read: whoever sent it has no answer, and nothing of it was taken. What is under way when the
door shuts is finished. So whatever arrives twice was sent twice, and not because an answer was lost on the way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import orjson
from aiohttp import web

from benchmarks.bars.judging import Delivery
from monitor.aio import sleep_until
from monitor.listener import Listener

_BODY_BYTES: Final = 64 * 1024**2
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Door:
    """`open` says whether it takes anything now. `down_seconds` and `seconds` measure it; for one event loop."""

    def __init__(self, every: float, *, first: float) -> None:
        """Shut for `every` seconds, open for as long, and so on; open for `first` at the beginning."""
        self.open = True
        self.cut_off = 0
        self.down_seconds = 0.0
        self.seconds = 0.0
        self._every = every
        self._first = first

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; open then."""
        wait = self._first
        while True:
            began = time.monotonic()
            stopped = await sleep_until(stop, wait)
            passed = time.monotonic() - began
            self.seconds += passed
            self.down_seconds += 0.0 if self.open else passed
            if stopped:
                self.open = True
                return
            self.open, wait = not self.open, self._every

    @web.middleware
    async def guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not self.open:
            self.cut_off += 1
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)  # nobody reads it
        return await handler(request)


class Hook:
    """The webhook's receiver: every delivery, when it arrives."""

    def __init__(self) -> None:
        self.url = ""
        self.deliveries: list[Delivery] = []
        self.changes: dict[str, str] = {}  # key -> change

    async def receive(self, request: web.Request) -> web.Response:
        at, data = time.time(), orjson.loads(await request.read())["data"]
        key = request.headers["webhook-id"]
        self.deliveries.append(Delivery(at, key, data["dedup_key"]))
        self.changes[key] = data["change"]
        return web.Response(text="ok")

    @property
    def keys(self) -> set[str]:
        return {delivery.key for delivery in self.deliveries}


class Front:
    """In front of the Alertmanager's API: hands on what is posted, and remembers which keys were taken."""

    def __init__(self, behind: str) -> None:
        self.url = ""
        self.keys: dict[str, str] = {}  # key -> exposure's dedup key, of firing alerts
        self.posts = 0
        self._behind = behind
        self._session: aiohttp.ClientSession | None = None  # noqa: TID251 - see `ready`

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        assert self._session is not None
        url = f"{self._behind}{request.path_qs}"
        sent = {"Content-Type": request.content_type} if body else {}
        async with self._session.request(request.method, url, data=body, headers=sent) as answer:
            said = await answer.read()
            if request.method == "POST" and answer.status == 200:
                self.posts += 1
                self.keys.update(_keys(orjson.loads(body)))
            return web.Response(status=answer.status, body=said, content_type=answer.content_type)

    @asynccontextmanager
    async def ready(self) -> AsyncIterator[None]:
        # the bar speaks to loopback only, and to one server: none of what monitor.http guards
        async with aiohttp.ClientSession() as session:  # noqa: TID251
            self._session = session
            yield


def _keys(alerts: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for alert in alerts:
        if alert["labels"].get("alertname") == "LeakExposure" and "key" in alert["annotations"]:
            yield alert["annotations"]["key"], alert["labels"]["exposure"]


@asynccontextmanager
async def listening(receive: _Handler, door: Door) -> AsyncIterator[str]:
    """The base address, until the block ends."""
    app = web.Application(middlewares=[door.guard], client_max_size=_BODY_BYTES)
    app.add_routes([web.route("*", "/{rest:.*}", receive)])
    listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
    try:
        yield listener.url
    finally:
        await listener.close()
