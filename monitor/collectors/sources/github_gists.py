"""GitHub's public gists: listed by their last change, each read whole, with every file over the API's limit fetched apart.

An edited gist comes again, so its key is id and time of change. The list is asked from a little before the oldest gist that is
not dealt with, and the seen set tells what is new in it: late and reordered items are not missed.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import Field

from monitor.budget import Limited
from monitor.collectors.base import SourceContext, SourcePlugin
from monitor.collectors.feed import Feed
from monitor.collectors.github_api import PER_PAGE, GitHub, GitHubSettings, commit_id, encode
from monitor.collectors.github_push import skip_reason
from monitor.collectors.shapes import instant, integer, iso, items, obj, text
from monitor.collectors.share import Share
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable
from monitor.contracts import Document, Provenance
from monitor.identity import blob_sha
from monitor.tools import Tools

_MARGIN: Final = 300.0  # seconds that the list is asked for again, for what came late
_TRIES: Final = 3
_ID: Final = re.compile(r"[0-9a-f]{4,64}")


class Settings(GitHubSettings):
    """[sources.github_gists]"""

    poll_seconds: float = Field(60.0, ge=1.0, description="time between two polls of the list")
    pages: int = Field(3, ge=1, le=30, description="most pages of 100 a poll reads; the list ends at 3,000")
    requests_per_minute: int = Field(40, ge=1, le=900, description="most requests a minute spent on gists")
    backlog: int = Field(500, ge=0, le=10_000, description="most gists that wait for their turn")


@dataclass(frozen=True, slots=True)
class Gist:
    """One entry of the list: no content yet."""

    id: str
    updated: str
    updated_at: float
    tries: int = 0

    @property
    def key(self) -> bytes:
        """16 bytes that name this state of the gist."""
        return hashlib.blake2b(f"{self.id}\0{self.updated}".encode(), digest_size=16).digest()


def parse(raw: object) -> Gist | None:
    """None when it is no gist."""
    gist_id, updated = text(raw, "id"), text(raw, "updated_at")
    updated_at = instant(raw, "updated_at")
    return Gist(gist_id, updated, updated_at) if _ID.fullmatch(gist_id) and updated_at is not None else None


class GithubGists:
    """The source. For one task."""

    def __init__(
        self, settings: Settings, github: GitHub, *, draw: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._github = github
        self._draw = draw
        self._feed = Feed()
        self._waiting: dict[bytes, Gist] = {}
        self._share = Share(github.upstream, settings.requests_per_minute)

    async def run(self, context: SourceContext) -> None:
        self._feed.restore(await context.state.cursor(context.name))
        while not context.stop.is_set():
            before = self._github.upstream.asked
            if self._feed.due <= context.now():
                await self._poll(context)
            await self._work(context, polls=self._github.upstream.asked - before)
            if await context.sleep(self._feed.due - context.now()):
                return

    async def _poll(self, context: SourceContext) -> None:
        try:
            gists, full = await self._list(context)
        except (Limited, Unavailable, Refused) as error:
            self._feed.failed(context, error, self._settings.poll_seconds, self._draw())
            return
        now = context.now()
        self._feed.answered(now + self._settings.poll_seconds)
        context.healthy()
        unseen = await context.state.unseen(context.name, list(gists)) - self._waiting.keys()
        times = [gist.updated_at for gist in gists.values()]
        tally, gap = self._feed.tally(
            context.name, len(gists), len(gists) - len(unseen), times, now, full=full
        )
        self._waiting.update((key, gist) for key, gist in gists.items() if key in unseen)
        self._feed.advance(now, times)
        await context.emit(coverage=[*gap, tally.event(context.name, now)], cursor=self._position())

    async def _list(self, context: SourceContext) -> tuple[dict[bytes, Gist], bool]:
        """What changed since the last poll, and whether the list was longer than we read."""
        since = "" if self._feed.newest is None else f"&since={iso(self._since() - _MARGIN)}"
        gists: dict[bytes, Gist] = {}
        for page in range(1, self._settings.pages + 1):
            raw, _ = await self._github.page(context, "/gists/public", f"&page={page}{since}")
            found = [gist for gist in map(parse, raw) if gist is not None]
            if len(found) < len(raw):
                context.dropped("bad_gist", len(raw) - len(found))
            gists.update((gist.key, gist) for gist in found)
            if len(raw) < PER_PAGE:
                return gists, False
        return gists, True

    def _since(self) -> float:
        """The list must still show the oldest gist that waits: after a crash nothing else remembers it."""
        newest = self._feed.newest or 0.0
        return min((gist.updated_at for gist in self._waiting.values()), default=newest)

    async def _work(self, context: SourceContext, *, polls: int) -> None:
        """Read gists, newest first, until the next poll is due or this cycle's share of the requests is spent."""
        if not self._waiting:
            return
        self._share.begin(self._feed.due - context.now(), reserve=polls)
        tally = Tally(since=context.now())
        order = sorted(self._waiting.values(), key=lambda gist: gist.updated_at, reverse=True)
        for gist in order:
            late = context.now() >= self._feed.due or context.stop.is_set()
            if late or self._share.spent:
                break
            try:
                await self._one(context, gist, tally)
            except Limited:
                break
        self._share.end()
        order = sorted(self._waiting.values(), key=lambda gist: gist.updated_at, reverse=True)
        over = [gist.key for gist in order[self._settings.backlog :]]
        for key in over:
            del self._waiting[key]
        if over:
            tally.skipped["budget"] += len(over)
        cursor = self._position()
        await context.emit(coverage=[tally.event(context.name, context.now())], seen=over, cursor=cursor)

    def _position(self) -> str:
        """The cursor: a start after a crash begins where everything older is dealt with."""
        saved = Feed()
        saved.polled_at, saved.newest = self._feed.polled_at, self._since()
        return saved.save()

    async def _one(self, context: SourceContext, gist: Gist, tally: Tally) -> None:
        documents: Sequence[Document] = ()
        try:
            documents = await self._read(context, gist)
        except Unavailable:
            if gist.tries + 1 < _TRIES:
                self._waiting[gist.key] = replace(gist, tries=gist.tries + 1)
                return
            tally.skipped["unavailable"] += 1
        except Refused as error:
            if error.status == 401:
                # our credential is refused, not this gist: no verdict on it
                raise Limited(self._settings.poll_seconds) from None
            tally.skipped[skip_reason(error)] += 1
        else:
            tally.fetched += 1
        await context.emit(documents, seen=[gist.key])
        del self._waiting[gist.key]

    async def _read(self, context: SourceContext, gist: Gist) -> list[Document]:
        body = await self._github.gist(context, gist.id)
        if body.get("truncated") is True:
            context.dropped(
                "files_over_limit"
            )  # the API shows 300; the others are only in its git repository
        found = [("", encode(text(body, "description")))]
        for name, entry in obj(body, "files").items():
            content = await self._content(context, obj(entry))
            if content is not None:
                found.append((text(entry, "filename") or name, content))
        return list(self._documents(context, gist, body, found))

    async def _content(self, context: SourceContext, entry: dict[str, Any]) -> bytes | None:
        """A file's content; None when it is left out, which is counted."""
        whole = entry.get("content")
        if isinstance(whole, str) and entry.get("truncated") is not True:
            return encode(whole)
        if (integer(entry, "size") or 0) > self._github.max_blob_bytes:
            context.dropped("file_over_limit")
            return None
        try:
            return await self._github.raw(context, text(entry, "raw_url"))
        except Refused as error:
            context.dropped(skip_reason(error))
            return None

    def _documents(
        self, context: SourceContext, gist: Gist, body: dict[str, Any], found: Sequence[tuple[str, bytes]]
    ) -> Iterator[Document]:
        owner = text(body, "owner", "login")
        forge = f"gist.{self._github.forge}"
        history = items(body.get("history"))
        for name, content in found:
            if not content:
                continue
            yield Document(
                source=context.name,
                id=f"{gist.id}@{gist.updated}:{name}",
                content=content,
                fetched_at=context.now(),
                published_at=gist.updated_at,
                blob_sha=blob_sha(content),
                provenance=Provenance(
                    forge=forge,
                    repository=f"{owner or 'anonymous'}/{gist.id}",
                    owner=owner,
                    url=f"https://{forge}/{gist.id}",
                    commit=commit_id(text(history[0], "version")) if history else "",
                    path=name,
                    title=text(body, "description"),
                    author=owner,
                ),
            )


def _build(settings: Settings, tools: Tools) -> GithubGists:
    return GithubGists(settings, GitHub(settings, tools))


PLUGIN = SourcePlugin(Settings, _build, "GitHub's public gists")
