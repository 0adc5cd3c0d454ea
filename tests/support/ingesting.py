"""The ingest source behind a real listener, with a bus that remembers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from browsing import Page, ask
from collecting import MemoryProducer, MemoryState
from monitor.aio import spawn
from monitor.bus.base import Message
from monitor.collectors.context import Context
from monitor.collectors.sources.ingest import PLUGIN, Settings
from monitor.contracts import REQUESTS, Request
from monitor.http import HttpClient
from monitor.metrics import Metrics
from monitor.tools import Tools
from monitor.web import Web
from monitor.websettings import WebSettings

NOW = 1_780_000_000.0
TOKEN = "an-ingest-token-of-the-tests"
SECRET = "a-webhook-secret-of-the-tests"


class StuckProducer(MemoryProducer):
    """Takes nothing until `free` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()

    async def send(self, messages: Sequence[Message]) -> None:
        await self.free.wait()
        await super().send(messages)


@dataclass
class Ingesting:
    address: str
    producer: MemoryProducer
    metrics: Metrics
    stop: asyncio.Event
    now: list[float] = field(default_factory=lambda: [NOW])

    async def post(self, path: str, data: Any = b"", **headers: str) -> Page:
        return await ask("POST", f"{self.address}/ingest{path}", data=data, **headers)

    @property
    def requests(self) -> list[Request]:
        return [Request.read(record) for record in self.producer._records(REQUESTS)]

    def dropped(self, reason: str) -> float:
        labels = {"stage": "collect", "reason": reason}
        return self.metrics.registry.get_sample_value("leakstream_dropped_total", labels) or 0.0


@asynccontextmanager
async def ingesting(
    producer: MemoryProducer | None = None,
    *,
    running: bool = True,
    state: MemoryState | None = None,
    **settings: Any,
) -> AsyncIterator[Ingesting]:
    now = [NOW]
    metrics, stop = Metrics(), asyncio.Event()
    listener = Web(WebSettings(port=0), metrics)
    clock = lambda: now[0]  # noqa: E731
    http = HttpClient(user_agent="tests", clock=clock)
    tools = Tools(http=http, metrics=metrics, state=Path(), web=listener, clock=clock)
    source = PLUGIN.build(Settings.model_validate(settings), tools)
    producer = producer or MemoryProducer()
    context = Context(
        "ingest", stop=stop, state=state or MemoryState(), producer=producer, metrics=metrics, clock=clock
    )
    address = await listener.start()
    task = spawn(source.run(context), name="ingest") if running else None
    await asyncio.sleep(0)
    try:
        yield Ingesting(address, producer, metrics, stop, now)
    finally:
        stop.set()
        await listener.close()
        if task is not None:
            await task
        await http.close()
