"""Pastebin's scraping API (docs/sources: every value a string, errors as plain text with status 200)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import orjson
from aiohttp import web

from monitor.simulator.faults import FAULT, FaultKind
from monitor.simulator.model import Paste
from monitor.simulator.world import World

_DENIED: Final = (
    "YOUR IP: {ip} DOES NOT HAVE ACCESS. VISIT: https://pastebin.com/doc_scraping_api TO GET ACCESS!"
)
_UNKNOWN: Final = "Error, we cannot find this paste."
_BAD_KEY: Final = "Error, paste key is not valid."
_NOT_READY: Final = "File is not ready for scraping yet. Try again in 1 minute."
_KEY_LENGTH: Final = 8


class Pastebin:
    """Routes under /pastebin."""

    def __init__(self, world: World, clock: Callable[[], float], base_url: Callable[[], str]) -> None:
        self._world = world
        self._clock = clock
        self._base = base_url

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/pastebin/api_scraping.php", self.listing, name="pastebin.list"),
            web.get("/pastebin/api_scrape_item.php", self.item, name="pastebin.item"),
            web.get("/pastebin/api_scrape_item_meta.php", self.meta, name="pastebin.meta"),
        ]

    async def listing(self, request: web.Request) -> web.Response:
        """Newest first; `limit` 50 unless told, at most 250."""
        if _fault(request) is FaultKind.DENIED:
            return _text(_DENIED.format(ip=request.remote))
        text = request.query.get("limit", "50")
        limit = min(250, int(text)) if text.isdigit() and int(text) else 50
        language = request.query.get("lang", "")
        found = [p for p in reversed(self._world.pastes.values()) if language in ("", p.syntax)]
        return _json([self._meta(paste) for paste in found[:limit]])

    async def item(self, request: web.Request) -> web.Response:
        paste = self._find(request)
        return paste if isinstance(paste, web.Response) else _text(paste.content)

    async def meta(self, request: web.Request) -> web.Response:
        paste = self._find(request)
        return paste if isinstance(paste, web.Response) else _json([self._meta(paste)])

    def _find(self, request: web.Request) -> Paste | web.Response:
        key = request.query.get("i", "")
        if _fault(request) is FaultKind.DENIED:
            return _text(_DENIED.format(ip=request.remote))
        if len(key) != _KEY_LENGTH or not key.isalnum():
            return _text(_BAD_KEY)
        paste = self._world.pastes.get(key)
        if paste is None:
            return _text(_UNKNOWN)
        if _fault(request) is FaultKind.NOT_READY or self._clock() < paste.ready_at:
            return _text(_NOT_READY)
        return paste

    def _meta(self, paste: Paste) -> dict[str, str]:
        return {
            "scrape_url": f"{self._base()}/pastebin/api_scrape_item.php?i={paste.key}",
            "full_url": f"https://pastebin.com/{paste.key}",
            "date": str(int(paste.at)),
            "key": paste.key,
            "size": str(len(paste.content)),
            "expire": str(paste.expire),
            "title": paste.title,
            "syntax": paste.syntax,
            "user": paste.user,
            "hits": "0",
        }


def _fault(request: web.Request) -> FaultKind | None:
    fault = request.get(FAULT)
    return fault.kind if fault else None


def _text(body: str | bytes) -> web.Response:
    raw = body.encode() if isinstance(body, str) else body
    return web.Response(body=raw, headers={"Content-Type": "text/plain; charset=utf-8"})


def _json(value: object) -> web.Response:
    return web.Response(body=orjson.dumps(value), headers={"Content-Type": "application/json"})
