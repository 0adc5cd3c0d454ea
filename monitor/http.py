"""The one polite HTTP client. No other module opens a session.

Every answer is bounded: its size after decompression, the whole time, the time between two bytes, the redirects. Every
connection passes the address guard. What goes wrong has one reason out of a closed set, and an error names scheme and host
only: a URL may be a secret (a webhook's is one), a header always may.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import orjson
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from monitor.addresses import AddressGuard, RefusedAddress
from monitor.budget import Budget
from monitor.inflate import BadEncoding, Inflater, Truncated

MAX_BYTES: Final = 16 * 1024 * 1024
_MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
# What another host may see of a redirected request. Everything else could be a credential.
_HARMLESS: Final = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})


class Failure(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"  # no such name, nobody listens, no route
    TIMEOUT = "timeout"
    TLS = "tls"
    CLOSED = "closed"  # the connection ended before the answer began, or this client is closed
    TRUNCATED = "truncated"  # the connection ended inside the body
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"  # a compression we did not ask for, or a broken one
    BAD_ANSWER = "bad_answer"  # not HTTP
    BAD_URL = "bad_url"
    REFUSED_ADDRESS = "refused_address"
    REDIRECT_LOOP = "redirect_loop"  # a circle, or too many
    REDIRECT_REFUSED = "redirect_refused"  # from https to http, or to something else than HTTP


TRANSIENT: Final = frozenset(
    {
        Failure.UNREACHABLE,
        Failure.TIMEOUT,
        Failure.TLS,
        Failure.CLOSED,
        Failure.TRUNCATED,
        Failure.BAD_ANSWER,
    }
)


class HttpError(Exception):
    """No usable answer. `origin` is scheme and host, nothing more."""

    def __init__(self, reason: Failure, origin: str) -> None:
        super().__init__(f"{origin}: {reason.value}")
        self.reason = reason
        self.origin = origin

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later."""
        return self.reason in TRANSIENT


@dataclass(frozen=True, slots=True)
class Validators:
    """What makes the next request for the same thing conditional, verbatim as the server gave it (`W/` and quotes too)."""

    etag: str = ""
    last_modified: str = ""

    def headers(self) -> dict[str, str]:
        """If-None-Match wins over If-Modified-Since, as RFC 9110 says."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.last_modified} if self.last_modified else {}


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. `headers` looks names up without case; `url` is where redirects ended and may be a secret."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)

    @property
    def validators(self) -> Validators:
        return Validators(self.headers.get("ETag", ""), self.headers.get("Last-Modified", ""))

    def json(self) -> Any:
        """Raises ValueError, also for nesting deeper than the parser allows (1,024)."""
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose body is read in pieces, decompressed. Reading raises HttpError."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    url: str = field(repr=False)
    chunks: AsyncIterator[bytes] = field(repr=False)


class HttpClient:
    """For concurrent use by the tasks of one event loop. Never blocks it.

    `user_agent` must say who to write to (GitHub answers 403 without one). `allow_private` lists the hosts, or host:port, that
    may stand on a non-public address. `timeout` bounds a whole request, `idle` the wait for the next byte (both seconds).
    `tls` replaces the default trust (a private certificate authority). `resolver` is asked for names, then the guard judges.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow_private: Collection[str] = (),
        timeout: float = 60.0,
        idle: float = 20.0,
        connections: int = 64,
        tls: ssl.SSLContext | None = None,
        resolver: AbstractResolver | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if not user_agent.strip() or not user_agent.isprintable():
            raise ValueError("user_agent must be one printable line with a contact")
        self.guard = AddressGuard(allow_private)
        self._user_agent = user_agent
        self._timeout = timeout
        self._idle = idle
        self._connections = connections
        self._tls = tls
        self._resolver = resolver
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._closed = False
        self._budgets: dict[tuple[str, int, str], Budget] = {}

    def budget(self, url: str, credential: str, *, interval: float = 0.0, concurrency: int = 4) -> Budget:
        """The allowance of one credential at one server (host and port): every caller that names both gets the same object.

        `credential` is a name for it, never the secret itself. Of several callers the slowest `interval` counts.
        """
        parts = URL(url)
        key = (parts.host or "", parts.port or 0, credential)
        known = self._budgets.get(key)
        if known is None:
            known = self._budgets[key] = Budget(clock=self._clock, concurrency=concurrency)
        known.interval = max(known.interval, interval)
        return known

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        validators: Validators | None = None,
        max_bytes: int = MAX_BYTES,
        timeout: float | None = None,
    ) -> Response:
        """One try; any status is an answer. Redirects are followed for GET and HEAD only. Raises HttpError."""
        async with self.stream(
            method,
            url,
            headers=headers,
            body=body,
            validators=validators,
            max_bytes=max_bytes,
            timeout=timeout,
        ) as stream:
            content = b"".join([chunk async for chunk in stream.chunks])
            return Response(stream.status, stream.headers, content, stream.url)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        validators: Validators | None = None,
        max_bytes: int = MAX_BYTES,
        timeout: float | None = None,
    ) -> AsyncIterator[Stream]:
        """As `request`, the body in pieces of at most 64 KiB. `timeout` covers the reading as well. Raises HttpError."""
        target = _parse(url)
        send = {"User-Agent": self._user_agent, "Accept-Encoding": "gzip", **(headers or {})}
        send.update(validators.headers() if validators else {})
        try:
            async with asyncio.timeout(self._timeout if timeout is None else timeout) as deadline:
                response = await self._follow(method, target, send, body)
                try:
                    chunks = _read(response, max_bytes, origin(response.url))
                    yield Stream(response.status, response.headers, str(response.url), chunks)
                finally:
                    response.close()  # a body read to its end has given the connection back already
        except TimeoutError:
            if deadline.expired():
                raise HttpError(Failure.TIMEOUT, origin(target)) from None
            raise

    async def close(self) -> None:
        """Idempotent."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _follow(
        self, method: str, url: URL, headers: dict[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        visited = {url}
        while True:
            response = await self._send(method, url, headers, body)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or method not in ("GET", "HEAD") or not location:
                return response
            response.close()
            target = _redirect(url, location)
            if target in visited or len(visited) > _MAX_REDIRECTS:
                raise HttpError(Failure.REDIRECT_LOOP, origin(url))
            visited.add(target)
            if not _same_host(url, target):
                headers = {name: value for name, value in headers.items() if name.lower() in _HARMLESS}
            url = target

    async def _send(
        self, method: str, url: URL, headers: Mapping[str, str], body: bytes | None
    ) -> aiohttp.ClientResponse:
        if self._closed:
            raise HttpError(Failure.CLOSED, origin(url))
        try:
            self.guard.check_literal(url.raw_host or "", url.port or 0)
            return await self._open_session().request(
                method, url, headers=headers, data=body, allow_redirects=False
            )
        except (OSError, aiohttp.ClientError, ValueError) as error:
            # `from None`: the text of these errors holds the URL
            raise HttpError(_classify(error), origin(url)) from None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections,
                ttl_dns_cache=60,
                resolver=_GuardedResolver(self.guard, self._resolver or aiohttp.ThreadedResolver()),
                ssl=self._tls if self._tls is not None else True,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._idle, sock_read=self._idle),
                auto_decompress=False,  # done here, with a limit
                trust_env=False,  # a proxy would resolve names behind the guard's back
            )
        return self._session


class _GuardedResolver(AbstractResolver):
    """Hands the connector only addresses that the guard kept: what it connects to is what was checked."""

    def __init__(self, guard: AddressGuard, inner: AbstractResolver) -> None:
        self._guard = guard
        self._inner = inner

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        kept = set(self._guard.keep(host, port, [entry["host"].partition("%")[0] for entry in found]))
        return [entry for entry in found if entry["host"].partition("%")[0] in kept]

    async def close(self) -> None:
        await self._inner.close()


def origin(url: URL) -> str:
    """Scheme and host: the part of a URL that may be shown."""
    return f"{url.scheme}://{url.raw_host or ''}"


def _parse(text: str) -> URL:
    try:
        url = URL(text)
        usable = url.scheme in ("http", "https") and bool(url.raw_host) and bool(url.port)
    except ValueError:
        raise HttpError(Failure.BAD_URL, "url") from None
    if not usable or url.user is not None or url.password is not None:
        raise HttpError(Failure.BAD_URL, "url")
    return url.with_fragment(None)


def _redirect(url: URL, location: str) -> URL:
    try:
        target = _parse(str(url.join(URL(location, encoded=True))))
    except (ValueError, HttpError):
        raise HttpError(Failure.REDIRECT_REFUSED, origin(url)) from None
    if url.scheme == "https" and target.scheme == "http":
        raise HttpError(Failure.REDIRECT_REFUSED, origin(url))
    return target


def _same_host(url: URL, target: URL) -> bool:
    """Whether credentials may go along: the same origin, or its upgrade to https on the default ports."""
    if url.raw_host != target.raw_host:
        return False
    upgrade = url.scheme == "http" and target.scheme == "https"
    return url.origin() == target.origin() or (upgrade and url.is_default_port() and target.is_default_port())


def _classify(error: Exception) -> Failure:
    """The first that fits: the order is from the narrow to the wide."""
    if isinstance(error, RefusedAddress):
        return Failure.REFUSED_ADDRESS
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, RefusedAddress):
        return Failure.REFUSED_ADDRESS
    table: tuple[tuple[type[Exception], Failure], ...] = (
        (TimeoutError, Failure.TIMEOUT),
        (aiohttp.ClientSSLError, Failure.TLS),
        (ssl.SSLError, Failure.TLS),
        (aiohttp.InvalidURL, Failure.BAD_URL),
        (aiohttp.ClientPayloadError, Failure.TRUNCATED),
        (aiohttp.ClientConnectorError, Failure.UNREACHABLE),
        (aiohttp.ServerDisconnectedError, Failure.CLOSED),
        (ConnectionError, Failure.CLOSED),
        (aiohttp.ClientConnectionError, Failure.CLOSED),
        (aiohttp.ClientError, Failure.BAD_ANSWER),
        (OSError, Failure.UNREACHABLE),
    )
    return next((reason for kind, reason in table if isinstance(error, kind)), Failure.BAD_ANSWER)


async def _read(response: aiohttp.ClientResponse, max_bytes: int, where: str) -> AsyncIterator[bytes]:
    """The decompressed body. Neither what comes over the wire nor what it grows to may pass `max_bytes`."""
    if response.content_length is not None and response.content_length > max_bytes:
        raise HttpError(Failure.TOO_LARGE, where)
    raw = size = 0
    try:
        inflate = Inflater(response.headers.get("Content-Encoding", ""))
        async for chunk in response.content.iter_any():
            raw += len(chunk)
            for piece in inflate.feed(chunk):
                size += len(piece)
                if size > max_bytes:
                    raise HttpError(Failure.TOO_LARGE, where)
                yield piece
            if raw > max_bytes:
                raise HttpError(Failure.TOO_LARGE, where)
        inflate.finish()
    except BadEncoding:
        raise HttpError(Failure.BAD_ENCODING, where) from None
    except Truncated:
        raise HttpError(Failure.TRUNCATED, where) from None
    except (OSError, aiohttp.ClientError) as error:
        reason = _classify(error)
        raise HttpError(Failure.TRUNCATED if reason is Failure.CLOSED else reason, where) from None
