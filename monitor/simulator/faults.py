"""Scripted trouble: which requests get a wrong answer, exactly or with a seeded probability.

A fault names routes by a pattern (`github.events`, `github.*`, `pastebin.item`, `receiver.pager`). The first that applies
wins. Kinds that concern one API only (STALE, PRIMARY …) are carried out by that API, the others here.
"""

from __future__ import annotations

import asyncio
import fnmatch
import gzip
import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from aiohttp import web


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
    REDIRECT_LOOP = "redirect_loop"
    GZIP_BOMB = "gzip_bomb"  # a small body that unpacks to `size` bytes
    SECONDARY = "secondary"  # GitHub's secondary limit, with Retry-After when `retry_after` is given
    PRIMARY = "primary"  # GitHub's hourly budget is used up
    STALE = "stale"  # GitHub's event feed as it was `seconds` ago
    NOT_READY = "not_ready"  # Pastebin: 200 and "not ready"
    DENIED = "denied"  # Pastebin: 200 and "does not have access"


HTML: Final = "<html>\n<head><title>{0}</title></head>\n<body><center><h1>{0}</h1></center></body>\n</html>\n"


@dataclass(slots=True)
class Fault:
    """`times` = how often at most (None: no end); the first `after` matching requests are spared; `until` = clock time."""

    kind: FaultKind
    route: str = "*"
    probability: float = 1.0
    times: int | None = None
    after: int = 0
    until: float | None = None
    status: int = 502
    retry_after: float | None = None
    seconds: float = 3600.0
    size: int = 64 * 1024 * 1024


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
    match fault.kind:
        case FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
            return None
        case FaultKind.HANG:
            await asyncio.sleep(fault.seconds)
            return _cut(request, web.Response())
        case FaultKind.CLOSE:
            return _cut(request, web.Response())
        case FaultKind.TRUNCATED:
            headers = {"Content-Type": "application/json", "Content-Length": "100000"}
            answer = web.StreamResponse(headers=headers)
            await answer.prepare(request)
            await answer.write(b'[{"id":"1","type":"PushEv')
            return _cut(request, answer)
        case _:
            make = _ANSWERS.get(fault.kind)
            return make(fault, request) if make else None


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


def _gzip_bomb(fault: Fault, _: web.Request) -> web.Response:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    return web.Response(body=gzip.compress(bytes(fault.size), 6), headers=headers)


def _cut(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return answer


_ANSWERS: Final = {
    FaultKind.STATUS: _status,
    FaultKind.RUBBISH: _rubbish,
    FaultKind.WRONG_TYPE: _wrong_type,
    FaultKind.EMPTY: _empty,
    FaultKind.REDIRECT_LOOP: _redirect_loop,
    FaultKind.GZIP_BOMB: _gzip_bomb,
}
