"""The one listener for console, API and ingest (by default 127.0.0.1:8686). Health and metrics listen apart: monitor.health.

    web = Web(token_file=...)
    web.add_routes([aiohttp.web.get("/api/things", handler)])
    await web.start()

Every request: the Host header must name us (421), the route's `Access` is checked (401, or the login page for a browser), a
change must come from our own page (403), the body is bounded (413). Every answer: no caching, no framing, no sniffing, no
referrer, no inline script or style, a request id. The access log has the route's pattern instead of the path, and no query.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

import orjson
import structlog
from aiohttp import web

from monitor.addresses import is_loopback
from monitor.config import ConfigError
from monitor.listener import Listener
from monitor.webguard import COOKIE, SESSION_SECONDS, Guard

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOG = structlog.get_logger("web")
_BODY_BYTES: Final = 64 * 1024  # forms; a route with credentials of its own reads and bounds its body itself
_SHORTEST_TOKEN: Final = 16
_SAFE: Final = frozenset({"GET", "HEAD"})
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "leakstream",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
REQUEST_ID: Final = web.RequestKey("request_id", str)


class Access(StrEnum):
    """Who may use a route."""

    SIGNED_IN = "signed_in"  # the token as bearer or a session, if a token is configured
    OWN = "own"  # the handler checks credentials of its own, and bounds the body
    OPEN = "open"  # everybody: the login page, the style sheet


class Web:
    """One listener. Routes are added before `start`; for one event loop."""

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8686,
        *,
        allowed_hosts: Collection[str] = (),
        token_file: Path | None = None,
        secure_cookies: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`port` 0 is any free one. `secure_cookies`: the console is reached by https only (a proxy in front).

        Raises ConfigError: not loopback and no token file, or a token file that is missing, readable by others or too short.
        """
        if token_file is None and not is_loopback(host):
            raise ConfigError(
                f"[web] host {host} can be reached by others: name a token_file (or listen on 127.0.0.1)"
            )
        token = _read_token(token_file) if token_file is not None else None
        self.guard = Guard(token=token, allowed_hosts=allowed_hosts, clock=clock)
        self.address = ""  # the base URL, once it listens
        self._host = host
        self._port = port
        self._secure_cookies = secure_cookies
        self._routes: list[tuple[web.AbstractRouteDef, Access]] = []
        self._access: dict[web.AbstractRoute, Access] = {}
        self._listener: Listener | None = None

    def add_routes(self, routes: Iterable[web.AbstractRouteDef], access: Access = Access.SIGNED_IN) -> None:
        """Before `start` only: raises RuntimeError afterwards."""
        if self._listener is not None:
            raise RuntimeError("the listener is running: its routes are fixed")
        self._routes += [(route, access) for route in routes]

    async def start(self) -> str:
        """Listen; the base URL. Raises OSError when the port is taken."""
        app = web.Application(
            middlewares=[self._frame, self._check_host, self._check_access], client_max_size=_BODY_BYTES
        )
        for definition, access in self._routes:
            for route in app.add_routes([definition]):
                self._access[route] = access
        self._listener = await Listener.open(app, self._host, self._port)
        self.address = self._listener.url
        return self.address

    async def close(self) -> None:
        """Answer what is under way (5 s), then close. Idempotent."""
        if self._listener is not None:
            await self._listener.close()

    def page_token(self, request: web.Request) -> str:
        """For the hidden field `csrf` of a form."""
        return self.guard.page_token(request.cookies.get(COOKIE, ""))

    def sign_in(self, answer: web.StreamResponse) -> None:
        """Put a fresh session into the answer; the caller has checked the token."""
        answer.set_cookie(
            COOKIE,
            self.guard.new_session(),
            max_age=SESSION_SECONDS,
            httponly=True,
            secure=self._secure_cookies,
            samesite="Lax",  # Strict would show the login page to whoever follows a link out of a pager's message
        )

    @web.middleware
    async def _frame(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        begun = time.monotonic()
        request_id = request[REQUEST_ID] = secrets.token_hex(8)
        try:
            answer = await handler(request)
        except web.HTTPException as error:
            answer = _plain(error, request_id)
        except Exception:  # noqa: BLE001 - whatever it is, the client learns nothing of it
            _LOG.exception("request failed", request_id=request_id, route=_pattern(request))
            answer = refusal(500, "internal error", request_id)
        if not answer.prepared:
            answer.headers.update(_HEADERS)
            answer.headers["X-Request-Id"] = request_id
        _LOG.info(
            "request",
            request_id=request_id,
            method=request.method,
            route=_pattern(request),
            status=answer.status,
            seconds=round(time.monotonic() - begun, 4),
        )
        return answer

    @web.middleware
    async def _check_host(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.guard.knows_host(request.headers.get("Host", "")):
            return refusal(421, "this host name is not served here; see [web] allowed_hosts")
        return await handler(request)

    @web.middleware
    async def _check_access(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        access = self._access.get(request.match_info.route)
        if access is None or access is Access.OWN:  # None: 404, 405
            return await handler(request)
        bearer = self._by_bearer(request)
        if access is Access.SIGNED_IN and not bearer and not self._by_session(request):
            if request.method in _SAFE and "text/html" in request.headers.get("Accept", ""):
                raise web.HTTPSeeOther("/login")
            return refusal(401, "a token is needed")
        if request.method not in _SAFE and not bearer and not await self._from_our_page(request):
            return refusal(403, "this did not come from our own page; load it again")
        return await handler(request)

    def _by_bearer(self, request: web.Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self.guard.is_token(given.strip())

    def _by_session(self, request: web.Request) -> bool:
        return not self.guard.needs_token or self.guard.is_session(request.cookies.get(COOKIE, ""))

    async def _from_our_page(self, request: web.Request) -> bool:
        if not self.guard.is_same_origin(request.headers):
            return False
        given = request.headers.get("X-CSRF-Token") or (await request.post()).get("csrf", "")
        return isinstance(given, str) and self.guard.is_page_token(given, request.cookies.get(COOKIE, ""))


def refusal(status: int, reason: str, request_id: str = "", **headers: str) -> web.Response:
    """`{"error": reason}` with a status. Header names are written with underscores."""
    body = {"error": reason, **({"request_id": request_id} if request_id else {})}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(
        body=orjson.dumps(body), status=status, content_type="application/json", headers=named
    )


def _plain(error: web.HTTPException, request_id: str) -> web.StreamResponse:
    """Aiohttp's own errors (404, 405, 413 …) without its words; redirects as they are."""
    if error.status < 400:
        return web.Response(status=error.status, headers={"Location": error.headers["Location"]})
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    return refusal(error.status, error.reason.lower(), request_id, **headers)


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"


def _read_token(path: Path) -> str:
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"[web] token_file {path}: others can read it; run chmod 600 on it")
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"[web] token_file {path}: cannot be read: {error}") from error
    if len(token) < _SHORTEST_TOKEN:
        raise ConfigError(
            f"[web] token_file {path}: a token of {_SHORTEST_TOKEN} or more characters is needed"
        )
    return token
