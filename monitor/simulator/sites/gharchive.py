"""GH Archive, which loses most events, and its mirror with manifests: `/gharchive/archive` and `/gharchive/mirror`.

An hour's file is gzip of many members, holds the events that were observed in that hour (so the last ones of the hour before, too),
and is there some minutes after the hour; before that, and for hours that were lost, the answer is 404. Options: `loss` (share of
the events that the archive misses), `ready_minutes`, `kept_hours` and `kept_mib` (what is older is gone), `observed_after`
(most seconds from an event's showing up to its observation).
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import orjson
from aiohttp import web

from monitor.simulator import github_json
from monitor.simulator.clock import http_date
from monitor.simulator.model import Event, Planted, Planting
from monitor.simulator.site import Ground, SitePlugin

_HOUR: Final = 3600
_MEMBER: Final = 200  # events
_AGAIN_SECONDS: Final = 60.0  # a polite client leaves a missing hour alone for so long
_NAME: Final = re.compile(r"(\d{4}-\d\d-\d\d)-(0|[1-9]\d?)")


@dataclass(slots=True)
class _Hour:
    """One file: whole members, and the lines of the next one."""

    members: list[bytes] = field(default_factory=list)
    size: int = 0
    events: int = 0
    lines: list[bytes] = field(default_factory=list)

    def add(self, line: bytes) -> None:
        self.lines.append(line)
        self.events += 1
        if len(self.lines) >= _MEMBER:
            self.seal()

    def seal(self) -> None:
        if self.lines:
            packer = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
            member = packer.compress(b"\n".join(self.lines) + b"\n") + packer.flush()
            self.members.append(member)
            self.size += len(member)
            self.lines.clear()


class GhArchive:
    """Both. A test may set `missing` (names of hours, `2026-11-21-9`, that are nowhere), and how many of the next answers of the
    mirror are `wrong_hashes` (in the manifest) or `cut_short` (in the file).
    """

    def __init__(self, ground: Ground) -> None:
        options = ground.options
        self.missing: set[str] = set()
        self.wrong_hashes = int(options.get("wrong_hashes", 0))
        self.cut_short = int(options.get("cut_short", 0))
        self._ground = ground
        self._loss = float(options.get("loss", 0.97))
        self._ready = float(options.get("ready_minutes", 2.0)) * 60.0
        self._kept = int(options.get("kept_hours", 6))
        self._kept_bytes = float(options.get("kept_mib", 128.0)) * 1024 * 1024
        self._observed_after = float(options.get("observed_after", 300.0))
        self._hours: dict[str, dict[int, _Hour]] = {"archive": {}, "mirror": {}}
        self._first = int(ground.clock() // _HOUR)
        self._refused: dict[str, float] = {}  # path -> when it was answered 404 last
        self._running: Counter[str] = Counter()
        ground.world.listeners.append(self._observe)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/gharchive/{place:archive|mirror}/{hour}.json.gz", self.file, name="gharchive.file"),
            web.get("/gharchive/mirror/{hour}.manifest.json", self.manifest, name="gharchive.manifest"),
        ]

    def publish(self, at: float, planted: Planted | None, watched: str) -> None:
        """The archive publishes nothing of its own: somebody comments on GitHub, and it ends up here as well."""
        world, rng = self._ground.world, self._ground.rng
        body = world.corpus.prose(rng, plant=planted.text if planted else b"")
        owner = "acme-corp" if watched == "owner" else rng.choice(world.people).login
        repository = world.repository(f"{owner}/{world.corpus.word(rng)}", at)
        payload = {"action": "created", "comment": {"body": body}}
        world.published += 1
        event = world.event("IssueCommentEvent", repository, payload, at, rng.choice(world.people))
        if planted is not None:
            place = Planting(
                source=self._ground.name,
                forge="github.com",
                repository=repository.full_name,
                owner=repository.owner,
                document=event.id,
                published_at=at,
                watched=watched,
            )
            world.planted(planted, place)

    async def file(self, request: web.Request) -> web.StreamResponse:
        place = request.match_info["place"]
        found = self._find(request, place)
        if self._running[place]:
            self._ground.journal.violate(request, "parallel_downloads", at=self._ground.clock())
        cut = place == "mirror" and self.cut_short > 0
        self.cut_short -= cut
        size = found.size // 2 if cut else found.size
        answer = web.StreamResponse(headers={"Content-Type": "application/gzip", "Accept-Ranges": "bytes"})
        answer.content_length = size
        answer.last_modified = datetime.fromtimestamp(self._ground.clock() // _HOUR * _HOUR, UTC)
        self._running[place] += 1
        try:
            await answer.prepare(request)
            for member in tuple(found.members):
                if size > 0:
                    await answer.write(member[:size])
                    size -= len(member)
            await answer.write_eof()
        finally:
            self._running[place] -= 1
        return answer

    async def manifest(self, request: web.Request) -> web.Response:
        found = self._find(request, "mirror")
        digest = hashlib.sha256(b"".join(found.members)).hexdigest()
        if self.wrong_hashes > 0:
            self.wrong_hashes -= 1
            digest = hashlib.sha256(digest.encode()).hexdigest()
        body = {
            "hour": request.match_info["hour"],
            "event_count": found.events,
            "compressed_bytes": found.size,
            "sha256": digest,
            "generated_at": http_date(self._ground.clock()),
        }
        return web.Response(body=orjson.dumps(body), content_type="application/json")

    def _find(self, request: web.Request, place: str) -> _Hour:
        """The hour asked for, sealed. Raises 404, and tells who asks what a polite client does not."""
        name, now = request.match_info["hour"], self._ground.clock()
        violate: Callable[..., None] = self._ground.journal.violate
        if not request.headers.get("User-Agent"):
            violate(request, "user_agent", at=now)
        if now - self._refused.get(request.path, 0.0) < _AGAIN_SECONDS:
            violate(request, "missing_asked_again", at=now)
        hour = _parse(name)
        if hour is not None and now < (hour + 1) * _HOUR:
            violate(request, "hour_not_over", at=now)
        hours = self._hours[place]
        ready = hour is not None and now >= (hour + 1) * _HOUR + self._ready
        if hour is None or not ready or name in self.missing or (hour not in hours and hour < self._first):
            self._refused[request.path] = now
            while len(self._refused) > 1000:
                del self._refused[next(iter(self._refused))]
            raise web.HTTPNotFound(text="Not Found")
        found = hours.setdefault(hour, _Hour())
        if not found.members and not found.lines:
            found.members.append(zlib.compress(b"", wbits=16 + zlib.MAX_WBITS))
            found.size = len(found.members[0])
        found.seal()
        return found

    def _observe(self, event: Event) -> None:
        seen_at = event.visible_at + self._ground.rng.random() * self._observed_after
        hour = int(seen_at // _HOUR)
        raw = github_json.event("https://api.github.com", event)
        line = orjson.dumps(raw)
        self._hours["mirror"].setdefault(hour, _Hour()).add(line)
        if self._ground.rng.random() >= self._loss:
            self._hours["archive"].setdefault(hour, _Hour()).add(line)
        if len(self._hours["mirror"]) > self._kept or self._too_much():
            self._forget()

    def _too_much(self) -> bool:
        return sum(hour.size for hours in self._hours.values() for hour in hours.values()) > self._kept_bytes

    def _forget(self) -> None:
        """The oldest hour goes, if it is not the only one."""
        oldest = min(self._hours["mirror"])
        if len(self._hours["mirror"]) > 1:
            self._first = oldest + 1
            for hours in self._hours.values():
                hours.pop(oldest, None)


def _parse(name: str) -> int | None:
    """`2026-11-21-9`; an hour with a zero in front of it is no name."""
    match = _NAME.fullmatch(name)
    if match is None or int(match[2]) > 23:
        return None
    try:
        day = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(day.timestamp()) // _HOUR + int(match[2])


SITE = SitePlugin(GhArchive, weight=0)
