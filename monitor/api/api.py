"""The API under /api/v1: its operations, served on the listener and described in /api/v1/openapi.json."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.api import ingest, serving
from monitor.api.coverage import CoverageOperations, CoverageQueries
from monitor.api.document import document
from monitor.api.exposures import ExposureOperations
from monitor.api.operation import BASE, Operation
from monitor.api.service import Beating, RuleQueries, ServiceOperations
from monitor.api.watch import WatchOperations, WatchQueries
from monitor.console.queries import ExposureQueries
from monitor.web import Access, Web

DOCUMENT: Final = f"{BASE}/openapi.json"


class Api:
    """`add_to` before the listener starts."""

    def __init__(
        self,
        exposures: ExposureQueries,
        coverage: CoverageQueries,
        watch: WatchQueries,
        rules: RuleQueries,
        pulse: Beating,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._operations: list[Operation] = [
            *ExposureOperations(exposures, clock=clock).operations(),
            *CoverageOperations(coverage).operations(),
            *WatchOperations(watch).operations(),
            *ServiceOperations(rules, pulse).operations(),
        ]

    def described(self) -> dict[str, Any]:
        """The whole description, with ingest."""
        return document([*self._operations, *ingest.operations()])

    def add_to(self, listener: Web) -> None:
        serving.add_to(listener, self._operations)
        body = orjson.dumps(self.described())

        async def described(_: web.Request) -> web.Response:
            return web.Response(body=body, content_type="application/json")

        listener.add_routes([web.get(DOCUMENT, described)], Access.OPEN)
