"""From a document's arrival at the collector to the POST at the notifier, the three stages as processes of their own."""

from __future__ import annotations

import asyncio
import http.client
import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web

from benchmarks.bars.fleet import Fleet
from benchmarks.pipeline.case import FOLDER, Case
from benchmarks.pipeline.documents import documents
from monitor.contracts import Document
from monitor.listener import Listener

RATE: Final = 300  # documents a second
_BURST: Final = 15  # documents a request
_LEAK_EVERY: Final = 50
_SECONDS: Final = 30
_QUICK_SECONDS: Final = 8
_LEFT_OUT: Final = 2.0  # seconds of the beginning: connections are made, code is read
_PATIENCE_SECONDS: Final = 30.0


@dataclass(slots=True)
class _Pages:
    """When each page came, by the path of its document."""

    came: dict[str, float] = field(default_factory=dict)
    _new: asyncio.Event = field(default_factory=asyncio.Event)

    async def reach(self, count: int) -> None:
        while len(self.came) < count:
            self._new.clear()
            await self._new.wait()

    async def receive(self, request: web.Request) -> web.Response:
        at = time.monotonic()
        path = orjson.loads(await request.read())["data"]["exposure"]["places"][0]["path"]
        self.came.setdefault(path, at)
        self._new.set()
        return web.Response()


async def measure(bootstrap: str, *, quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """At a modest rate. An arrival is the moment before its request is sent."""
    pages = _Pages()
    app = web.Application()
    app.add_routes([web.post("/hook", pages.receive)])
    listener = await Listener.open(app, "127.0.0.1", 0, grace=1.0)
    try:
        case = Case.fresh(bootstrap, hook=f"{listener.url}/hook")
        with Fleet(FOLDER / "logs", case.config) as fleet:
            for stage in ("collect", "match", "alert"):
                fleet.start(stage, stage)
            for member in fleet.members.values():
                await asyncio.to_thread(fleet.wait_ready, member)
            say(f"latency on {'kafka' if bootstrap else 'embedded'}, {RATE} documents/s")
            seconds = _QUICK_SECONDS if quick else _SECONDS
            arrivals = await _send(case, fleet.members["collect"].web_port, seconds)
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await pages.reach(len(arrivals))
            await asyncio.to_thread(fleet.stop)
        await case.discard()
    finally:
        await listener.close()
    return {
        "bus": "kafka" if bootstrap else "embedded",
        "documents_per_s": RATE,
        **judged(arrivals, pages.came),
    }


def judged(arrivals: dict[str, float], came: dict[str, float]) -> dict[str, Any]:
    """Percentiles over all pages whose document arrived after the first seconds. A page that never came makes them meaningless: compare
    `pages` with `expected`.
    """
    begin = min(arrivals.values()) + _LEFT_OUT
    waits = sorted(came[path] - at for path, at in arrivals.items() if at >= begin and path in came)
    cuts: Sequence[float] = statistics.quantiles(waits, n=100, method="inclusive")
    return {
        "expected": len(arrivals),
        "pages": len(arrivals.keys() & came.keys()),
        "p50_s": round(cuts[49], 4),
        "p99_s": round(cuts[98], 4),
        "max_s": round(waits[-1], 4),
    }


async def _send(case: Case, port: int, seconds: int) -> dict[str, float]:
    """Path of each document with a leak -> when it arrived."""
    arrivals: dict[str, float] = {}
    burst: list[Document] = []
    began, sent = time.monotonic(), 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        for number, document in enumerate(documents(RATE * seconds, 2048, leak_every=_LEAK_EVERY)):
            if number % _LEAK_EVERY == _LEAK_EVERY // 2:
                arrivals[document.provenance.path] = 0.0
            burst.append(document)
            if len(burst) < _BURST:
                continue
            await asyncio.sleep(max(0.0, began + sent / RATE - time.monotonic()))
            at = time.monotonic()
            arrivals |= {d.provenance.path: at for d in burst if d.provenance.path in arrivals}
            await asyncio.to_thread(_post, connection, case.token, burst)
            sent += len(burst)
            burst = []
    finally:
        connection.close()
    return {path: at for path, at in arrivals.items() if at}


def _post(connection: http.client.HTTPConnection, token: str, burst: Sequence[Document]) -> None:
    body = b"\n".join(
        orjson.dumps(
            {
                "id": document.id,
                "content": document.content.decode("utf-8", "replace"),
                "forge": document.provenance.forge,
                "repository": document.provenance.repository,
                "owner": document.provenance.owner,
                "path": document.provenance.path,
            }
        )
        for document in burst
    )
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    connection.request("POST", "/ingest/v1/documents", body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != http.client.ACCEPTED:
        raise RuntimeError(f"the ingest source answered {answer.status}")
