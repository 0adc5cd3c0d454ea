"""What an open page asks every few seconds: whether something is new for it. A short JSON with an ETag: mostly the answer is 304, nothing.

    GET /live?since=…&state=open&…    {"new": 3, "strip": "<…>"}    how many of that list were opened after that; the strip as HTML
    GET /live?exposure=…              {"mark": "…", "strip": "<…>"}  what changes with the exposure
    GET /live                         {"strip": "<…>"}

Polling, because nothing has to be kept for it: it outlives restarts, proxies that buffer, and a laptop that slept.
"""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from aiohttp import web

from monitor.console import filters
from monitor.console.frame import Frame
from monitor.console.queries import ExposureQueries
from monitor.store.errors import StoreBusy
from monitor.web import refusal


class Live:
    def __init__(self, frame: Frame, exposures: ExposureQueries) -> None:
        self._frame = frame
        self._exposures = exposures

    async def answer(self, request: web.Request) -> web.Response:
        try:
            body = orjson.dumps(await self._news(request))
        except LookupError as error:
            return refusal(404, str(error))
        except ValueError as error:
            return refusal(400, str(error))
        except StoreBusy:
            return refusal(503, "the store is busy", Retry_After="10")
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers={"ETag": tag})
        return web.Response(body=body, content_type="application/json", headers={"ETag": tag})

    async def _news(self, request: web.Request) -> dict[str, Any]:
        news: dict[str, Any] = {"strip": await self._frame.strip()}
        if name := request.query.get("exposure"):
            news["mark"] = await self._exposures.mark(name)
        elif since := request.query.get("since"):
            wanted = filters.parse(request.query).filter(self._frame.clock())
            news["new"] = await self._exposures.opened_since(wanted, float(since))
        return news
