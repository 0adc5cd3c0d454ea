"""GitHub's public gists: listed by their last change, each read whole (see `gist_reader`), what is ours first.

An edited gist comes again, so its key is id and time of change; what it held in between is read from its revisions. The list is asked
from a little before the oldest gist that is not dealt with, and the seen set tells what is new in it: late and reordered items are not missed.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pydantic import Field

from monitor.budget import Limited
from monitor.collectors.base import SourceContext, SourcePlugin
from monitor.collectors.feed import Feed
from monitor.collectors.github.api import PER_PAGE, GitHub, GitHubSettings
from monitor.collectors.github.gists import ID, GistReader, Read, State
from monitor.collectors.github.push import skip_reason
from monitor.collectors.outage import Outage
from monitor.collectors.shapes import instant, iso, text
from monitor.collectors.share import Share
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable
from monitor.coverage.items import Outcome, item
from monitor.tools import Tools
from monitor.watching import Watching

_MARGIN: Final = 300.0  # seconds that the list is asked for again, for what came late
_TRIES: Final = 3


class Settings(GitHubSettings):
    """[sources.github_gists]"""

    poll_seconds: float = Field(60.0, ge=1.0, description="time between two polls of the list")
    pages: int = Field(3, ge=1, le=30, description="most pages of 100 a poll reads; the list ends at 3,000")
    requests_per_minute: int = Field(40, ge=1, le=900, description="most requests a minute spent on gists")
    revisions: int = Field(
        10, ge=0, le=100, description="most former revisions read of one update; 0 = only what it is now"
    )
    backlog: int = Field(500, ge=0, le=10_000, description="most gists that wait for their turn")


@dataclass(frozen=True, slots=True)
class Gist:
    """One entry of the list: no content yet."""

    state: State
    owner: str = ""
    tries: int = 0

    @property
    def key(self) -> bytes:
        """16 bytes that name this state of the gist."""
        named = f"{self.state.id}\0{self.state.updated}"
        return hashlib.blake2b(named.encode(), digest_size=16).digest()


def parse(raw: object, news_since: float | None = None) -> Gist | None:
    """None when it is no gist."""
    gist_id, updated = text(raw, "id"), text(raw, "updated_at")
    updated_at = instant(raw, "updated_at")
    if not ID.fullmatch(gist_id) or updated_at is None:
        return None
    return Gist(State(gist_id, updated, updated_at, news_since), text(raw, "owner", "login"))


class GithubGists:
    """The source. For one task."""

    def __init__(
        self,
        settings: Settings,
        github: GitHub,
        watch: Watching,
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._github = github
        self._watch = watch
        self._draw = draw
        self._feed = Feed()
        self._waiting: dict[bytes, Gist] = {}
        self._share = Share(github.accounts, settings.requests_per_minute)
        self._reader = GistReader(github, settings.revisions)
        self._outage = Outage(github.ping, lambda: github.accounts.heard_at)

    async def run(self, context: SourceContext) -> None:
        self._feed.restore(await context.state.cursor(context.name))
        while not context.stop.is_set():
            before = self._github.accounts.asked
            if self._feed.due <= context.now():
                await self._poll(context)
            await self._work(context, polls=self._github.accounts.asked - before)
            if await context.sleep(self._feed.due - context.now()):
                return

    async def _poll(self, context: SourceContext) -> None:
        try:
            gists, full = await self._list(context)
        except Unavailable as error:
            if not await self._outage.over(context, error.reason):
                self._feed.due = context.now()  # it answers again
                return
            self._feed.failed(context, error, self._settings.poll_seconds, self._draw())
            return
        except (Limited, Refused) as error:
            self._feed.failed(context, error, self._settings.poll_seconds, self._draw())
            return
        now = context.now()
        self._feed.answered(now + self._settings.poll_seconds)
        context.healthy()
        unseen = await context.state.unseen(context.name, list(gists)) - self._waiting.keys()
        times = [gist.state.updated_at for gist in gists.values()]
        tally, gap = self._feed.tally(
            context.name, len(gists), len(gists) - len(unseen), times, now, full=full
        )
        self._waiting.update((key, gist) for key, gist in gists.items() if key in unseen)
        for key in unseen:
            self._note(tally, gists[key], Outcome.LISTED)
        self._feed.advance(now, times)
        await context.emit(coverage=[*gap, tally.event(context.name, now)], cursor=self._position())

    async def _list(self, context: SourceContext) -> tuple[dict[bytes, Gist], bool]:
        """What changed since the last poll, and whether the list was longer than we read."""
        since = "" if self._feed.newest is None else f"&since={iso(self._since() - _MARGIN)}"
        # what it was between two polls is nowhere listed
        polled = self._feed.polled_at
        news = None if polled is None else min(polled, self._since()) - _MARGIN
        gists: dict[bytes, Gist] = {}
        for page in range(1, self._settings.pages + 1):
            raw, _ = await self._github.page(context, "/gists/public", f"&page={page}{since}")
            found = [gist for gist in (parse(entry, news) for entry in raw) if gist is not None]
            if raw and not found:
                raise Unavailable("bad_shape")
            if len(found) < len(raw):
                context.dropped("bad_gist", len(raw) - len(found))
            gists.update((gist.key, gist) for gist in found)
            if len(raw) < PER_PAGE:
                return gists, False
        return gists, True

    def _since(self) -> float:
        """The list must still show the oldest gist that waits: after a crash nothing else remembers it."""
        newest = self._feed.newest or 0.0
        return min((gist.state.updated_at for gist in self._waiting.values()), default=newest)

    async def _work(self, context: SourceContext, *, polls: int) -> None:
        """Read gists, newest first, until the next poll is due or this cycle's share of the requests is spent."""
        if not self._waiting:
            return
        self._share.begin(self._feed.due - context.now(), reserve=polls)
        tally = Tally(since=context.now())
        order = self._order()
        for gist in order:
            late = context.now() >= self._feed.due or context.stop.is_set()
            if late or self._share.spent:
                break
            try:
                await self._one(context, gist, tally)
            except Limited:
                break
        self._share.end()
        order = self._order()
        over = [gist.key for gist in order[self._settings.backlog :]]
        for key in over:
            self._note(tally, self._waiting.pop(key), Outcome.SKIPPED)
            tally.skipped["budget"] += 1
        cursor = self._position()
        await context.emit(coverage=[tally.event(context.name, context.now())], seen=over, cursor=cursor)

    def _order(self) -> list[Gist]:
        """What is ours first, then the newest."""
        ours = {g.key for g in self._waiting.values() if self._watch.is_watched(self._github.forge, g.owner)}
        return sorted(self._waiting.values(), key=lambda g: (g.key not in ours, -g.state.updated_at))

    def _position(self) -> str:
        """The cursor: a start after a crash begins where everything older is dealt with."""
        saved = Feed()
        saved.polled_at, saved.newest = self._feed.polled_at, self._since()
        return saved.save()

    async def _one(self, context: SourceContext, gist: Gist, tally: Tally) -> None:
        """Raises Limited: nothing more can be asked now."""
        found, reason = Read(), ""
        try:
            last = gist.tries + 1 >= _TRIES
            found = await self._reader.read(context, replace(gist.state, last_try=last))
        except (Unavailable, Refused) as error:
            status = error.status if isinstance(error, Refused) else 0
            if status == 401:
                # our credential is refused, not this gist: no verdict on it
                raise Limited(self._settings.poll_seconds) from None
            if status == 0 and not await self._outage.over(context, error.reason):
                return  # no fault of this gist
            if isinstance(error, Unavailable) and gist.tries + 1 < _TRIES:
                self._waiting[gist.key] = replace(gist, tries=gist.tries + 1)
                return
            reason = skip_reason(error) if isinstance(error, Refused) else "unavailable"
        if reason:
            tally.skipped[reason] += 1
        else:
            tally.fetched += 1
        self._note(tally, gist, Outcome.SKIPPED if reason else Outcome.FETCHED)
        await context.emit(found.documents, requests=found.requests, seen=[gist.key])
        del self._waiting[gist.key]

    def _note(self, tally: Tally, gist: Gist, outcome: Outcome) -> None:
        name = f"{gist.owner or 'anonymous'}/{gist.state.id}"
        tally.note(item(self._reader.forge, name, gist.state.updated_at, outcome))


def _build(settings: Settings, tools: Tools) -> GithubGists:
    return GithubGists(settings, GitHub(settings, tools), tools.watch)


PLUGIN = SourcePlugin(Settings, _build, "GitHub's public gists")
