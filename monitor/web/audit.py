"""What people did is written down: a line in the log and a count for every change and every look at one exposure.

The access log in the store is written by what does the work (with `monitor.origin`, in the transaction of the change itself); here is only
what never got so far: what was refused for its role, and who came and went.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import structlog
from aiohttp import web

from monitor.metrics import Metrics
from monitor.origin import ORIGIN
from monitor.store.errors import StoreBusy
from monitor.web.roles import Identity, Role

_LOG = structlog.get_logger("web")
_EXPOSURE: Final = re.compile(r"[0-9a-f]{8,64}")

# actor, verb, exposure id, detail
Write = Callable[[str, str, str, Mapping[str, Any]], Awaitable[None]]


class Outcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"


class Audit:
    """`write` is set by whoever has a store, before the listener starts; without one there is the log alone."""

    def __init__(self, metrics: Metrics) -> None:
        self.write: Write | None = None
        self._actions = metrics.actions

    def expect(self, action: str, least: Role) -> None:
        """Count from 0."""
        for role in Role:
            if role >= least:
                self._actions.labels(action, role.word)

    def tell(self, request: web.Request, who: Identity, action: str, outcome: Outcome) -> None:
        """`action` "" is a look: told only where it is one exposure's."""
        exposure = _exposure(request)
        if not action and not exposure:
            return
        if action and outcome is Outcome.DONE:
            self._actions.labels(action, who.role.word).inc()
        _LOG.info(
            "action",
            action=action or "view",
            outcome=outcome.value,
            actor=who.name,
            exposure=exposure,
            **ORIGIN.get(),
        )

    async def refused(self, request: web.Request, who: Identity, action: str) -> None:
        """Into the store's access log: somebody tried what he may not."""
        await self._write(who.name, "refused", _exposure(request), {"action": action or "view"})

    async def signed_in(self, who: Identity | None, address: str) -> None:
        """None: with a wrong token. That is in the log alone: a stranger must not fill the store."""
        if who is None:
            _LOG.warning("sign-in refused", **{"from": address})
            return
        origin = {"role": who.role.word, "from": address}
        _LOG.info("action", action="login", outcome=Outcome.DONE.value, actor=who.name, exposure="", **origin)
        await self._write(who.name, "signed_in", "", {"origin": origin})

    async def signed_out(self, who: Identity) -> None:
        await self._write(who.name, "signed_out", "", {})

    async def _write(self, actor: str, verb: str, exposure: str, detail: Mapping[str, Any]) -> None:
        if self.write is None:
            return
        try:
            await self.write(actor, verb, exposure, detail)
        except StoreBusy:
            _LOG.warning("not in the access log: the store is busy", actor=actor, verb=verb)


def _exposure(request: web.Request) -> str:
    """The exposure that the path names, if it could be one: a log is no place for other texts."""
    name = request.match_info.get("id", "").lower()
    return name if _EXPOSURE.fullmatch(name) else ""
