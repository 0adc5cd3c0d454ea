"""A receiver on loopback and notifiers that deliver to it."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from alerting_samples import NOON, exposure, place
from monitor.alerting.exposures.view import exposure_object
from monitor.alerting.notifiers.base import Announcement, Change, Notification, Stand, Topic
from monitor.alerting.telling.standing import labels_of, stands
from monitor.http import HttpClient
from monitor.metrics import Metrics
from monitor.store.model import Told
from monitor.tools import Tools

CONSOLE = "https://leaks.acme.example"
SECRET = "whsec_" + "c3ludGhldGljIGtleSBmb3IgYSB0ZXN0IQ=="


def harmless(text: str) -> bool:
    """Whether nothing in it is invisible, turns the line around or breaks it."""
    return not any(unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"} for c in text)


@dataclass
class Answer:
    """What the receiver says next, and what it was asked."""

    status: int = 200
    text: str = "ok"
    headers: dict[str, str] = field(default_factory=dict)
    hold: asyncio.Event | None = None  # answers wait for it
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        return [headers.get("webhook-id", "") for headers, _ in self.requests]


@asynccontextmanager
async def receiver() -> AsyncIterator[tuple[str, Answer]]:
    answer = Answer()

    async def handle(request: web.Request) -> web.Response:
        answer.requests.append((dict(request.headers), await request.read()))
        answer.paths.append(request.path)
        if answer.hold is not None:
            await answer.hold.wait()
        return web.Response(status=answer.status, text=answer.text, headers=answer.headers)

    app = web.Application()
    app.router.add_post("/hook{more:.*}", handle)  # some notifiers know the path below
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/hook", answer
    finally:
        await runner.cleanup()


def standing(
    leak: str = "a", *, key: str = "k", action: str = "page", ended: float | None = None, **other: Any
) -> Stand:
    """One stand of an exposure; `ended`: when it was closed."""
    row = exposure(leak, **({"state": "closed", "closed_at": ended} if ended else {}), **other)
    told = [Told(row.id, key, row.opening, "opened", action, NOON, labels_of(row))]
    (stand,) = stands(told, row, exposure_object(row, (), console=CONSOLE))
    return stand


@asynccontextmanager
async def tools(folder: Path) -> AsyncIterator[Tools]:
    async with HttpClient(user_agent="leakstream test", allow_private=["127.0.0.1"]) as http:
        yield Tools(http=http, metrics=Metrics(), state=folder, clock=lambda: NOON)


def notification(change: Change = Change.OPENED, *, console: str = "", **other: Any) -> Notification:
    """About an exposure with one place, told as a page."""
    row = exposure(**other)
    seen = place(1)
    where = {"forge": "github.com", "repository": row.repository, "path": row.path, "line": 3}
    kept = {"number": 1, "seen_at": NOON, "published_at": None, "source": "git"}
    kept |= {"public": "unknown", "checked_at": None, "removed_at": None}
    shown = {**kept, "snippet": "token = ex_…yz", "blob_sha": seen.blob_sha, "place": where}
    whole = exposure_object(row, [shown], console=console)
    told = [Told(row.id, "k" * 32, row.opening, "opened", "page", NOON, labels_of(row))]
    return Notification(
        key="k" * 32,
        dedup_key=row.id[:32],
        change=change,
        exposure=whole,
        created_at=NOON,
        standing=stands(told, row, whole),
    )


def announcement(topic: Topic = Topic.INCIDENT, **other: Any) -> Announcement:
    """Two more of one repository."""
    values: dict[str, Any] = {
        "key": "s" * 32,
        "dedup_key": "d" * 32,
        "topic": topic,
        "action": "page",
        "severity": "high",
        "headline": "2 more in acme/code",
        "lines": ["by severity: 2 high", "aaaaaaaaaaaa high: Example token at a.env"],
        "created_at": NOON,
        "url": f"{CONSOLE}/exposures?state=all&q=acme%2Fcode",
        "carries": ("1" * 32, "2" * 32),
    }
    return Announcement(**(values | other))
