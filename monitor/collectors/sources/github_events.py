"""GitHub's public event feeds: text straight from the events, pushes resolved to diffs as far as the budget goes.

`/events` holds 300 events, about two seconds of the world: one polite token sees some 3 % of it, and the coverage events say
so. The feeds of a repository, an organisation or a user have the same shape and are read completely; those of what `[watch]` names
are polled by themselves.

A cycle polls every feed that is due, puts the text of its events on the bus, then works off the backlog of pushes (see
`github.queue` for the order), until the next poll is due or this cycle's share of the requests is spent: but for what is ours, which is
read as long as the server lets us. The backlog is kept over restarts; what falls off its end is counted `budget`. An event is marked
seen when its documents are on the bus, never before.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from monitor.budget import Limited, poll_interval, server_time
from monitor.collectors.base import SourceContext, SourcePlugin
from monitor.collectors.feed import Feed
from monitor.collectors.github import event as github_event
from monitor.collectors.github.api import GitHub, GitHubSettings, repository_name
from monitor.collectors.github.event import Event
from monitor.collectors.github.listing import list_feed
from monitor.collectors.github.push import Limits, PerCommit, Push, PushResolver
from monitor.collectors.github.queue import PushQueue
from monitor.collectors.github.work import Pace, PushWork
from monitor.collectors.outage import Outage
from monitor.collectors.shapes import iso
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable
from monitor.contracts import CoverageEvent, Document, Request
from monitor.coverage.items import Outcome, item
from monitor.http import Validators
from monitor.metrics import Metrics
from monitor.tools import Tools
from monitor.watching import Watching

FIREHOSE: Final = "/events"
_ASKED_SECONDS: Final = 60.0  # between two polls, as the server asks for: X-Poll-Interval
_FEED: Final = (
    r"^/(events|(repos|networks)/[\w.-]+/[\w.-]+/events|orgs/[\w.-]+/events|users/[\w.-]+/events(/public)?)$"
)
_NO_SUCH_FEED: Final = frozenset({404, 410})
_ASK_AGAIN: Final = 3600.0  # seconds, for a feed that there is not: its owner may come to be


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
        60,
        ge=0,
        le=900,
        description="most requests a minute and credential for pushes; 0 = text of events only",
    )
    per_commit: PerCommit = Field(
        "auto", description="read pushes commit by commit: auto = when there are several, always, never"
    )
    max_commits: int = Field(10, ge=1, le=250, description="most commits read one by one of a push")
    max_blobs: int = Field(10, ge=0, description="most files fetched whole of a push")
    backlog: int = Field(500, ge=0, le=10_000, description="most pushes that wait for their turn")
    watched_feeds: bool = Field(
        default=True,
        description="poll the feeds of the organisations, users and repositories of [watch], too",
    )
    opened_repositories: Literal["all", "watched", "off"] = Field(
        "watched",
        description="repositories made public: whose whole history is asked of the source `git` (which must be configured)",
    )
    repair: bool = Field(
        default=True,
        description="ask the source `gharchive`, where it is configured, for what passed while GitHub did not answer or this service was down",
    )
    stale_minutes: float = Field(
        15.0, gt=0, description="/events with nothing newer than this is a stale copy: told as trouble"
    )

    @property
    def rhythm(self) -> float | None:
        return max(self.poll_seconds, _ASKED_SECONDS)


class GithubEvents:
    """The source. For one task."""

    def __init__(
        self,
        settings: Settings,
        github: GitHub,
        metrics: Metrics,
        watch: Watching,
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._github = github
        self._metrics = metrics
        self._watch = watch
        self._draw = draw
        ours = feeds_of(watch, github.forge) if settings.watched_feeds else ()
        self._feeds = [Feed(path) for path in dict.fromkeys((*settings.feeds, *ours))]
        self._queue = PushQueue(github.forge, watch, settings.backlog)
        self._outage = Outage(github.ping, lambda: github.accounts.heard_at, self._ask_for_repair)

    async def run(self, context: SourceContext) -> None:
        work = self._pushes(context)
        for feed in self._feeds:
            feed.restore(await context.state.cursor(context.name, feed.path))
        await work.restore(context)
        await self._tell_downtime(context)
        while not context.stop.is_set():
            before = self._github.accounts.asked
            for feed in self._feeds:
                if feed.due <= context.now() and not context.stop.is_set():
                    await self._poll(context, feed, work)
            polls = self._github.accounts.asked - before
            self._metrics.source_budget.labels(context.name, "poll").inc(polls)
            until = min(feed.due for feed in self._feeds)
            await work.work(context, until, polls=polls)
            if await self._outage.wait(context, until):
                return

    async def _tell_downtime(self, context: SourceContext) -> None:
        """Nobody polled between the last stop and this start, though it was due."""
        now = context.now()
        asked = [(feed.polled_at, feed.due) for feed in self._feeds if feed.polled_at is not None]
        if asked and now - max(max(at) for at in asked) > self._settings.poll_seconds:
            since = max(polled_at for polled_at, _ in asked)
            await context.emit(coverage=[CoverageEvent(context.name, since, now, blind="stopped")])
            await self._ask_for_repair(context, since, now)

    async def _ask_for_repair(self, context: SourceContext, since: float, until: float) -> None:
        if self._settings.repair:
            target = f"{context.name} {iso(since)} {iso(until)}"
            request = Request("repair", "gharchive", target, requested_at=context.now(), reason="blind")
            await context.emit(requests=[request])

    def _pushes(self, context: SourceContext) -> PushWork:
        settings = self._settings
        limits = Limits(settings.per_commit, settings.max_commits, settings.max_blobs)
        resolver = PushResolver(self._github, context.name, limits, self._watch)
        pace = Pace(settings.diff_requests_per_minute, settings.concurrency, settings.poll_seconds)
        return PushWork(self._github, resolver, self._queue, pace, self._metrics, self._outage)

    async def _poll(self, context: SourceContext, feed: Feed, work: PushWork) -> None:
        """Ask for the newest events and deal with them. Sets when the feed is due again."""
        try:
            listing = await list_feed(context, self._github, feed, self._new)
        except Refused as error:
            if error.status in _NO_SUCH_FEED and feed.path not in self._settings.feeds:
                # `[watch]` does not say on which forge, nor whether a user or an organisation
                context.dropped("no_such_feed")
                feed.answered(context.now() + _ASK_AGAIN)
            else:
                feed.failed(context, error, self._settings.poll_seconds, self._draw())
            return
        except Unavailable as error:
            if not await self._outage.over(context, error.reason):
                feed.due = context.now()  # it answers again
                return
            feed.failed(context, error, self._settings.poll_seconds, self._draw())
            return
        except Limited as error:
            feed.failed(context, error, self._settings.poll_seconds, self._draw())
            return
        answer, now = listing.answer, context.now()
        feed.answered(now + max(self._settings.poll_seconds, poll_interval(answer.headers) or 0.0))
        once = {event.key: event for event in listing.events}  # a page may repeat what moved on meanwhile
        times = [event.created_at for event in once.values() if event.created_at is not None]
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
            # a restart must know that it was asked just now
            await context.emit(cursor=feed.save(), cursor_name=feed.path)
            return
        # a page that failed would never be listed again if the feed answered 304 from now on
        feed.validators = answer.validators if listing.whole else Validators()
        for number, (at, run) in enumerate(listing.runs, 1):
            ends = number == len(listing.runs)
            await self._take(context, feed, run, at, work, full=listing.full or not ends)

    async def _new(self, context: SourceContext, events: Sequence[Event]) -> set[bytes]:
        unseen = await context.state.unseen(context.name, [event.key for event in events])
        return {key for key in unseen if key not in self._queue}

    async def _take(
        self,
        context: SourceContext,
        feed: Feed,
        listed: Sequence[Event],
        now: float,
        work: PushWork,
        *,
        full: bool,
    ) -> None:
        """What was listed at `now` without a hole in it."""
        times = [event.created_at for event in listed if event.created_at is not None]
        events = {event.key: event for event in listed}  # a page may repeat what moved on meanwhile
        unseen = await self._new(context, listed)
        known = len(events) - len(unseen)
        tally, gap = feed.tally(context.name, len(events), known, times, now, full=full)
        documents: list[Document] = []
        requests: list[Request] = []
        done: list[bytes] = []
        for key in unseen:
            event = events[key]
            push = Push.of(event) if event.type == github_event.PUSH else None
            if push is not None and self._settings.diff_requests_per_minute > 0:
                self._queue.add(key, push)
                self._note(tally, event.repository, event.created_at, Outcome.LISTED)
                continue
            done.append(key)
            sweep = self._sweep(event, now)
            reason = "diffs_off" if push else "" if sweep else github_event.unread(event)
            requests += sweep
            if reason:
                tally.skipped[reason] += 1
            else:
                tally.fetched += 1
            outcome = Outcome.SKIPPED if reason else Outcome.FETCHED
            self._note(tally, event.repository, event.created_at, outcome)
            documents += github_event.documents(event, source=context.name, forge=self._github.forge, now=now)
        feed.advance(now, times)
        await work.save(context)
        await context.emit(
            documents,
            coverage=[*gap, tally.event(context.name, now)],
            requests=requests,
            seen=done,
            cursor=feed.save(),
            cursor_name=feed.path,
        )

    def _sweep(self, event: Event, now: float) -> list[Request]:
        """What is asked of git when a repository was opened: its history is public from now on."""
        wanted = self._settings.opened_repositories
        ours = self._watch.is_watched(self._github.forge, event.repository)
        if event.type != github_event.PUBLIC or wanted == "off" or (wanted == "watched" and not ours):
            return []
        url = f"https://{self._github.forge}/{event.repository}.git"
        return [Request(kind="sweep", source="git", target=url, requested_at=now, reason="made_public")]

    def _note(self, tally: Tally, repository: str, at: float | None, outcome: Outcome) -> None:
        tally.note(item(self._github.forge, repository, at, outcome))


def feeds_of(watch: Watching, forge: str) -> tuple[str, ...]:
    """The feeds of what is ours on this forge, as far as the names can stand in a path. A name that is no organisation's there has none."""
    named = [
        *(f"/orgs/{name}/events" for name in watch.organisations_on(forge)),
        *(f"/users/{name}/events/public" for name in watch.users_on(forge)),
        *(f"/repos/{name}/events" for name in watch.repositories_on(forge) if repository_name(name)),
    ]
    return tuple(path for path in named if re.match(_FEED, path))


def _build(settings: Settings, tools: Tools) -> GithubEvents:
    return GithubEvents(settings, GitHub(settings, tools), tools.metrics, tools.watch)


PLUGIN = SourcePlugin(Settings, _build, "GitHub's public event feeds, pushes resolved to diffs")
