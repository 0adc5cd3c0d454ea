"""What every request to the fake GitLab goes through: credentials, bans, limits, and the headers of paged answers.

Limits as gitlab.com has them, in sliding windows, per token or per address. Who is over one is answered 429 in plain text and told
when to come back; who comes before that breaks a rule. Repeated wrong credentials ban the address for a quarter of an hour.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.simulator.clock import http_date
from monitor.simulator.journal import Journal, client_of
from monitor.simulator.limits import SlidingPoints

Handler = Callable[[web.Request], Awaitable[web.Response]]

_BAD_TRIES: Final = 10  # wrong credentials in a minute
_BAN: Final = 15 * 60.0
# route -> (limit with a token, limit without, seconds)
_OF_ROUTES: Final[Mapping[str, tuple[int, int, float]]] = {
    "gitlab.projects": (2_000, 400, 600.0),
    "gitlab.project": (400, 400, 60.0),
    "gitlab.file": (300, 300, 60.0),
    "gitlab.snippet_raw": (300, 300, 60.0),
    "gitlab.snippet_file": (300, 300, 60.0),
}
_CLIENTS: Final = 1_000


def error(status: int, message: object) -> web.Response:
    """`message` as GitLab says it: a text, or field -> texts."""
    return json({"message": message}, status=status)


def json(value: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(
        body=orjson.dumps(value),
        status=status,
        headers={"Content-Type": "application/json", **(headers or {})},
    )


class Gate:
    """Wraps handlers. `tokens` None = any token is good."""

    def __init__(
        self,
        clock: Callable[[], float],
        journal: Journal,
        *,
        with_token: int = 2_000,
        without_token: int = 500,
        tokens: Sequence[str] | None = None,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._per_minute = (with_token, without_token)
        self._tokens = tokens
        self._windows: dict[tuple[str, str], SlidingPoints] = {}
        self._told: dict[str, float] = {}  # client -> not before
        self._bad: dict[str, SlidingPoints] = {}
        self._banned: dict[str, float] = {}  # address -> until

    def wrap(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.Response:
            now = self._clock()
            refused = self._refused(request, now)
            made = refused or self._told_of(request, await handler(request))
            made.headers["Date"] = http_date(now)
            return made

        return guarded

    def _refused(self, request: web.Request, now: float) -> web.Response | None:
        if not request.headers.get("User-Agent"):
            self._journal.violate(request, "user_agent", at=now)
        address, client = str(request.remote), client_of(request)
        if self._banned.get(address, 0.0) > now:
            self._journal.violate(request, "asked_while_banned", at=now)
            return web.Response(status=403, text="Forbidden\n")
        token = request.headers.get("PRIVATE-TOKEN") or request.headers.get("Authorization", "").removeprefix(
            "Bearer "
        )
        if token and self._tokens is not None and token not in self._tokens:
            tries = self._bad.setdefault(address, SlidingPoints(_BAD_TRIES - 1, 60.0, self._clock))
            if tries.spend():
                self._banned[address] = now + _BAN
                self._journal.violate(request, "repeated_bad_credentials", at=now)
            return error(401, "401 Unauthorized")
        if self._told.get(client, 0.0) > now:
            self._journal.violate(request, "asked_while_limited", at=now)
        return self._limited(request, client, now, with_token=bool(token))

    def _limited(
        self, request: web.Request, client: str, now: float, *, with_token: bool
    ) -> web.Response | None:
        route = str(request.match_info.route.name)
        general = self._per_minute[0 if with_token else 1]
        limits = [("api", general, 60.0)]
        if route in _OF_ROUTES:
            with_it, without, seconds = _OF_ROUTES[route]
            limits.append((route, with_it if with_token else without, seconds))
        for name, limit, seconds in limits:
            wait = self._window(client, name, limit, seconds).spend()
            if wait:
                self._journal.violate(request, f"{name}_limit", at=now)
                return self.retry_later(client, now, wait, limit=limit, name=name)
        return None

    def retry_later(
        self, client: str, now: float, wait: float, *, limit: int = 0, name: str = "api"
    ) -> web.Response:
        """The 429: plain text, whatever was asked for."""
        seconds = math.ceil(wait)
        self._told[client] = now + seconds
        while len(self._told) > _CLIENTS:
            del self._told[next(iter(self._told))]
        headers = {
            "Retry-After": str(seconds),
            "RateLimit-Limit": str(limit),
            "RateLimit-Name": f"throttle_{name}",
            "RateLimit-Observed": str(limit + 1),
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(math.ceil(now + wait)),
            "RateLimit-ResetTime": http_date(now + seconds),
        }
        return web.Response(status=429, text="Retry later\n", headers=headers)

    def _told_of(self, request: web.Request, made: web.Response) -> web.Response:
        """The headers of the general limit; those of single routes are told by nobody."""
        now, client = self._clock(), client_of(request)
        with_token = client.startswith("token:")
        limit = self._per_minute[0 if with_token else 1]
        left = self._window(client, "api", limit, 60.0).left
        made.headers.update(
            {
                "RateLimit-Limit": str(limit),
                "RateLimit-Name": "throttle_authenticated_api"
                if with_token
                else "throttle_unauthenticated_api",
                "RateLimit-Observed": str(limit - left),
                "RateLimit-Remaining": str(left),
                "RateLimit-Reset": str(math.ceil(now + 60.0)),
            }
        )
        return made

    def _window(self, client: str, name: str, limit: int, seconds: float) -> SlidingPoints:
        return self._windows.setdefault((client, name), SlidingPoints(limit, seconds, self._clock))


def page(
    request: web.Request,
    rows: Sequence[Any],
    show: Callable[[Any], object],
    *,
    url: str,
    total: bool = True,
    counted: int = 10_000,
) -> web.Response:
    """One page by number, 20 rows unless told, at most 100. Above `counted` rows (or without `total`) nobody says how many there are."""
    number, size = paging(request)
    last = max(1, -(-len(rows) // size))
    chosen = rows[(number - 1) * size : number * size]
    query = {k: v for k, v in request.query.items() if k not in ("page", "per_page")}

    def link(to: int, rel: str) -> str:
        target = request.rel_url.with_query({**query, "page": str(to), "per_page": str(size)})
        return f'<{url}{target.raw_path_qs.partition("/api/v4")[2]}>; rel="{rel}"'

    links = [link(1, "first")]
    if number > 1:
        links.append(link(number - 1, "prev"))
    if number < last:
        links.append(link(number + 1, "next"))
    headers = {
        "X-Page": str(number),
        "X-Per-Page": str(size),
        "X-Prev-Page": str(number - 1) if number > 1 else "",
        "X-Next-Page": str(number + 1) if number < last else "",
    }
    if total and len(rows) <= counted:
        headers |= {"X-Total": str(len(rows)), "X-Total-Pages": str(last)}
        links.append(link(last, "last"))
    return json([show(row) for row in chosen], headers={**headers, "Link": ", ".join(links)})


def paging(request: web.Request) -> tuple[int, int]:
    """(page from 1, rows a page)."""
    number, size = request.query.get("page", "1"), request.query.get("per_page", "20")
    return (
        max(1, int(number)) if number.isdigit() else 1,
        min(100, max(1, int(size))) if size.isdigit() else 20,
    )
