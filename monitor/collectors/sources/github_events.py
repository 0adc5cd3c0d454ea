"""GitHub's public event feeds: text straight from the events, pushes resolved to diffs as far as the budget goes.

`/events` holds 300 events, about two seconds of the world: one polite token sees some 3 % of it, and the coverage events say
so. The feeds of a repository, an organisation or a user have the same shape and are read completely.

A cycle polls every feed that is due, puts the text of its events on the bus, then works off the backlog of pushes, newest first,
until the next poll is due or this cycle's share of the requests is spent. The backlog is kept over restarts; what falls off its
end is counted `budget`. An event is marked seen when its documents are on the bus, never before.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import orjson
from pydantic import Field, StringConstraints

from monitor.aio import cancel, spawn
from monitor.budget import Limited, poll_interval, server_time
from monitor.collectors import github_event
from monitor.collectors.base import SourceContext, SourcePlugin
from monitor.collectors.feed import Feed
from monitor.collectors.github_api import PER_PAGE, GitHub, GitHubSettings, next_link
from monitor.collectors.github_event import Event
from monitor.collectors.github_push import Limits, PerCommit, Push, PushResolver, skip_reason
from monitor.collectors.share import Share
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable
from monitor.contracts import Document
from monitor.http import Response, Validators
from monitor.tools import Tools

FIREHOSE: Final = "/events"
_FEED: Final = (
    r"^/(events|(repos|networks)/[\w.-]+/[\w.-]+/events|orgs/[\w.-]+/events|users/[\w.-]+/events(/public)?)$"
)
_PAGES: Final = 3  # the fourth answers 422
_TRIES: Final = 3  # of one push, over cycles


class Settings(GitHubSettings):
    """[sources.github_events]"""

    feeds: tuple[Annotated[str, StringConstraints(pattern=_FEED)], ...] = Field(
        (FIREHOSE,),
        min_length=1,
        description="feeds to poll: /events, /repos/OWNER/NAME/events, /orgs/NAME/events, /users/NAME/events/public",
    )
    poll_seconds: float = Field(
        60.0,
        ge=1.0,
        description="time between two polls of a feed; the server's X-Poll-Interval can only lengthen it",
    )
    diff_requests_per_minute: int = Field(
        60, ge=0, le=900, description="most requests a minute spent on pushes; 0 = text of events only"
    )
    concurrency: int = Field(4, ge=1, le=32, description="pushes resolved at the same time")
    per_commit: PerCommit = Field(
        "auto", description="read pushes commit by commit: auto = when there are several, always, never"
    )
    max_commits: int = Field(10, ge=1, le=250, description="most commits read one by one of a push")
    max_blobs: int = Field(10, ge=0, description="most files fetched whole of a push")
    backlog: int = Field(500, ge=0, le=10_000, description="most pushes that wait for their turn")
    stale_minutes: float = Field(
        15.0, gt=0, description="/events with nothing newer than this is a stale copy: told as trouble"
    )


@dataclass(frozen=True, slots=True)
class _Listing:
    """One poll: `whole` = no page failed, `full` = it ended at the feed's limit, not at its end."""

    events: Sequence[Event]
    answer: Response
    whole: bool
    full: bool


class GithubEvents:
    """The source. For one task."""

    def __init__(
        self, settings: Settings, github: GitHub, *, draw: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._github = github
        self._draw = draw
        self._feeds = [Feed(path) for path in settings.feeds]
        self._backlog: dict[bytes, Push] = {}  # oldest first
        self._share = Share(github.upstream, settings.diff_requests_per_minute)

    async def run(self, context: SourceContext) -> None:
        limits = Limits(self._settings.per_commit, self._settings.max_commits, self._settings.max_blobs)
        resolver = PushResolver(self._github, context.name, limits)
        await self._restore(context)
        while not context.stop.is_set():
            before = self._github.upstream.asked
            for feed in self._feeds:
                if feed.due <= context.now():
                    await self._poll(context, feed)
            until = min(feed.due for feed in self._feeds)
            await self._work(context, resolver, until, polls=self._github.upstream.asked - before)
            if await context.sleep(until - context.now()):
                return

    async def _restore(self, context: SourceContext) -> None:
        for feed in self._feeds:
            feed.restore(await context.state.cursor(context.name, feed.path))
        saved = orjson.loads(await context.state.cursor(context.name, "backlog") or "[]")
        pushes = {bytes.fromhex(key): Push.revive(plain) for key, plain in saved}
        unseen = await context.state.unseen(context.name, list(pushes))
        self._backlog = {key: push for key, push in pushes.items() if push and key in unseen}

    # -- polling

    async def _poll(self, context: SourceContext, feed: Feed) -> None:
        """Ask for the newest events and deal with them. Sets when the feed is due again."""
        try:
            listing = await self._list(context, feed)
        except (Limited, Unavailable, Refused) as error:
            feed.failed(context, error, self._settings.poll_seconds, self._draw())
            return
        answer, now = listing.answer, context.now()
        feed.answered(now + max(self._settings.poll_seconds, poll_interval(answer.headers) or 0.0))
        times = [event.created_at for event in listing.events if event.created_at is not None]
        # a copy's age is told by the server's own clock, if it tells its time; a 304 makes nothing younger
        age = server_time(answer.headers, now) - max(
            times, default=now if feed.newest is None else feed.newest
        )
        if feed.path == FIREHOSE and age > self._settings.stale_minutes * 60.0:
            context.failing("stale")
        else:
            context.healthy()
        if answer.status == 304:
            feed.polled_at = now
            return
        # a page that failed would never be listed again if the feed answered 304 from now on
        feed.validators = answer.validators if listing.whole else Validators()
        await self._take(context, feed, listing, times)

    async def _list(self, context: SourceContext, feed: Feed) -> _Listing:
        """The newest page, and further pages while those before hold nothing known."""
        raw, first = await self._github.page(context, feed.path, "&page=1", validators=feed.validators)
        events = self._parse(context, raw)
        page, answer = 1, first
        while page < _PAGES and (next_link(answer.headers.get("Link", "")) or len(raw) >= PER_PAGE):
            keys = [event.key for event in events]
            unseen = await context.state.unseen(context.name, keys)
            if len(unseen - self._backlog.keys()) < len(set(keys)):
                break
            page += 1
            try:
                raw, answer = await self._github.page(context, feed.path, f"&page={page}")
            except (Limited, Unavailable, Refused):
                context.dropped("page_failed")
                return _Listing(events, first, whole=False, full=False)
            events += self._parse(context, raw)
        return _Listing(events, first, whole=True, full=page == _PAGES)

    @staticmethod
    def _parse(context: SourceContext, raw: Sequence[Any]) -> list[Event]:
        events = [event for event in map(github_event.parse, raw) if event is not None]
        if len(events) < len(raw):
            context.dropped("bad_event", len(raw) - len(events))
        return events

    async def _take(self, context: SourceContext, feed: Feed, listing: _Listing, times: list[float]) -> None:
        now = context.now()
        events = {event.key: event for event in listing.events}  # a page may repeat what moved on meanwhile
        unseen = await context.state.unseen(context.name, list(events)) - self._backlog.keys()
        known = len(events) - len(unseen)
        tally, gap = feed.tally(context.name, len(events), known, times, now, full=listing.full)
        documents: list[Document] = []
        done: list[bytes] = []
        for key in unseen:
            event = events[key]
            push = Push.of(event) if event.type == github_event.PUSH else None
            if push is not None and self._settings.diff_requests_per_minute > 0:
                self._backlog[key] = push
                continue
            done.append(key)
            reason = "diffs_off" if push else github_event.unread(event)
            if reason:
                tally.skipped[reason] += 1
            else:
                tally.fetched += 1
            documents += github_event.documents(event, source=context.name, forge=self._github.forge, now=now)
        feed.advance(now, times)
        # pushes first: once the feed's cursor is saved, nobody lists them again
        await self._save_backlog(context)
        await context.emit(
            documents,
            coverage=[*gap, tally.event(context.name, now)],
            seen=done,
            cursor=feed.save(),
            cursor_name=feed.path,
        )

    # -- pushes

    async def _work(
        self, context: SourceContext, resolver: PushResolver, until: float, *, polls: int
    ) -> None:
        """Resolve pushes until `until`, or until this cycle's share of the requests is spent."""
        if not self._backlog:
            return
        tally = Tally(since=context.now())
        again: dict[bytes, Push] = {}
        self._share.begin(until - context.now(), reserve=polls)

        async def work() -> None:
            while self._backlog and context.now() < until and not context.stop.is_set():
                if self._share.spent:
                    return
                key, push = self._backlog.popitem()
                try:
                    await self._resolve(context, resolver, key, push, tally, again)
                except Limited:
                    again[key] = push
                    return

        workers = [spawn(work(), name=f"{context.name}:push") for _ in range(self._settings.concurrency)]
        try:
            for worker in workers:
                await worker
        finally:
            await cancel(*workers)
        self._share.end()
        self._backlog = {**again, **self._backlog}
        over = list(self._backlog)[: max(0, len(self._backlog) - self._settings.backlog)]
        for key in over:
            del self._backlog[key]
        if over:
            tally.skipped["budget"] += len(over)
        await self._save_backlog(context)
        # `expected` counted these when they were listed
        event = tally.event(context.name, context.now())
        await context.emit(coverage=[event], seen=over)

    async def _resolve(
        self,
        context: SourceContext,
        resolver: PushResolver,
        key: bytes,
        push: Push,
        tally: Tally,
        again: dict[bytes, Push],
    ) -> None:
        try:
            resolved = await resolver.resolve(context, push)
        except Unavailable:
            if push.tries + 1 < _TRIES:
                again[key] = push.again()
                return
            tally.skipped["unavailable"] += 1
            await context.emit(seen=[key])
        except Refused as error:
            if error.status == 401:
                # our credential is refused, not this push: no verdict on it, and nothing more to ask in this cycle
                raise Limited(self._settings.poll_seconds) from None
            tally.skipped[skip_reason(error)] += 1
            await context.emit(seen=[key])
        else:
            tally.fetched += 1
            for reason, count in resolved.skipped.items():
                context.dropped(reason, count)
            await context.emit(resolved.documents, seen=[key])

    async def _save_backlog(self, context: SourceContext) -> None:
        plain = [(key.hex(), push.plain()) for key, push in self._backlog.items()]
        await context.emit(cursor=orjson.dumps(plain).decode(), cursor_name="backlog")


def _build(settings: Settings, tools: Tools) -> GithubEvents:
    return GithubEvents(settings, GitHub(settings, tools))


PLUGIN = SourcePlugin(Settings, _build, "GitHub's public event feeds, pushes resolved to diffs")
