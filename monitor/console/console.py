"""The console: pages for whoever was paged and for whoever runs the service. The API is in monitor.api.

    GET  /exposures                 the list (monitor.console.filters has its query)
    GET  /exposures/{id}            one, by its whole id or the beginning; pages and mails link here
    GET  /exposures/{id}/report     its report, as a file
    POST /exposures/{id}/acknowledge | revoke | close (reason, note) | reopen | tick (step, done)
    POST /bulk/acknowledge | close  the same for many: id, several times
    GET  /coverage   /rules   /live what was seen; what is looked for; what is new

The objects are those of `leakstream exposures … --json`. Foreign texts are shown harmless.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from monitor.console.coverage import Coverage
from monitor.console.exposures import ExposurePages, see
from monitor.console.frame import Beating, Frame
from monitor.console.live import Live
from monitor.console.looks import Looks
from monitor.console.pages import Pages
from monitor.console.queries import ExposureQueries, ReportQueries
from monitor.console.rulebook import RuleBook
from monitor.console.signin import SignIn
from monitor.web import Access, Role, Web, refusal

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


async def _home(_: web.Request) -> web.Response:
    return see("/exposures")
