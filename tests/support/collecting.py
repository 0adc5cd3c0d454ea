"""Fakes at the collectors' seams: a memory for the state, a bus that takes or refuses, a clock that jumps, a loopback server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.bus.base import Backpressure, Message, Record, RetryableError
from monitor.collectors.base import Source
from monitor.collectors.service import CollectorService
from monitor.contracts import (
    COVERAGE,
    DOCUMENTS,
    REQUESTS,
    SIGHTINGS,
    CoverageEvent,
    Document,
    Request,
    Sighting,
)
from monitor.http import HttpClient
from monitor.metrics import Metrics
from monitor.tools import Tools

START = 1_780_000_000.0


class Time:
    """A clock that only moves when somebody sleeps; sets `stop` when `until` is reached."""

    def __init__(self, now: float = START, until: float = float("inf")) -> None:
        self.now = now
        self.until = until
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, stop: asyncio.Event, seconds: float) -> bool:
        if stop.is_set():
            return True
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)
        if self.now >= self.until:
            stop.set()
        return stop.is_set()


class MemoryState:
    """A CollectorState; `log` has the order of what was saved."""

    def __init__(self) -> None:
        self.cursors: dict[tuple[str, str], str] = {}
        self.seen: set[tuple[str, bytes]] = set()
        self.blobs: set[bytes] = set()
        self.asked: dict[tuple[str, str, str], Request] = {}

    async def fresh(self, blobs: Sequence[bytes]) -> set[bytes]:
        return set(blobs) - self.blobs

    async def handed_in(
        self,
        source: str,
        *,
        blobs: Iterable[bytes] = (),
        seen: Iterable[bytes] = (),
        cursor: str | None = None,
        cursor_name: str = "",
    ) -> None:
        self.blobs.update(blobs)
        if seen := list(seen):
            await self.mark_seen(source, seen)
        if cursor is not None:
            await self.save_cursor(source, cursor, cursor_name)

    async def add_requests(self, requests: Sequence[Request]) -> None:
        for request in requests:
            self.asked.setdefault((request.source, request.kind, request.target), request)

    async def requests(self, source: str) -> Sequence[Request]:
        return [request for request in self.asked.values() if request.source == source][:100]

    async def finish_request(self, request: Request) -> None:
        self.asked.pop((request.source, request.kind, request.target), None)

    async def cursor(self, source: str, name: str = "") -> str | None:
        return self.cursors.get((source, name))

    async def save_cursor(self, source: str, value: str, name: str = "") -> None:
        self.cursors[source, name] = value

    async def unseen(self, source: str, keys: Sequence[bytes]) -> set[bytes]:
        assert all(len(key) <= 32 for key in keys)
        return {key for key in keys if (source, key) not in self.seen}

    async def mark_seen(self, source: str, keys: Iterable[bytes]) -> None:
        self.seen.update((source, key) for key in keys)


class BusyState(MemoryState):
    """Fails `times` calls, each as a store does that is locked or whose disk is full."""

    def __init__(self, times: float) -> None:
        super().__init__()
        self.times = times

    def _busy(self) -> None:
        if self.times:
            self.times -= 1
            raise RetryableError("locked")

    async def cursor(self, source: str, name: str = "") -> str | None:
        self._busy()
        return await super().cursor(source, name)

    async def save_cursor(self, source: str, value: str, name: str = "") -> None:
        self._busy()
        await super().save_cursor(source, value, name)

    async def unseen(self, source: str, keys: Sequence[bytes]) -> set[bytes]:
        self._busy()
        return await super().unseen(source, keys)

    async def mark_seen(self, source: str, keys: Iterable[bytes]) -> None:
        self._busy()
        await super().mark_seen(source, keys)

    async def fresh(self, blobs: Sequence[bytes]) -> set[bytes]:
        self._busy()
        return await super().fresh(blobs)

    async def handed_in(
        self,
        source: str,
        *,
        blobs: Iterable[bytes] = (),
        seen: Iterable[bytes] = (),
        cursor: str | None = None,
        cursor_name: str = "",
    ) -> None:
        self._busy()
        self.blobs.update(blobs)
        await MemoryState.mark_seen(self, source, seen)
        if cursor is not None:
            await MemoryState.save_cursor(self, source, cursor, cursor_name)


class MemoryProducer:
    """A Producer that keeps what it is sent; `refusals` times it says Backpressure first."""

    def __init__(self, refusals: int = 0) -> None:
        self.messages: list[Message] = []
        self.refusals = refusals

    async def send(self, messages: Sequence[Message]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise Backpressure("full", retry_after=2.0)
        self.messages += messages

    async def close(self) -> None: ...

    def _records(self, topic: str) -> list[Record]:
        return [
            Record(m.topic, 0, i, m.key, m.value, m.headers, 0.0)
            for i, m in enumerate(self.messages)
            if m.topic == topic
        ]

    @property
    def documents(self) -> list[Document]:
        return [Document.read(record) for record in self._records(DOCUMENTS)]

    @property
    def coverage(self) -> list[CoverageEvent]:
        return [CoverageEvent.read(record) for record in self._records(COVERAGE)]

    @property
    def requests(self) -> list[Request]:
        return [Request.read(record) for record in self._records(REQUESTS)]

    @property
    def sightings(self) -> list[Sighting]:
        return [Sighting.read(record) for record in self._records(SIGHTINGS)]

    def skipped(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for event in self.coverage:
            for reason, count in event.skipped.items():
                total[reason] = total.get(reason, 0) + count
        return total


class Bench:
    """One source with everything around it. `await bench.run(source, seconds=...)` runs it for that much of its own time."""

    def __init__(self, state: MemoryState | None = None, producer: MemoryProducer | None = None) -> None:
        self.time = Time()
        self.state = state or MemoryState()
        self.producer = producer or MemoryProducer()
        self.metrics = Metrics()
        self.http = HttpClient(
            user_agent="leakstream tests (nobody@example.com)",
            allow_private=("127.0.0.1",),
            timeout=5.0,
            idle=2.0,
            clock=self.time,
        )
        self.tools = Tools(http=self.http, metrics=self.metrics, state=Path(), clock=self.time)

    async def run(self, name: str, source: Source, seconds: float) -> CollectorService:
        self.time.until = self.time.now + seconds
        service = CollectorService(
            {name: source},
            self.producer,
            self.state,
            self.metrics,
            clock=self.time,
            sleep=self.time.sleep,
        )
        await service.run(asyncio.Event())
        return service

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(name, labels) or 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback that gives every request to `handler`; its base URL."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


@asynccontextmanager
async def raw_serving(answer: bytes, *, then: float = 0.0) -> AsyncIterator[str]:
    """A server that says these bytes whatever it is asked, waits `then` seconds and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            await asyncio.sleep(then)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


def reply(value: Any, status: int = 200, **headers: str) -> web.Response:
    """JSON, with headers written `X_Poll_Interval="60"`."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return web.Response(
        body=orjson.dumps(value), status=status, content_type="application/json", headers=named
    )
