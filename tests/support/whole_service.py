"""The whole service in this process: a configuration written for it, run until the block ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from browsing import Page, ask
from monitor.aio import cancel, spawn
from monitor.app import ALL_STAGES, Addresses, Service, Stage, load_config
from monitor.config import Config

PATIENCE = 120.0  # seconds, for what must happen at last
_HEAD = """
state = "state"
external_url = "http://leakstream.example"
[web]
port = 0
[metrics]
port = 0
[http]
allow_private = ["127.0.0.1"]
"""


@dataclass
class Running:
    """`task` ends when the service does."""

    service: Service
    addresses: Addresses
    task: asyncio.Task[None]
    stop: asyncio.Event

    async def get(self, path: str) -> Page:
        """A page of the console or an answer of the API."""
        return await ask("GET", self.addresses.web + path)

    async def health(self, path: str) -> Page:
        """/metrics, /healthz or /readyz."""
        return await ask("GET", self.addresses.health + path)

    def metric(self, name: str, **labels: str) -> float:
        return self.service.metrics.registry.get_sample_value(f"leakstream_{name}", labels) or 0.0

    async def until(self, what: Callable[[], bool] | Callable[[], Awaitable[bool]]) -> None:
        """Wait for it; what ended the service is raised. Raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while True:
                if self.task.done():
                    self.task.result()
                    raise AssertionError("the service ended by itself")
                answer = what()
                if answer if isinstance(answer, bool) else await answer:
                    return
                await asyncio.sleep(0.02 if isinstance(answer, bool) else 0.1)  # the console limits requests

    async def exposures(self, count: int) -> list[dict[str, Any]]:
        """What the API lists, as soon as there are `count`."""
        found: list[dict[str, Any]] = []

        async def enough() -> bool:
            try:
                page = await self.get("/api/v1/exposures?state=all&limit=200")
            except aiohttp.ClientError:  # it is ending; `until` says why
                return False
            found[:] = page.json["exposures"]
            return len(found) >= count

        await self.until(enough)
        return found


def configure(folder: Path, text: str) -> Path:
    """A configuration file with free ports and a state folder of its own."""
    path = folder / "leakstream.toml"
    path.touch(mode=0o600)
    path.write_text(_HEAD + text, encoding="utf-8")
    return path


@asynccontextmanager
async def running(
    config: Path | Config, *, stages: frozenset[Stage] = ALL_STAGES, clock: Callable[[], float] = time.time
) -> AsyncIterator[Running]:
    """Ends it in order; what ended it before is raised."""
    stop = asyncio.Event()
    ready: asyncio.Future[Addresses] = asyncio.get_running_loop().create_future()
    service = Service(config if isinstance(config, Config) else load_config(config, {}), stages, clock=clock)
    task = spawn(service.run(stop, ready.set_result), name="service")
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        ready.cancel()
        await task
    try:
        yield Running(service, ready.result(), task, stop)
    except BaseException:
        stop.set()
        await asyncio.wait({task}, timeout=10)
        if not task.done():
            await cancel(task)
        raise
    stop.set()
    await task
