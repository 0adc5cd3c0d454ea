"""Hacker News' API (sources.md 8): ids that only grow, items that are `null` for a while or for ever, edits told by one list.

Options: `null` (share of items that show late), `null_seconds` (at most how late), `gone` (share that never shows), `edits` and `deleted` and
`dead` (shares), `changed_seconds` (how long the list of changes remembers), `per_second` (requests a client may make),
`first` (the first id).
"""

from __future__ import annotations

import html
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.simulator.journal import client_of
from monitor.simulator.limits import SlidingPoints
from monitor.simulator.model import Planted, Planting
from monitor.simulator.site import Ground, SitePlugin

_KEPT: Final = 20_000
_CHANGED: Final = 100
_FORGE: Final = "news.ycombinator.com"


@dataclass(slots=True)
class _Item:
    """`fields` are what the API tells of it."""

    visible_at: float
    fields: dict[str, Any] = field(repr=False)


class HackerNews:
    """Routes under /hackernews."""

    def __init__(self, ground: Ground) -> None:
        options = ground.options
        self._ground = ground
        self._null = float(options.get("null", 0.05))
        self._null_seconds = float(options.get("null_seconds", 120.0))
        self._gone = float(options.get("gone", 0.01))
        self._edits = float(options.get("edits", 0.1))
        self._deleted = float(options.get("deleted", 0.02))
        self._dead = float(options.get("dead", 0.02))
        self._changed_seconds = float(options.get("changed_seconds", 600.0))
        self._per_second = int(options.get("per_second", 30))
        self._last = int(options.get("first", 8_423_305)) - 1
        self._items: OrderedDict[int, _Item] = OrderedDict()
        self._changed: deque[tuple[float, int]] = deque(maxlen=_CHANGED)
        self._rates: dict[str, SlidingPoints] = {}

    def routes(self) -> list[web.RouteDef]:
        name = self._ground.name
        return [
            web.get(f"/{name}/v0/maxitem.json", self._counted(self.maxitem), name=f"{name}.maxitem"),
            web.get(f"/{name}/v0/updates.json", self._counted(self.updates), name=f"{name}.updates"),
            web.get(f"/{name}/v0/newstories.json", self._counted(self.newstories), name=f"{name}.newstories"),
            web.get(f"/{name}/v0/item/{{id}}.json", self._counted(self.item), name=f"{name}.item"),
        ]

    # -- what is asked

    def maxitem(self, _: web.Request) -> object:
        return self._last

    def item(self, request: web.Request) -> object:
        number = request.match_info["id"]
        found = self._items.get(int(number)) if number.isascii() and number.isdigit() else None
        return found.fields if found and found.visible_at <= self._ground.clock() else None

    def updates(self, _: web.Request) -> object:
        oldest = self._ground.clock() - self._changed_seconds
        changed = dict.fromkeys(number for at, number in reversed(self._changed) if at >= oldest)
        return {"items": list(changed), "profiles": []}

    def newstories(self, _: web.Request) -> object:
        """At most 500, newest first."""
        stories = (n for n, entry in reversed(self._items.items()) if entry.fields["type"] == "story")
        return [number for number, _ in zip(stories, range(500), strict=False)]

    def _counted(self, answer: Callable[[web.Request], object]) -> Callable[[web.Request], Any]:
        async def handle(request: web.Request) -> web.Response:
            now = self._ground.clock()
            if not request.headers.get("User-Agent"):
                self._ground.journal.violate(request, "user_agent", at=now)
            client = client_of(request)
            rate = self._rates.setdefault(client, SlidingPoints(self._per_second, 1.0, self._ground.clock))
            if rate.spend():
                self._ground.journal.violate(request, "requests_per_second", at=now)
            return web.Response(body=orjson.dumps(answer(request)), content_type="application/json")

        return handle

    # -- what happens

    def publish(self, at: float, planted: Planted | None, watched: str) -> None:
        rng = self._ground.rng
        old = self._editable() if rng.random() < self._edits else None
        number = self._edit(old, at, planted) if old else self._new(at, planted)
        if planted:
            self._ground.world.planted(
                planted,
                Planting(
                    source=self._ground.name,
                    forge=_FORGE,
                    owner=self._items[number].fields["by"],
                    document=str(number),
                    published_at=at,
                    watched=watched,
                ),
            )

    def _new(self, at: float, planted: Planted | None) -> int:
        rng, world = self._ground.rng, self._ground.world
        draw = rng.random()
        kind = "comment" if draw < 0.8 else "story" if draw < 0.94 else "job" if draw < 0.96 else "poll"
        fields: dict[str, Any] = {
            "by": rng.choice(world.people).login,
            "text": self._text(planted),
            "type": kind,
        }
        if kind == "comment":
            parent = self._last if self._items else 1
            fields["parent"] = parent
            self._changed.append((at, parent))
            if parent in self._items:
                self._items[parent].fields.setdefault("kids", []).append(self._last + 1)
        else:
            fields |= {
                "title": html.escape(f"{world.corpus.word(rng)} & {world.corpus.word(rng)}"),
                "score": 1,
            }
        if kind == "story" and planted is None and rng.random() < 0.6:
            del fields["text"]
            fields["url"] = f"https://{world.corpus.word(rng)}.example/{rng.randrange(10**6)}"
        if planted is None:
            draw = rng.random()
            if draw < self._deleted:
                fields = {"deleted": True, "type": kind}
            elif draw < self._deleted + self._dead:
                fields["dead"] = True
        number = self._add(at, fields, never=planted is None and rng.random() < self._gone)
        if kind == "poll":
            parts = [
                self._add(at, {"by": fields.get("by"), "poll": number, "text": world.corpus.word(rng), "type": "pollopt"})
                for _ in range(2)
            ]  # fmt: skip
            fields["parts"] = parts
        return number

    def _add(self, at: float, fields: dict[str, Any], *, never: bool = False) -> int:
        rng = self._ground.rng
        self._last += 1
        late = rng.random() * self._null_seconds if rng.random() < self._null else 0.0
        fields |= {"id": self._last, "time": int(at)}
        self._items[self._last] = _Item(float("inf") if never else at + late, fields)
        if len(self._items) > _KEPT:
            self._items.popitem(last=False)
        return self._last

    def _editable(self) -> int | None:
        """A recent item that has a text."""
        recent = [self._last - n for n in range(30)]
        there = [n for n in recent if n in self._items and self._items[n].fields.get("text")]
        there = [n for n in there if self._items[n].visible_at < float("inf")]
        return self._ground.rng.choice(there) if there else None

    def _edit(self, number: int, at: float, planted: Planted | None) -> int:
        self._items[number].fields["text"] += "<p>EDIT: " + self._text(planted)
        self._changed.append((at, number))
        return number

    def _text(self, planted: Planted | None) -> str:
        rng, corpus = self._ground.rng, self._ground.world.corpus
        paragraphs = [_escaped(line) for line in corpus.prose(rng).split("\n")]
        if planted:
            code = _escaped(planted.text.decode("utf-8", "replace").rstrip("\n"))
            paragraphs.insert(1, f"<pre><code>{code}\n</code></pre>")
        address = f"https://{corpus.word(rng)}.example/{rng.randbytes(20).hex()}"
        shown = _escaped(address[:40]) + "..."
        return "<p>".join([*paragraphs, f'<a href="{_escaped(address)}" rel="nofollow">{shown}</a>'])


def _escaped(text: str) -> str:
    """As Hacker News writes it: slashes, too."""
    return html.escape(text).replace("/", "&#x2F;")


SITE = SitePlugin(HackerNews, weight=10)
