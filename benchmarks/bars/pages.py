"""The receivers at the end of a latency: the service's own webhook, and the webhook of an Alertmanager. Both write down when the page of
each leak came for the first time, by the path at which the leak stands.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.listener import Listener

_BODY_BYTES: Final = 16 * 1024**2


class Pages:
    """`came`: path -> time.monotonic() at which its page was there; `posts` counts requests, repeats included. For one event loop."""

    def __init__(self, paths: Callable[[Any], Iterable[str]]) -> None:
        """`paths` reads a request's JSON."""
        self.url = ""
        self.came: dict[str, float] = {}
        self.posts = 0
        self._paths = paths
        self._new = asyncio.Event()

    async def receive(self, request: web.Request) -> web.Response:
        at = time.monotonic()
        for path in self._paths(orjson.loads(await request.read())):
            self.came.setdefault(path, at)
        self.posts += 1
        self._new.set()
        return web.Response()

    async def reach(self, count: int, *, patience: float) -> bool:
        """Whether so many came, after at most `patience` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while len(self.came) < count:
                    self._new.clear()
                    await self._new.wait()
        return len(self.came) >= count

    def waits(self, arrivals: dict[str, float]) -> list[float]:
        """Seconds from each arrival to its page, of those that came."""
        return [self.came[path] - at for path, at in arrivals.items() if path in self.came]


def of_webhook(body: Any) -> list[str]:
    """Of [notifiers.webhook]."""
    return [place["path"] for place in body["data"]["exposure"]["places"][:1]]


def of_alertmanager(body: Any) -> list[str]:
    """Of Alertmanager's webhook receiver, version 4: its `place` is repository and path."""
    return [
        alert["annotations"]["place"].rpartition(" ")[2]
        for alert in body["alerts"]
        if alert["status"] == "firing" and alert["labels"]["alertname"] == "LeakExposure"
    ]


@asynccontextmanager
async def pages(paths: Callable[[Any], Iterable[str]]) -> AsyncIterator[Pages]:
    """A receiver that is there until the block ends."""
    found = Pages(paths)
    app = web.Application(client_max_size=_BODY_BYTES)
    app.add_routes([web.post("/hook{rest:.*}", found.receive)])
    listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
    found.url = f"{listener.url}/hook"
    try:
        yield found
    finally:
        await listener.close()
