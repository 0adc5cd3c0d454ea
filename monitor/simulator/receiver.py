"""Where notifications arrive: keeps every request, answers as scripted.

`/hooks/<name>` answers 200 and the plain text `ok` (Slack's answer) unless a fault for `receiver.<name>` says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import orjson
from aiohttp import web
from multidict import CIMultiDict


@dataclass(frozen=True, slots=True)
class Received:
    """One delivery. `key` is its idempotency key (`webhook-id`, else `Idempotency-Key`), "" without."""

    at: float
    name: str
    key: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def json(self) -> object:
        """Raises orjson.JSONDecodeError."""
        return orjson.loads(self.body)


class Receiver:
    """Deliveries in order of arrival. `accepted` were answered 2xx, `refused` by a scripted fault."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.accepted: list[Received] = []
        self.refused: list[Received] = []

    def keys(self, name: str | None = None) -> list[str]:
        """Idempotency keys of what was accepted, in order, repeats included."""
        return [r.key for r in self.accepted if name is None or r.name == name]

    async def refuse(self, request: web.Request) -> None:
        """Remember a request that a fault is going to answer."""
        self.refused.append(await self._read(request))

    async def handle(self, request: web.Request) -> web.Response:
        self.accepted.append(await self._read(request))
        return web.Response(text="ok")

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/hooks/{name}", self.handle, name="receiver")]

    async def _read(self, request: web.Request) -> Received:
        headers = CIMultiDict(request.headers)
        key = headers.get("webhook-id") or headers.get("Idempotency-Key") or ""
        return Received(self._clock(), request.match_info["name"], key, headers, await request.read())
