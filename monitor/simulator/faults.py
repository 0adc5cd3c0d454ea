"""Scripted trouble: which requests get a wrong answer, exactly or with a seeded probability.

A fault names routes by a pattern (`github.events`, `github.*`, `pastebin.item`, `receiver.pager`). The first that applies
wins. Kinds that concern one API only (STALE, PRIMARY …) are carried out by that API, the others here.
"""

from __future__ import annotations

import asyncio
import fnmatch
import random
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import lru_cache
from typing import Final

from aiohttp import web

from monitor.simulator.clock import http_date


class FaultKind(StrEnum):
    """What goes wrong."""

    STATUS = "status"  # `status` with an HTML body, as a proxy answers
    HANG = "hang"  # no answer for `seconds`, then the connection is closed
    SLOW = "slow"  # the right answer after `seconds`
    CLOSE = "close"  # the connection is closed without an answer (aiohttp's client asks once again by itself)
    TRUNCATED = "truncated"  # half a body, then the connection is closed
    RUBBISH = "rubbish"  # 200 and a body that is no JSON
    WRONG_TYPE = "wrong_type"  # 200 and an HTML page
    EMPTY = "empty"  # 200 and nothing
    DEEP = "deep"  # 200 and an object of `levels` levels
    DEEP_LIST = "deep_list"  # the same, but the outermost is a list
    DRIP = "drip"  # 200 and a byte each `pace` seconds, for ever
    ENDLESS = "endless"  # 200 and a body that goes on as long as somebody reads
    CUT_CHUNK = "cut_chunk"  # chunked; the connection is closed inside a chunk
    REDIRECT_LOOP = "redirect_loop"
    PRIVATE_REDIRECT = "private_redirect"  # to a cloud's metadata service
    TLS = "tls"  # led to a port where the handshake fails
    GZIP_BOMB = "gzip_bomb"  # a small body that unpacks to `size` bytes
    SKEW = "skew"  # the right answer of a server whose clock is `seconds` ahead (behind when negative)
    DUPLICATE = "duplicate"  # a further page repeats the one before it
    SECONDARY = "secondary"  # GitHub's secondary limit, with Retry-After when `retry_after` is given
    PRIMARY = "primary"  # GitHub's hourly budget is used up
    STALE = "stale"  # GitHub's event feed as it was `seconds` ago
    NOT_READY = "not_ready"  # Pastebin: 200 and "not ready"
    DENIED = "denied"  # Pastebin: 200 and "does not have access"


HTML: Final = "<html>\n<head><title>{0}</title></head>\n<body><center><h1>{0}</h1></center></body>\n</html>\n"
_METADATA: Final = "http://169.254.169.254/latest/meta-data/"
_LUMP: Final = b'{"id":1},' * 4096
_EPOCH: Final = 100_000_000  # a reset above this is an instant


@dataclass(slots=True)
class Fault:
    """`times` = how often at most (None: no end); the first `after` matching requests are spared; `since` and
    `until` are clock times: trouble by schedule.
    """

    kind: FaultKind
    route: str = "*"
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    since: float | None = None
    until: float | None = None
    status: int = 502
    retry_after: float | None = None
    seconds: float = 3600.0
    size: int = 64 * 1024 * 1024
    pace: float = 1.0
    levels: int = 100


FAULT: Final = web.RequestKey("fault", Fault)  # what the middleware picked for this request


class Faults:
    """The script. May be changed at any time."""

    def __init__(self, clock: Callable[[], float], seed: int = 0) -> None:
        self.script: list[Fault] = []
        self._clock = clock
        self._rng = random.Random(f"faults {seed}")

    def add(self, kind: FaultKind | str, route: str = "*", **details: float | None) -> Fault:
        """Script a fault (see `Fault` for the details) and return it, so that it can be removed or changed.

        Raises ValueError for an unknown kind.
        """
        fault = Fault(FaultKind(kind), route, **details)  # type: ignore[arg-type]
        self.script.append(fault)
        return fault

    def clear(self) -> None:
        self.script.clear()

    def pick(self, route: str) -> Fault | None:
        """The fault of this request, counted as used."""
        for fault in self.script:
            if fault.times == 0 or not fnmatch.fnmatchcase(route, fault.route):
                continue
            if fault.since is not None and self._clock() < fault.since:
                continue
            if fault.until is not None and self._clock() >= fault.until:
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            if fault.probability < 1 and self._rng.random() >= fault.probability:
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None


async def carry_out(fault: Fault, request: web.Request) -> web.StreamResponse | None:
    """The wrong answer; None where the right one (or the API's own wrong one) is to be given."""
    if fault.kind is FaultKind.SLOW:
        await asyncio.sleep(fault.seconds)
        return None
    if (talk := _TALKS.get(fault.kind)) is not None:
        return await talk(fault, request)
    make = _ANSWERS.get(fault.kind)
    return make(fault, request) if make else None


def diverted(fault: Fault | None, request: web.Request) -> web.Request:
    """What the API is asked instead: of DUPLICATE the page before, else the request itself."""
    page = request.query.get("page", "")
    if fault is None or fault.kind is not FaultKind.DUPLICATE or not page.isdigit() or int(page) < 2:
        return request
    return request.clone(rel_url=request.rel_url.update_query(page=str(int(page) - 1)))


def skew(fault: Fault | None, answer: web.StreamResponse, now: float) -> None:
    """Let an answer tell the time of a wrong clock: its Date, and every instant that says when to come again."""
    if fault is None or fault.kind is not FaultKind.SKEW or answer.prepared:
        return
    headers = answer.headers
    # an answer's own Date may be of a cache: what matters is by how much it is off
    headers["Date"] = http_date(_instant(headers.get("Date", ""), now) + fault.seconds)
    if "GMT" in headers.get("Retry-After", ""):
        headers["Retry-After"] = http_date(_instant(headers["Retry-After"], now) + fault.seconds)
    for name in ("X-RateLimit-Reset", "RateLimit-Reset"):
        told = headers.get(name, "")
        if told.isdigit() and int(told) > _EPOCH:
            headers[name] = str(int(told) + round(fault.seconds))


def _instant(text: str, otherwise: float) -> float:
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return otherwise


async def _hang(fault: Fault, request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(fault.seconds)
    return _cut(request, web.Response())


async def _close(_: Fault, request: web.Request) -> web.StreamResponse:
    return _cut(request, web.Response())


async def _truncated(_: Fault, request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100000"})
    await answer.prepare(request)
    await answer.write(b'[{"id":"1","type":"PushEv')
    return _cut(request, answer)


async def _cut_chunk(_: Fault, request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    await answer.prepare(request)
    if request.transport is not None:
        request.transport.write(b'1000\r\n[{"id":"1","ty')  # fewer bytes than the chunk's head says
    return _cut(request, answer)


async def _drip(fault: Fault, request: web.Request) -> web.StreamResponse:
    return await _on_and_on(request, b" ", fault.pace)


async def _endless(_: Fault, request: web.Request) -> web.StreamResponse:
    return await _on_and_on(request, _LUMP, 0.0)


async def _on_and_on(request: web.Request, piece: bytes, pace: float) -> web.StreamResponse:
    """Say `piece` again and again until the client hangs up."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    with suppress(ConnectionError):
        await answer.prepare(request)
        await answer.write(b"[")
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(pace)
            await answer.write(piece)
    return _cut(request, answer)


def _status(fault: Fault, _: web.Request) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    text = HTML.format(f"{fault.status} Server Error")
    return web.Response(status=fault.status, text=text, content_type="text/html", headers=headers)


def _rubbish(_: Fault, __: web.Request) -> web.Response:
    return web.Response(body=b'{"a":[1,2,\xff\x00', content_type="application/json")


def _wrong_type(_: Fault, __: web.Request) -> web.Response:
    return web.Response(text=HTML.format("Just a moment..."), content_type="text/html")


def _empty(_: Fault, __: web.Request) -> web.Response:
    return web.Response(body=b"", content_type="application/json")


def _redirect_loop(_: Fault, request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": str(request.url)})


def _private_redirect(_: Fault, __: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": _METADATA})


def _tls(_: Fault, request: web.Request) -> web.Response:
    # this very port, which speaks no TLS
    return web.Response(status=302, headers={"Location": str(request.url.with_scheme("https"))})


def _deep(fault: Fault, _: web.Request) -> web.Response:
    return web.Response(body=_nested(b'{"items":', b"}", fault.levels), content_type="application/json")


def _deep_list(fault: Fault, _: web.Request) -> web.Response:
    return web.Response(body=_nested(b"[", b"]", fault.levels), content_type="application/json")


def _nested(begin: bytes, end: bytes, levels: int) -> bytes:
    return begin * levels + b"1" + end * levels


def _gzip_bomb(fault: Fault, _: web.Request) -> web.Response:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=_bomb(fault.size), headers=headers)


@lru_cache(maxsize=8)
def _bomb(size: int) -> bytes:
    """`size` zero bytes, compressed piece by piece: whoever makes it must not need the room that it takes."""
    made = zlib.compressobj(6, wbits=31)
    whole, rest = divmod(size, len(_LUMP))
    pieces = [made.compress(bytes(len(_LUMP))) for _ in range(whole)]
    return b"".join([*pieces, made.compress(bytes(rest)), made.flush()])


def _cut(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return answer


_TALKS: Final = {
    FaultKind.HANG: _hang,
    FaultKind.CLOSE: _close,
    FaultKind.TRUNCATED: _truncated,
    FaultKind.CUT_CHUNK: _cut_chunk,
    FaultKind.DRIP: _drip,
    FaultKind.ENDLESS: _endless,
}
_ANSWERS: Final = {
    FaultKind.STATUS: _status,
    FaultKind.RUBBISH: _rubbish,
    FaultKind.WRONG_TYPE: _wrong_type,
    FaultKind.EMPTY: _empty,
    FaultKind.DEEP: _deep,
    FaultKind.DEEP_LIST: _deep_list,
    FaultKind.REDIRECT_LOOP: _redirect_loop,
    FaultKind.PRIVATE_REDIRECT: _private_redirect,
    FaultKind.TLS: _tls,
    FaultKind.GZIP_BOMB: _gzip_bomb,
}
