"""The console: pages for whoever was paged and for whoever runs the service, and the API of exposures.

    GET  /exposures                 the list (monitor.console.filters has its query)
    GET  /exposures/{id}            one, by its whole id or the beginning; pages and mails link here
    GET  /exposures/{id}/report     its report, as a file
    POST /exposures/{id}/acknowledge | revoke | close (reason, note) | reopen | tick (step, done)
    POST /bulk/acknowledge | close  the same for many: id, several times
    GET  /coverage   /rules   /live what was seen; what is looked for; what is new
    GET  /api/exposures   /api/exposures/{id}    as JSON

The objects are those of `leakstream exposures … --json`. JSON carries foreign texts as they are; the pages show them harmless.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import orjson
from aiohttp import web

from monitor.console import filters
from monitor.console.coverage import Coverage
from monitor.console.exposures import ExposurePages, see
from monitor.console.frame import Beating, Frame
from monitor.console.live import Live
from monitor.console.looks import Looks
from monitor.console.pages import Pages
from monitor.console.queries import ExposureQueries, ReportQueries
from monitor.console.rulebook import RuleBook
from monitor.console.signin import SignIn
from monitor.store.errors import StoreBusy
from monitor.web import Access, Role, Web, identity, refusal

Handler = Callable[[web.Request], Awaitable[web.Response]]

_BUSY_SECONDS: Final = 2
_EVERY: Final = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Desks:
    """What the pages are made of."""

    exposures: ExposureQueries
    reports: ReportQueries
    coverage: Coverage
    rules: RuleBook
    pulse: Beating


class Console:
    """Reads its templates when it is made. `add_to` before the listener starts."""

    def __init__(
        self, desks: Desks, *, clock: Callable[[], float] = time.time, live_seconds: float = _EVERY
    ) -> None:
        """`live_seconds`: how often an open page asks what is new."""
        self._desks = desks
        self._clock = clock
        self._every = live_seconds
        self._pages = Pages()

    def add_to(self, listener: Web) -> None:
        SignIn(listener, self._pages).add_to(listener)
        frame = Frame(listener, self._pages, self._desks.pulse, clock=self._clock, every=self._every)
        exposures = ExposurePages(frame, self._desks.exposures, self._desks.reports)
        looks = Looks(frame, self._desks.coverage, self._desks.rules)
        page = frame.page
        listener.add_routes(
            [
                web.get("/", _home),
                web.get("/exposures", page(exposures.list)),
                web.get("/exposures/{id}", page(exposures.show)),
                web.get("/exposures/{id}/report", page(exposures.report)),
                web.get("/coverage", page(looks.coverage)),
                web.get("/rules", page(looks.rules)),
                web.get("/live", Live(frame, self._desks.exposures).answer),
                web.get("/api/exposures", _api(self._api_list)),
                web.get("/api/exposures/{id}", _api(self._api_show)),
            ]
        )
        listener.add_routes(
            [
                web.post("/exposures/{id}/close", page(exposures.close)),
                web.post("/exposures/{id}/reopen", page(exposures.reopen)),
                web.post("/exposures/{id}/acknowledge", page(exposures.acknowledge)),
                web.post("/exposures/{id}/revoke", page(exposures.revoke)),
                web.post("/exposures/{id}/tick", page(exposures.tick)),
                web.post("/bulk/acknowledge", page(exposures.acknowledge_many)),
                web.post("/bulk/close", page(exposures.close_many)),
            ],
            role=Role.RESPONDER,
        )
        listener.add_routes([web.get("/static/{name}", self._static)], Access.OPEN)

    async def _static(self, request: web.Request) -> web.Response:
        try:
            return self._pages.static(request.match_info["name"])
        except LookupError as error:
            return refusal(404, str(error))

    async def _api_list(self, request: web.Request) -> web.Response:
        wanted = filters.parse(request.query)
        found = await self._desks.exposures.list(
            wanted.filter(self._clock()), actor=identity(request).name, limit=wanted.limit, after=wanted.after
        )
        total = {"total": found.total.number, "total_is_exact": found.total.exact}
        return _json({"exposures": list(found.exposures), **total, "next": found.next})

    async def _api_show(self, request: web.Request) -> web.Response:
        return _json(await self._desks.exposures.show(request.match_info["id"], actor=identity(request).name))


def _api(handler: Handler) -> Handler:
    """Errors as JSON."""

    async def answered(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except LookupError as error:
            return refusal(404, str(error))
        except ValueError as error:
            return refusal(400, str(error))
        except StoreBusy:
            return refusal(503, "the store is busy", Retry_After=str(_BUSY_SECONDS))

    return answered


async def _home(_: web.Request) -> web.Response:
    return see("/exposures")


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
