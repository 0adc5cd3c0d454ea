"""What every page of the console has in common: who looks, what he may, the strip on top, and errors as pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from monitor.console.pages import Pages
from monitor.console.pulse import Beat
from monitor.coverage.chain import LedgerBroken
from monitor.store.errors import StoreBusy
from monitor.web import Role, Web, identity, may

Handler = Callable[[web.Request], Awaitable[web.Response]]


class Beating(Protocol):
    async def beat(self) -> Beat: ...


class Frame:
    """Puts pages together. One a listener."""

    def __init__(
        self,
        listener: Web,
        pages: Pages,
        pulse: Beating,
        *,
        clock: Callable[[], float],
        every: float,
    ) -> None:
        """`every`: seconds between two questions of an open page for what is new."""
        self.clock = clock
        self._listener = listener
        self._pages = pages
        self._pulse = pulse
        self._every = every

    async def show(
        self, request: web.Request, name: str, values: Mapping[str, Any], *, live: str = ""
    ) -> web.Response:
        """A page. `live`: what an open one asks for beside the strip, behind /live's question mark."""
        common = self._common(request) | {"beat": await self._pulse.beat(), "live": f"/live?{live}"}
        return self._pages.show(name, {**common, **values})

    async def strip(self) -> str:
        """The strip alone, as HTML."""
        return self._pages.text("strip.html", {"beat": await self._pulse.beat(), "now": self.clock()})

    def page(self, handler: Handler) -> Handler:
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
            except LedgerBroken as error:
                status, message = (
                    500,
                    f"The coverage ledger is broken: {error}. Run leakstream coverage check.",
                )
            values = self._common(request) | {"message": message, "beat": None, "live": ""}
            return self._pages.show("message.html", values, status=status)

        return shown

    def _common(self, request: web.Request) -> dict[str, Any]:
        who = identity(request)
        return {
            "csrf": self._listener.page_token(request),
            "who": who.name,
            "role": who.role.word,
            "may_act": may(request, Role.RESPONDER),
            "signed_in": self._listener.gate.has_tokens,
            "now": self.clock(),
            "every": self._every,
            "here": request.path.split("/")[1],
        }
