"""Stack Exchange's API 2.3 (sources.md 8): always compressed, errors as HTTP 400, `backoff` in a 200, a quota of a UTC day.

Options: `sites`, `keys` (those that are known; each has 10,000 requests a day), `quota` (a day without a key), `backoff_every` (each so-many-th
answer of a method carries `backoff`), `backoff` (its seconds), `edits` and `bumps` (shares), `late` (share that the caches
show later), `late_seconds`, `kept` (items of each kind).
"""

from __future__ import annotations

import gzip
import html
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.simulator.clock import http_date
from monitor.simulator.limits import SlidingPoints
from monitor.simulator.model import Planted, Planting
from monitor.simulator.site import Ground, SitePlugin

_DAY: Final = 86_400
_MINUTE: Final = 60.0
_PER_SECOND: Final = 30
_BAN: Final = 30.0
_PAGES_WITHOUT_KEY: Final = 25
_KINDS: Final = {"questions": "question_id", "answers": "answer_id", "comments": "comment_id"}
_HOSTS: Final = {
    "stackoverflow": "stackoverflow.com",
    "serverfault": "serverfault.com",
    "superuser": "superuser.com",
}


@dataclass(slots=True)
class _Post:
    kind: str
    created: float
    active: float
    visible_at: float
    fields: dict[str, Any] = field(repr=False)


@dataclass(slots=True)
class _Client:
    """What the server remembers of a key, or of an address without one."""

    day: int = -1
    used: int = 0
    backoff: dict[str, float] = field(default_factory=dict)  # method -> until
    answered: dict[str, tuple[float, bytes]] = field(default_factory=dict)  # request -> when, what


class _Refused(Exception):
    def __init__(self, number: int, name: str, message: str) -> None:
        super().__init__(message)
        self.body = {"error_id": number, "error_name": name, "error_message": message}


class StackExchange:
    """Routes under /stackexchange."""

    def __init__(self, ground: Ground) -> None:
        options = ground.options
        self._ground = ground
        self._sites = tuple(options.get("sites", ("stackoverflow",)))
        self._keys = frozenset(options.get("keys", ()))
        self._quota = int(options.get("quota", 300))
        self._backoff_every = int(options.get("backoff_every", 10))
        self._backoff = int(options.get("backoff", 10))
        self._edits = float(options.get("edits", 0.1))
        self._bumps = float(options.get("bumps", 0.2))
        self._late = float(options.get("late", 0.1))
        self._late_seconds = float(options.get("late_seconds", 60.0))
        kept = int(options.get("kept", 10_000))
        self._posts: dict[tuple[str, str], deque[_Post]] = defaultdict(lambda: deque(maxlen=kept))
        self._last = 79_000_000
        self._clients: dict[str, _Client] = defaultdict(_Client)
        self._rates: dict[str, SlidingPoints] = {}
        self._banned: dict[str, float] = {}
        self._answers: Counter[str] = Counter()

    def routes(self) -> list[web.RouteDef]:
        name = self._ground.name
        return [web.get(f"/{name}/2.3/{kind}", self.listing, name=f"{name}.{kind}") for kind in _KINDS]

    # -- what is asked

    async def listing(self, request: web.Request) -> web.StreamResponse:
        now = self._ground.clock()
        if not request.headers.get("User-Agent"):
            self._violate(request, "user_agent")
        if self._is_banned(request, now):
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        kind = request.path.rpartition("/")[2]
        try:
            return _packed(200, self._answer(request, kind, now), now)
        except _Refused as refused:
            return _packed(400, orjson.dumps(refused.body), now)

    def _is_banned(self, request: web.Request, now: float) -> bool:
        """More than 30 requests a second from one address are dropped, and for a while all that follow."""
        address = str(request.remote)
        rate = self._rates.setdefault(address, SlidingPoints(_PER_SECOND, 1.0, self._ground.clock))
        if rate.spend():
            self._violate(request, "requests_per_second")
            self._banned[address] = now + _BAN
        return self._banned.get(address, 0.0) > now

    def _answer(self, request: web.Request, kind: str, now: float) -> bytes:
        key = request.query.get("key", "")
        if key and key not in self._keys:
            raise _Refused(400, "bad_parameter", "`key` doesn't match a known application")
        client = self._clients[key or str(request.remote)]
        self._throttle(request, client, kind, now, 10_000 if key else self._quota)
        asked = f"{kind}?" + "&".join(sorted(f"{name}={value}" for name, value in request.query.items()))
        client.answered = {k: v for k, v in client.answered.items() if v[0] > now - _MINUTE}
        if asked in client.answered:
            self._violate(request, "identical")
            return client.answered[asked][1]
        body = self._page(request.query, kind, now, has_key=bool(key))
        self._answers[kind] += 1
        if self._backoff_every and self._answers[kind] % self._backoff_every == 0:
            body["backoff"] = self._backoff
            client.backoff[kind] = now + self._backoff
        body |= {"quota_max": 10_000 if key else self._quota}
        body["quota_remaining"] = body["quota_max"] - client.used
        packed = orjson.dumps(body)
        client.answered[asked] = (now, packed)
        return packed

    def _throttle(self, request: web.Request, client: _Client, kind: str, now: float, quota: int) -> None:
        day = int(now // _DAY)
        if client.day != day:
            client.day, client.used = day, 0
        if client.used >= quota:
            self._violate(request, "quota")
            left = int((day + 1) * _DAY - now)
            message = f"too many requests from this IP, more requests available in {left} seconds"
            raise _Refused(502, "throttle_violation", message)
        if client.backoff.get(kind, 0.0) > now:
            self._violate(request, "backoff")
            raise _Refused(502, "throttle_violation", "Violation of backoff parameter")
        client.used += 1

    def _page(self, query: Mapping[str, str], kind: str, now: float, *, has_key: bool) -> dict[str, Any]:
        site = query.get("site", "")
        if site not in self._sites:
            raise _Refused(400, "bad_parameter", f"No site found for name `{site}`")
        size, number = _number(query, "pagesize", 30), _number(query, "page", 1)
        sort = query.get("sort", "creation" if kind == "comments" else "activity")
        if (
            size > 100
            or number < 1
            or sort not in ("creation", *(() if kind == "comments" else ("activity",)))
        ):
            raise _Refused(400, "bad_parameter", "pagesize, page or sort")
        if number > _PAGES_WITHOUT_KEY and not has_key:
            raise _Refused(403, "access_denied", "page above 25 requires access token or app key")

        def by(post: _Post) -> int:
            return int(post.active if sort == "activity" else post.created)

        lowest, highest = _number(query, "min", 0), _number(query, "max", 10**12)
        begin, end = _number(query, "fromdate", 0), _number(query, "todate", 10**12)
        found = [
            post
            for post in self._posts[site, kind]
            if post.visible_at <= now and lowest <= by(post) <= highest and begin <= int(post.created) <= end
        ]
        found.sort(key=by, reverse=query.get("order", "desc") == "desc")
        first = (number - 1) * size
        body = query.get("filter") == "withbody"
        shown = [_shown(post, body=body) for post in found[first : first + size]]
        return {"items": shown, "has_more": len(found) > first + size}

    def _violate(self, request: web.Request, rule: str) -> None:
        self._ground.journal.violate(request, rule, at=self._ground.clock())

    # -- what happens

    def publish(self, at: float, planted: Planted | None, watched: str) -> None:
        rng = self._ground.rng
        site = rng.choice(self._sites)
        draw = rng.random()
        if draw < self._edits and self._posts[site, "questions"]:
            post = self._edit(site, at, planted)
        else:
            kind = rng.choice(("questions", "answers", "answers", "comments"))
            post = self._new(site, kind, at, planted)
        if planted:
            self._ground.world.planted(
                planted,
                Planting(
                    source=self._ground.name,
                    forge=_HOSTS.get(site, f"{site}.stackexchange.com"),
                    owner=str(post.fields["owner"]["user_id"]),
                    document=str(post.fields[_KINDS[post.kind]]),
                    published_at=at,
                    watched=watched,
                ),
            )

    def _new(self, site: str, kind: str, at: float, planted: Planted | None) -> _Post:
        rng, world = self._ground.rng, self._ground.world
        questions = self._posts[site, "questions"]
        if kind != "questions" and not questions:
            kind = "questions"
        self._last += 1
        person = rng.choice(world.people)
        fields: dict[str, Any] = {
            _KINDS[kind]: self._last,
            "body": self._body(planted),
            "owner": {"user_id": person.id, "display_name": person.name, "user_type": "registered"},
            "content_license": "CC BY-SA 4.0",
        }
        if kind == "questions":
            title = f"{world.corpus.word(rng)} & {world.corpus.word(rng)}"
            fields |= {"title": html.escape(title), "tags": [world.corpus.word(rng)]}
            fields["link"] = f"https://{_HOSTS.get(site, site)}/questions/{self._last}/x"
        else:
            parent = rng.choice(list(questions)[-20:])
            number = parent.fields["question_id"]
            fields["question_id" if kind == "answers" else "post_id"] = number
            if kind == "answers":  # an answer is an activity of its question
                parent.active = max(parent.active, at)
        late = rng.random() * self._late_seconds if rng.random() < self._late else 0.0
        post = _Post(kind, at, at, at + late, fields)
        self._posts[site, kind].append(post)
        return post

    def _edit(self, site: str, at: float, planted: Planted | None) -> _Post:
        """Of any age: the old ones come up again, too."""
        rng = self._ground.rng
        post = rng.choice(self._posts[site, "questions"])
        post.active = max(post.active, at)
        if planted or rng.random() >= self._bumps:
            post.fields["body"] += self._body(planted)
            post.fields["last_edit_date"] = int(at)
        return post

    def _body(self, planted: Planted | None) -> str:
        rng, corpus = self._ground.rng, self._ground.world.corpus
        paragraphs = [f"<p>{html.escape(line)}</p>" for line in corpus.prose(rng).split("\n")]
        if planted:
            code = html.escape(planted.text.decode("utf-8", "replace"))
            paragraphs.insert(1, f'<pre class="lang-bash prettyprint-override"><code>{code}</code></pre>')
        return "\n\n".join(paragraphs) + "\n"


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit()):
        raise _Refused(400, "bad_parameter", name)
    return int(text)


def _shown(post: _Post, *, body: bool) -> dict[str, Any]:
    fields = {name: value for name, value in post.fields.items() if body or name != "body"}
    fields["creation_date"] = int(post.created)
    if post.kind == "comments":
        return fields | {"edited": False}
    return fields | {"last_activity_date": int(post.active)}


def _packed(status: int, body: bytes, now: float) -> web.Response:
    """Compressed whatever the client accepts."""
    kind = "application/json; charset=utf-8"
    headers = {"Content-Encoding": "gzip", "Content-Type": kind, "Date": http_date(now)}
    return web.Response(status=status, body=gzip.compress(body, 1), headers=headers)


SITE = SitePlugin(StackExchange, weight=10)
