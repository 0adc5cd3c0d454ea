"""The page for triage and the API: a list of exposures, one of them, and what people do with it.

    GET  /exposures            the list           GET /api/exposures        the same as JSON
    GET  /exposures/{id}       one                GET /api/exposures/{id}
    POST /exposures/{id}/close (reason, note)     POST /exposures/{id}/reopen
    POST /exposures/{id}/acknowledge              POST /exposures/{id}/revoke

The objects are those of `leakstream exposures … --json`. JSON carries foreign texts as they are; the pages show them harmless.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import orjson
from aiohttp import web

from monitor.console import filters
from monitor.console.pages import Pages
from monitor.console.queries import ExposureQueries
from monitor.console.signin import SignIn
from monitor.store.errors import StoreBusy
from monitor.web import Access, Role, Web, identity, refusal

Handler = Callable[[web.Request], Awaitable[web.Response]]

_LONGEST_NOTE: Final = 1000
_BUSY_SECONDS: Final = 2


class Console:
    """Reads its templates when it is made. `add_to` before the listener starts."""

    def __init__(self, exposures: ExposureQueries) -> None:
        self._exposures = exposures
        self._pages = Pages()

    def add_to(self, listener: Web) -> None:
        SignIn(listener, self._pages).add_to(listener)

        def page(handler: Callable[[web.Request, Web], Awaitable[web.Response]]) -> Handler:
            return self._page(lambda request: handler(request, listener), listener)

        listener.add_routes(
            [
                web.get("/", _home),
                web.get("/exposures", page(self._list)),
                web.get("/exposures/{id}", page(self._show)),
                web.get("/api/exposures", _api(self._api_list)),
                web.get("/api/exposures/{id}", _api(self._api_show)),
            ]
        )
        listener.add_routes(
            [
                web.post("/exposures/{id}/close", page(self._close)),
                web.post("/exposures/{id}/reopen", page(self._reopen)),
                web.post("/exposures/{id}/acknowledge", page(self._acknowledge)),
                web.post("/exposures/{id}/revoke", page(self._revoke)),
            ],
            role=Role.RESPONDER,
        )
        listener.add_routes([web.get("/static/style.css", self._style)], Access.OPEN)

    def _page(self, handler: Handler, listener: Web) -> Handler:
        """Errors as pages."""

        async def shown(request: web.Request) -> web.Response:
            try:
                return await handler(request)
            except LookupError as error:
                status, message = 404, str(error)
            except ValueError as error:
                status, message = 409 if request.method == "POST" else 400, str(error)
            except StoreBusy:
                status, message = 503, "The store is busy; try again in a moment."
            values = {"message": message, "signed_in": listener.gate.has_tokens, "csrf": ""}
            return self._pages.show("message.html", values, status=status)

        return shown

    async def _list(self, request: web.Request, listener: Web) -> web.Response:
        wanted = filters.parse(request.query)
        found = await self._exposures.list(
            wanted.filter, actor=identity(request).name, limit=wanted.limit, after=wanted.after
        )
        return self._pages.show(
            "exposures.html",
            {
                "wanted": wanted,
                "choices": filters.CHOICES,
                "exposures": found.exposures,
                "total": found.total,
                "next": wanted.url(found.next) if found.next else "",
                "signed_in": listener.gate.has_tokens,
                "csrf": listener.page_token(request),
            },
        )

    async def _show(self, request: web.Request, listener: Web) -> web.Response:
        exposure = await self._exposures.show(request.match_info["id"], actor=identity(request).name)
        return self._pages.show(
            "exposure.html",
            {
                "exposure": exposure,
                "close_reasons": self._exposures.close_reasons,
                "signed_in": listener.gate.has_tokens,
                "csrf": listener.page_token(request),
            },
        )

    async def _close(self, request: web.Request, _: Web) -> web.Response:
        form = await request.post()
        reason, note = str(form.get("reason", "")), str(form.get("note", ""))[:_LONGEST_NOTE]
        closed = await self._exposures.close(
            request.match_info["id"], reason, actor=identity(request).name, note=note
        )
        return _see(closed["id"])

    async def _reopen(self, request: web.Request, _: Web) -> web.Response:
        opened = await self._exposures.reopen(request.match_info["id"], actor=identity(request).name)
        return _see(opened["id"])

    async def _acknowledge(self, request: web.Request, _: Web) -> web.Response:
        taken = await self._exposures.acknowledge(request.match_info["id"], actor=identity(request).name)
        return _see(taken["id"])

    async def _revoke(self, request: web.Request, _: Web) -> web.Response:
        revoked = await self._exposures.revoke(request.match_info["id"], actor=identity(request).name)
        return _see(revoked["id"])

    async def _api_list(self, request: web.Request) -> web.Response:
        wanted = filters.parse(request.query)
        found = await self._exposures.list(
            wanted.filter, actor=identity(request).name, limit=wanted.limit, after=wanted.after
        )
        total = {"total": found.total.number, "total_is_exact": found.total.exact}
        return _json({"exposures": list(found.exposures), **total, "next": found.next})

    async def _api_show(self, request: web.Request) -> web.Response:
        return _json(await self._exposures.show(request.match_info["id"], actor=identity(request).name))

    async def _style(self, _: web.Request) -> web.Response:
        return web.Response(body=self._pages.style, content_type="text/css")


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
    return web.Response(status=303, headers={"Location": "/exposures"})


def _see(exposure_id: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/exposures/{exposure_id}"})


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
