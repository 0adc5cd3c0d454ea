"""The listener itself (by default 127.0.0.1:8686). Health and metrics listen apart: monitor.health.

    web = Web(WebSettings(...), metrics)
    web.add_routes([aiohttp.web.get("/things", handler)])
    web.add_routes([aiohttp.web.post("/things/{id}/close", handler)], role=Role.RESPONDER)
    await web.start()

Every request: the Host header must name us (421), who asks is found out (401, or the login page for a browser), not too often (429),
must have the role of the route (403), and a change must come from our own page (403) with a body that is bounded in size and time (413,
408). What a route needs hangs on the route that matched, never on the path's text. Every answer: no caching, no framing, no sniffing, no
referrer, nothing inline, a request id. The log has the route's pattern instead of the path, and no query.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from urllib.parse import quote

import structlog
from aiohttp import web

from monitor.addresses import is_loopback
from monitor.config import ConfigError
from monitor.listener import Listener
from monitor.metrics import Metrics
from monitor.origin import ORIGIN
from monitor.web.answers import HEADERS, HTTPS_ONLY, plain, refusal
from monitor.web.audit import Audit, Outcome
from monitor.web.gate import PEER, Gate, Reason, Refused
from monitor.web.guard import Guard, is_own_path
from monitor.web.limits import Rate
from monitor.web.needs import SAFE, Access, Needs, needs_of
from monitor.web.proxy import Proxy
from monitor.web.roles import IDENTITY, How, Identity, Role
from monitor.web.tokens import Tokens
from monitor.websettings import WebSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOG = structlog.get_logger("web")
_BODY_BYTES: Final = (
    64 * 1024
)  # forms and JSON; a route with credentials of its own reads and bounds its body itself
_BODY_SECONDS: Final = 10.0
_METHODS: Final = SAFE | {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_BODIES: Final = frozenset({"application/x-www-form-urlencoded", "application/json"})
REQUEST_ID: Final = web.RequestKey("request_id", str)


class Web:
    """One listener. Routes are added before `start`; for one event loop."""

    def __init__(
        self,
        settings: WebSettings,
        metrics: Metrics,
        *,
        allowed_hosts: Iterable[str] = (),
        secure: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Port 0 is any free one. `allowed_hosts` beside those of the settings; `secure`: the console is reached by https only (a proxy in
        front). Reads the tokens' files (blocks).

        Raises ConfigError: not loopback, and neither token nor proxy; or a token file that is missing, readable by others or too short.
        """
        tokens, proxy = Tokens.read(settings), Proxy(settings.proxy)
        if not tokens and not proxy and not is_loopback(settings.host):
            raise ConfigError(
                f"[web] host {settings.host} can be reached by others: name a token_file, [[web.tokens]] or [web.proxy]"
                " (or listen on 127.0.0.1)"
            )
        self.address = ""  # the base URL, once it listens
        self.audit = Audit(metrics)
        self.gate = Gate(tokens, proxy, metrics, secure=secure, clock=clock)
        self._guard = Guard([*settings.allowed_hosts, *allowed_hosts])
        self._headers = HEADERS | (HTTPS_ONLY if secure else {})
        self._host = settings.host
        self._port = settings.port
        self._metrics = metrics
        self._rate = Rate(settings.requests_per_minute, clock)
        self._routes: list[tuple[web.AbstractRouteDef, Access, Role | None]] = []
        self._needs: dict[web.AbstractRoute, Needs] = {}
        self._listener: Listener | None = None

    def add_routes(
        self,
        routes: Iterable[web.AbstractRouteDef],
        access: Access = Access.SIGNED_IN,
        *,
        role: Role | None = None,
    ) -> None:
        """`role`: the least one; by default a viewer's to look (GET) and an admin's to change. Before `start` only: raises RuntimeError
        afterwards.
        """
        if self._listener is not None:
            raise RuntimeError("the listener is running: its routes are fixed")
        self._routes += [(route, access, role) for route in routes]

    async def start(self) -> str:
        """Listen; the base URL. Raises OSError when the port is taken."""
        app = web.Application(
            middlewares=[self._frame, self._check_host, self._check_access], client_max_size=_BODY_BYTES
        )
        app.on_response_prepare.append(self._dress)
        for definition, access, role in self._routes:
            for route in app.add_routes([definition]):
                self._needs |= needs_of(route, access, role)
        for needs in self._needs.values():
            if needs.action and needs.access is Access.SIGNED_IN:
                self.audit.expect(needs.action, needs.role)
        self._listener = await Listener.open(app, self._host, self._port)
        self.address = self._listener.url
        return self.address

    async def close(self) -> None:
        """Answer what is under way (5 s), then close. Idempotent."""
        if self._listener is not None:
            await self._listener.close()

    def page_token(self, request: web.Request) -> str:
        """For the hidden field `csrf` of a form, or the header X-CSRF-Token of a script."""
        return self._guard.page_token(_mark(request))

    async def sign_in(self, request: web.Request, given: str, answer: web.StreamResponse) -> bool:
        """Put a fresh session into the answer; False when `given` is nobody's token. Raises Refused: too many wrong ones."""
        found = self.gate.sign_in(request, given, answer)
        await self.audit.signed_in(found, request[PEER].address)
        return found is not None

    async def sign_out(self, request: web.Request, answer: web.StreamResponse) -> None:
        """The session is over, here and in the browser."""
        self.gate.sign_out(request, answer)
        await self.audit.signed_out(request[IDENTITY])

    async def _dress(self, request: web.Request, answer: web.StreamResponse) -> None:
        """Every answer, also one that is written piece by piece."""
        answer.headers.update(self._headers)
        if request_id := request.get(REQUEST_ID):
            answer.headers["X-Request-Id"] = request_id
        needs = self._needs.get(request.match_info.route)
        if needs is None or needs.access is not Access.OPEN:
            answer.headers["Cache-Control"] = "no-store"
        else:
            answer.headers.setdefault("Cache-Control", "no-store")

    @web.middleware
    async def _frame(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        begun = time.monotonic()
        request_id = request[REQUEST_ID] = secrets.token_hex(8)
        try:
            answer = await handler(request)
        except Refused as error:
            answer = error.answer
            peer = request.get(PEER)
            about = {"reason": error.reason.value, "from": peer.address if peer else request.remote or ""}
            _LOG.warning("access refused", request_id=request_id, route=_pattern(request), **about)
        except web.HTTPException as error:
            answer = plain(error, request_id)
        except Exception:  # noqa: BLE001 - whatever it is, the client learns nothing of it
            _LOG.exception("request failed", request_id=request_id, route=_pattern(request))
            answer = refusal(500, "internal error", request_id)
        seconds = time.monotonic() - begun
        method, route = request.method if request.method in _METHODS else "other", _pattern(request)
        self._metrics.web_requests.labels(route, method, answer.status).inc()
        self._metrics.web_seconds.labels(route).observe(seconds)
        _LOG.info(
            "request",
            request_id=request_id,
            method=method,
            route=route,
            status=answer.status,
            seconds=round(seconds, 4),
        )
        return answer

    @web.middleware
    async def _check_host(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        names = request.headers.getall("Host", [])
        if len(names) != 1 or not self._guard.knows_host(names[0]):
            raise self.gate.refused(
                Reason.HOST, 421, "this host name is not served here; see [web] allowed_hosts"
            )
        return await handler(request)

    @web.middleware
    async def _check_access(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        needs = self._needs.get(request.match_info.route)
        peer = request[PEER] = self.gate.peer(request)
        if needs is not None and needs.access is Access.OWN:
            answer = await handler(request)
            if answer.status == 401:
                self.gate.count(Reason.INGEST)
            return answer
        if needs is None:
            self._pace(peer.address)  # there is nothing to protect, but nobody shall try for long
            raise (
                request.match_info.http_exception or web.HTTPForbidden
            )  # 404, 405; a route of nobody knows whom
        try:
            found = self.gate.who(request)
        except Refused:
            self._pace(peer.address)
            raise
        self._pace(f"person {found.name}" if found is not None else peer.address)
        if found is not None:
            request[IDENTITY] = found
        if needs.access is Access.SIGNED_IN:
            found = self._known(request, found)
        if found is None:
            await self._check_change(request)
            return await handler(request)
        about = {
            "role": found.role.word,
            "how": found.how.value,
            "from": peer.address,
            "request": request[REQUEST_ID],
        }
        token = ORIGIN.set(about)
        try:
            return await self._checked(request, handler, needs, found)
        finally:
            ORIGIN.reset(token)  # the next request of this connection is another's, perhaps

    async def _checked(
        self, request: web.Request, handler: Handler, needs: Needs, found: Identity
    ) -> web.StreamResponse:
        """Written down, whatever becomes of it."""
        outcome = Outcome.FAILED
        try:
            if needs.access is Access.SIGNED_IN and found.role < needs.role:
                outcome = Outcome.REFUSED
                await self.audit.refused(request, found, needs.action)
                raise self.gate.refused(
                    Reason.ROLE, 403, f"this needs the role {needs.role.word}; you have {found.role.word}"
                )
            await self._check_change(request)
            answer = await handler(request)
            outcome = Outcome.DONE if answer.status < 400 else Outcome.FAILED
        except Refused:
            outcome = Outcome.REFUSED
            raise
        else:
            return answer
        finally:
            self.audit.tell(request, found, needs.action, outcome)

    def _known(self, request: web.Request, found: Identity | None) -> Identity:
        if found is not None:
            return found
        wants_page = request.method in SAFE and "text/html" in request.headers.get("Accept", "")
        refused = self.gate.refused(
            Reason.NO_CREDENTIALS, 401, "a token is needed", WWW_Authenticate="Bearer"
        )
        if wants_page and self.gate.has_tokens:
            back = request.path_qs if is_own_path(request.path_qs) else "/"
            raise web.HTTPSeeOther(f"/login?next={quote(back, safe='')}")
        raise refused

    def _pace(self, key: str) -> None:
        if wait := self._rate.take(key):
            raise self.gate.refused(
                Reason.RATE, 429, "too many requests; wait", Retry_After=str(math.ceil(wait))
            )

    async def _check_change(self, request: web.Request) -> None:
        """Its body is read here, in bounds; it came from our own page, or from a program with a token. Raises Refused, HTTPException."""
        if request.method in SAFE:
            return
        if request.can_read_body and request.content_type not in _BODIES:
            raise web.HTTPUnsupportedMediaType
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        found = request.get(IDENTITY)
        if found is not None and found.how is How.BEARER:
            return
        given = request.headers.get("X-CSRF-Token") or (await request.post()).get("csrf", "")
        ours = isinstance(given, str) and self._guard.is_page_token(given, _mark(request))
        if not ours or not self._guard.is_same_origin(request.headers):
            raise self.gate.refused(
                Reason.NOT_OUR_PAGE, 403, "this did not come from our own page; load it again"
            )


def _mark(request: web.Request) -> str:
    found = request.get(IDENTITY)
    return found.mark if found is not None else ""


def _pattern(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
