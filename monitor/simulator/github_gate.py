"""What every request to the GitHub API goes through: user agent, API version, limits, ETag, the headers of each answer."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import orjson
from aiohttp import web

from monitor.simulator.clock import http_date
from monitor.simulator.faults import FAULT, FaultKind
from monitor.simulator.github_tokens import Tokens
from monitor.simulator.journal import Journal, client_of
from monitor.simulator.limits import Limits, Verdict

Handler = Callable[[web.Request], Awaitable[web.Response]]

_VERSIONS: Final = frozenset({"", "2022-11-28", "2026-03-10"})
_DOCS: Final = "https://docs.github.com/rest"
_SECONDARY: Final = (
    "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
)


def answer(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """JSON as GitHub sends it."""
    return web.Response(
        body=orjson.dumps(value),
        status=status,
        headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})},
    )


def error(status: int, message: str, **more: object) -> web.Response:
    """`status` in the body is a string, as in newer answers."""
    return answer(
        {"message": message, **more, "documentation_url": _DOCS, "status": str(status)}, status=status
    )


class Gate:
    """Wraps handlers. Knows the limits of every client that ever asked."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        with_token: int = 5000,
        without_token: int = 60,
        points_per_minute: int = 900,
        concurrent: int = 100,
        journal: Journal | None = None,
        tokens: Tokens | None = None,
    ) -> None:
        self._tokens = tokens or Tokens()
        self._journal = Journal() if journal is None else journal  # an empty one is false
        self.minted: dict[str, float] = {}  # tokens of installations -> when they end
        self._told: dict[str, float] = {}  # client -> until when it was told to wait
        self._clock = clock
        self._per_hour = (with_token, without_token)
        self._points = points_per_minute
        self._concurrent = concurrent
        self._limits: dict[str, Limits] = {}

    def limits(self, request: web.Request) -> Limits:
        """All requests with one token share one; all without share their address's."""
        client = client_of(request)
        if client not in self._limits:
            per_hour = self._per_hour[0] if client.startswith("token:") else self._per_hour[1]
            self._limits[client] = Limits(
                self._clock,
                per_hour=per_hour,
                points_per_minute=self._points,
                concurrent=self._concurrent,
            )
        return self._limits[client]

    def wrap(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            if not request.headers.get("User-Agent"):
                self._journal.violate(request, "no_user_agent", at=self._clock())
                text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header."
                return web.Response(status=403, text=text, content_type="text/html")
            if request.headers.get("X-GitHub-Api-Version", "") not in _VERSIONS:
                return error(400, "This version of the API does not exist.")
            token = request.headers.get("Authorization", "").partition(" ")[2]
            if self.minted.get(token, self._clock() + 1) <= self._clock():
                return error(401, "Bad credentials")
            if (refused := self._tokens.refused(request)) is not None:
                return error(*refused)
            limits = self.limits(request)
            if self._clock() < self._told.get(client_of(request), 0.0):
                self._journal.violate(request, "told_to_wait", at=self._clock())
            try:
                made = self._refused(request, limits) or await self._answered(request, limits, handler)
            finally:
                limits.end()
            self._tell_to_wait(request, made, limits)
            made.headers.update(self._tokens.headers(request))
            return self._finish(made, limits)

        return guarded

    def free(self, handler: Handler) -> Handler:
        """Of what costs nothing: only who asks is looked at."""

        async def guarded(request: web.Request) -> web.Response:
            if (refused := self._tokens.refused(request)) is not None:
                return error(*refused)
            made = await handler(request)
            made.headers.update(self._tokens.headers(request))
            return self._finish(made, self.limits(request))

        return guarded

    def _tell_to_wait(self, request: web.Request, made: web.Response, limits: Limits) -> None:
        """What this answer obliges the client to: Retry-After, or the reset of a window that is used up."""
        now, wait = self._clock(), made.headers.get("Retry-After")
        if wait is not None:
            self._told[client_of(request)] = now + float(wait)
        elif limits.budget.remaining == 0:
            self._told[client_of(request)] = limits.budget.reset

    def _refused(self, request: web.Request, limits: Limits) -> web.Response | None:
        verdict, wait = limits.begin()
        fault = request.get(FAULT)
        headers = {"Retry-After": str(int(wait) + 1)}
        if fault and fault.kind is FaultKind.SECONDARY:
            verdict = Verdict.SECONDARY
            headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        elif fault and fault.kind is FaultKind.PRIMARY:
            verdict = Verdict.PRIMARY
            limits.budget.exhaust()
        elif verdict is not Verdict.OK and fault is None:
            self._journal.violate(request, f"limit_{verdict.value}", at=self._clock())
        if verdict is Verdict.OK:
            return None
        if verdict is Verdict.SECONDARY:
            return answer(
                {"documentation_url": f"{_DOCS}/overview/rate-limits", "message": _SECONDARY},
                status=403,
                headers=headers,
            )
        status = 429 if fault and fault.status == 429 else 403  # both occur; clients must not care
        return error(status, f"API rate limit exceeded for {client_of(request)}.")

    async def _answered(self, request: web.Request, limits: Limits, handler: Handler) -> web.Response:
        made = await handler(request)
        if made.status != 200:
            return made
        etag = made.headers.get("ETag")
        if etag is None:
            accept = request.headers.get("Accept", "")
            body = made.body if isinstance(made.body, bytes) else b""
            etag = weak_etag(accept.encode(), body)
            made.headers["ETag"] = etag
        if request.headers.get("If-None-Match") != etag:
            return made
        if "Authorization" in request.headers:
            limits.budget.give_back()
        kept = {k: v for k, v in made.headers.items() if k not in ("Content-Type", "Content-Length")}
        return web.Response(status=304, headers=kept)

    def _finish(self, made: web.Response, limits: Limits) -> web.Response:
        budget = limits.budget
        made.headers.update(
            {
                "Date": http_date(self._clock()),
                "Vary": "Accept, Accept-Encoding",
                "X-GitHub-Media-Type": "github.v3; format=json",
                "X-RateLimit-Limit": str(budget.limit),
                "X-RateLimit-Remaining": str(budget.remaining),
                "X-RateLimit-Used": str(budget.used),
                "X-RateLimit-Reset": str(budget.reset),
                "X-RateLimit-Resource": "core",
            }
        )
        return made


def weak_etag(*parts: bytes) -> str:
    return f'W/"{hashlib.sha256(b"|".join(parts)).hexdigest()}"'


def paging(request: web.Request, *, default: int = 30, largest: int = 100) -> tuple[int, int]:
    """(page from 1, items a page): larger values are clamped in silence, rubbish is the default."""
    page, size = request.query.get("page", "1"), request.query.get("per_page", str(default))
    return (
        max(1, int(page)) if page.isdigit() else 1,
        min(largest, max(1, int(size))) if size.isdigit() else default,
    )


def link(url: str, page: int, size: int, last: int) -> dict[str, str]:
    """The Link header, {} on an only page."""
    targets = []
    if page > 1:
        targets += [(1, "first"), (page - 1, "prev")]
    if page < last:
        targets += [(page + 1, "next"), (last, "last")]
    text = ", ".join(f'<{url}per_page={size}&page={to}>; rel="{rel}"' for to, rel in targets)
    return {"Link": text} if text else {}
