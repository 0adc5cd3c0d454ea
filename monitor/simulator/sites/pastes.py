"""Three small paste sites, each of another kind: one with a JSON list, one of HTML pages in Windows-1252, one that is an Atom feed.

They have what such sites have: numbers as strings, a charset that only the page itself names, the same paste twice in a list, pastes that
are gone or "not ready" with status 200, entries without an id, 304 for a known ETag, and 429 with Retry-After now and then. A client
breaks a rule that asks while it was told to wait, polls a list more often than every 30 s, fetches more than one thing a second, or does
not say who it is.
"""

from __future__ import annotations

import hashlib
import html
import string
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, TypeVar

import orjson
from aiohttp import web

from monitor.identity import blob_sha
from monitor.simulator.clock import http_date, iso
from monitor.simulator.journal import client_of
from monitor.simulator.model import Planted, Planting
from monitor.simulator.site import Ground, SitePlugin

_V = TypeVar("_V")
FLAVOURS: Final = ("json", "html", "atom")
NOT_READY: Final = "This paste is not ready yet, try again in a minute."
REMOVED: Final = "This paste has been removed."
_KEPT: Final = 500
_LISTED: Final = 60
_CLIENTS: Final = 1000
_POLL_SECONDS: Final = 30.0
_ITEM_SECONDS: Final = 1.0
_SLACK: Final = 1e-6
_WAIT_SECONDS: Final = 45


@dataclass(frozen=True, slots=True)
class Paste:
    key: str
    title: str
    user: str
    content: bytes = field(repr=False)
    at: float
    ready_at: float
    gone: bool


class Pastes:
    """Options: `gone` and `not_ready` (shares of pastes without a plant, and of all), `limit_every` (so many requests of a client to a
    flavour, then 429; 0 = never).
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._gone = float(ground.options.get("gone", 0.02))
        self._not_ready = float(ground.options.get("not_ready", 0.05))
        self._limit_every = int(ground.options.get("limit_every", 150))
        self._pastes: dict[str, OrderedDict[str, Paste]] = {flavour: OrderedDict() for flavour in FLAVOURS}
        self._serial = 0
        self._asked: OrderedDict[tuple[str, str], float] = OrderedDict()  # client and route -> last request
        self._counts: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._wait_until: OrderedDict[tuple[str, str], float] = OrderedDict()

    def routes(self) -> list[web.RouteDef]:
        name = self._ground.name
        return [
            web.get(f"/{name}/json/api/recent", self._json, name=f"{name}.json_list"),
            web.get(f"/{name}/json/raw/{{key}}", self._raw, name=f"{name}.json_item"),
            web.get(f"/{name}/html/recent", self._html, name=f"{name}.html_list"),
            web.get(f"/{name}/html/p/{{key}}", self._page, name=f"{name}.html_item"),
            web.get(f"/{name}/atom/feed.xml", self._atom, name=f"{name}.atom_list"),
        ]

    def publish(self, at: float, planted: Planted | None, watched: str) -> None:
        ground, rng = self._ground, self._ground.rng
        flavour = FLAVOURS[self._serial % len(FLAVOURS)]
        self._serial += 1
        made = ground.world.corpus.file(rng, plant=planted.text if planted else b"", serial=self._serial)
        key = "".join(rng.choices(string.ascii_letters + string.digits, k=8))
        user = rng.choice(ground.world.people).login if rng.random() < 0.5 else ""
        late = 60.0 if rng.random() < self._not_ready else 0.0
        gone = planted is None and rng.random() < self._gone
        title = f"{ground.world.corpus.word(rng)} \u2013 naïve <{self._serial}>"
        pastes = self._pastes[flavour]
        pastes[key] = Paste(key, title, user, made.content, at, at + late, gone)
        while len(pastes) > _KEPT:
            pastes.popitem(last=False)
        ground.world.published += 1
        if planted:
            place = Planting(
                source=ground.name,
                forge=flavour,
                owner=user,
                document=key,
                blob_sha=blob_sha(made.content),
                published_at=at,
                watched=watched,
            )
            ground.world.planted(planted, place)

    async def _json(self, request: web.Request) -> web.StreamResponse:
        """Numbers as strings; one entry twice, one that is none."""
        rows: list[object] = [
            {
                "key": paste.key,
                "title": paste.title or None,
                "meta": {"user": paste.user or None, "created": str(int(paste.at))},
                "size": str(len(paste.content)),
            }
            for paste in self._recent("json")
        ]
        rows += [*rows[:1], {"title": "no key"}]
        body = orjson.dumps({"ok": True, "data": {"pastes": rows}})
        return self._limited(request, "json") or _conditional(request, body, "application/json")

    async def _raw(self, request: web.Request) -> web.StreamResponse:
        return self._limited(request, "json", item=True) or self._item(request, "json")

    async def _html(self, request: web.Request) -> web.StreamResponse:
        rows = "".join(
            f'<tr><td><a class="t" href="/{self._ground.name}/html/p/{paste.key}">{html.escape(paste.title)}</a>'
            f"<td>{html.escape(paste.user)}<td><time datetime='{iso(paste.at)}'>some time ago</time>\n"
            for paste in self._recent("html")
        )
        page = (
            '<html><head><meta charset="windows-1252"><title>Recent</title></head><body>'
            f'<a href="/about">About</a><table class="recent">{rows}</table>'
        )
        body = page.encode("cp1252", "xmlcharrefreplace")
        return self._limited(request, "html") or _conditional(request, body, "text/html")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return self._limited(request, "html", item=True) or self._item(request, "html", page=True)

    async def _atom(self, request: web.Request) -> web.StreamResponse:
        """Each entry has its text; ISO-8859-1 by its declaration."""
        entries = "".join(
            f"<entry><id>tag:pastes.example,2026:{paste.key}</id><title>{html.escape(paste.title)}</title>"
            f'<link href="{self._ground.url()}/atom/{paste.key}"/><updated>{iso(paste.at)}</updated>'
            f"<author><name>{html.escape(paste.user)}</name></author>"
            f'<content type="html">{html.escape("<pre>" + html.escape(_text(paste)) + "</pre>")}</content></entry>'
            for paste in self._recent("atom")
        )
        feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>pastes</title>{entries}</feed>'
        body = b'<?xml version="1.0" encoding="iso-8859-1"?>' + feed.encode("latin-1", "xmlcharrefreplace")
        return self._limited(request, "atom") or _conditional(request, body, "application/atom+xml")

    def _recent(self, flavour: str) -> list[Paste]:
        return list(reversed(self._pastes[flavour].values()))[:_LISTED]

    def _item(self, request: web.Request, flavour: str, *, page: bool = False) -> web.Response:
        paste = self._pastes[flavour].get(request.match_info["key"])
        if paste is None:
            return web.Response(status=404, text="Not found")
        if paste.gone:
            return web.Response(text=REMOVED)
        if self._ground.clock() < paste.ready_at:
            return web.Response(text=NOT_READY)
        if not page:
            return web.Response(body=paste.content, content_type="text/plain")
        shown = f'<meta charset="windows-1252"><h1>{html.escape(paste.title)}</h1><pre id="code">{html.escape(_text(paste))}</pre>'
        return web.Response(body=shown.encode("cp1252", "xmlcharrefreplace"), content_type="text/html")

    def _limited(self, request: web.Request, flavour: str, *, item: bool = False) -> web.Response | None:
        """The rules; the 429 of a client's every so many-th request to a flavour."""
        now, client = self._ground.clock(), client_of(request)
        journal = self._ground.journal
        if not request.headers.get("User-Agent"):
            journal.violate(request, "no_user_agent", at=now)
        if now < self._wait_until.get((client, flavour), 0.0) - _SLACK:
            journal.violate(request, "told_to_wait", at=now)
        every, kind = (_ITEM_SECONDS, "item") if item else (_POLL_SECONDS, flavour)
        last = self._asked.get((client, kind))
        if last is not None and now - last < every - _SLACK:
            journal.violate(request, "item_interval" if item else "poll_interval", at=now)
        _keep(self._asked, (client, kind), now)
        count = self._counts.get((client, flavour), 0) + 1
        _keep(self._counts, (client, flavour), count)
        if self._limit_every and count % self._limit_every == 0:
            _keep(self._wait_until, (client, flavour), now + _WAIT_SECONDS)
            wait = str(_WAIT_SECONDS) if count % 2 else http_date(now + _WAIT_SECONDS + 1)
            return web.Response(
                status=429, text="Slow down", headers={"Retry-After": wait, "Date": http_date(now)}
            )
        return None


def _keep(kept: OrderedDict[tuple[str, str], _V], key: tuple[str, str], value: _V) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > _CLIENTS:
        kept.popitem(last=False)


def _conditional(request: web.Request, body: bytes, kind: str) -> web.Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    if request.headers.get("If-None-Match") == etag:
        return web.Response(status=304, headers={"ETag": etag})
    return web.Response(body=body, headers={"ETag": etag, "Content-Type": kind})


def _text(paste: Paste) -> str:
    return paste.content.decode("utf-8", "replace")


SITE: Final = SitePlugin(Pastes, weight=12)
