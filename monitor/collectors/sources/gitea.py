"""A Gitea or Forgejo server (Codeberg): repositories by their last change, and the feeds of what is watched.

There is no feed of all events. `/repos/search` lists the repositories last changed, so a repository changed twice between two polls
is listed once: nothing is lost by that, since its commits are read from the head that is known. Of what is watched the feeds
name each push on every branch. Waiting repositories are read watched ones first, newest first, until the next poll is due.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from monitor.budget import Limited
from monitor.collectors.base import SourceContext, SourcePlugin
from monitor.collectors.feed import Feed
from monitor.collectors.gitea.activity import Listed, Target, activity, repository
from monitor.collectors.gitea.api import Challenged, Gitea, GiteaSettings, safe_name, skip_reason
from monitor.collectors.gitea.commits import Place
from monitor.collectors.gitea.walk import Walker
from monitor.collectors.github.api import encode
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable
from monitor.contracts import Document
from monitor.coverage.items import Outcome, item
from monitor.tools import Tools
from monitor.watching import Watching

_SEARCH: Final = ""
_MARGIN: Final = 120.0  # seconds that a list is read again, for what came late
_FEED_PAGES: Final = 20
_MISSING_SECONDS: Final = 3600.0  # until a feed that there is not is asked for again


class Settings(GiteaSettings):
    """[sources.gitea]"""

    search: bool = Field(
        default=True, description="read all public repositories that change; false = only what [watch] names"
    )
    poll_seconds: float = Field(60.0, ge=10.0, description="time between two polls of a list or feed")
    pages: int = Field(3, ge=1, le=20, description="most pages of 50 repositories that a poll reads")
    max_commits: int = Field(10, ge=1, le=500, description="most commits read of one look at a repository")
    max_watched_commits: int = Field(500, ge=1, le=1000, description="the same, of a watched repository")
    backlog: int = Field(500, ge=1, le=10_000, description="most repositories that wait for their turn")


@dataclass(frozen=True, slots=True)
class _Poll:
    listed: dict[bytes, Listed]
    full: bool  # it ended at our own limit


class GiteaSource:
    """The source. For one task."""

    def __init__(
        self, settings: Settings, gitea: Gitea, watch: Watching, *, draw: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._gitea = gitea
        self._watch = watch
        self._draw = draw
        paths = ([_SEARCH] if settings.search else []) + feeds_of(watch, gitea.forge)
        if not paths:
            raise ValueError(
                "search is off and [watch] names nothing on this forge: there is nothing to read"
            )
        self._feeds = [Feed(path) for path in paths]
        self._waiting: dict[bytes, Target] = {}
        self._walker = Walker(gitea, limit=settings.max_commits, watched_limit=settings.max_watched_commits)

    async def run(self, context: SourceContext) -> None:
        for feed in self._feeds:
            feed.restore(await context.state.cursor(context.name, feed.path))
        while not context.stop.is_set():
            for feed in self._feeds:
                if feed.due <= context.now():
                    await self._poll(context, feed)
            await self._work(context, self._due())
            if await context.sleep(self._due() - context.now()):
                return

    def _due(self) -> float:
        return min(feed.due for feed in self._feeds)

    # -- polling

    async def _poll(self, context: SourceContext, feed: Feed) -> None:
        try:
            poll = await self._list(context, feed)
        except (Limited, Unavailable, Refused) as error:
            if feed.path and isinstance(error, Refused) and error.status == 404:
                context.dropped("no_such_feed")  # a name that [watch] has for another forge
                feed.due = context.now() + _MISSING_SECONDS
                return
            feed.failed(context, error, self._settings.poll_seconds, self._draw())
            self._stay_away()
            return
        now = context.now()
        feed.answered(now + self._settings.poll_seconds)
        context.healthy()
        unseen = await context.state.unseen(context.name, list(poll.listed)) - self._waiting.keys()
        times = [entry.published_at for entry in poll.listed.values()]
        known = len(poll.listed) - len(unseen)
        tally, gap = feed.tally(context.name, len(poll.listed), known, times, now, full=poll.full)
        new = [entry for key, entry in poll.listed.items() if key in unseen]
        documents = [document for entry in new for document in self._take(context, feed, entry, tally, now)]
        done = [entry.key for entry in new if entry.key not in self._waiting]
        if over := self._give_up():
            tally.skipped["budget"] += len(over)
        feed.advance(now, times)
        await context.emit(
            documents,
            coverage=[*gap, tally.event(context.name, now)],
            seen=[*done, *over],
            cursor=self._position(feed),
            cursor_name=feed.path,
        )

    def _take(
        self, context: SourceContext, feed: Feed, entry: Listed, tally: Tally, now: float
    ) -> Sequence[Document]:
        """Let its commits wait for their turn, or deal with it at once: its documents."""
        reason = entry.reason or ("" if self._concerns(feed, entry) else "not_theirs")
        if entry.target is not None and not reason:
            self._supersede(entry.target, tally)
            self._waiting[entry.key] = entry.target
            self._note(tally, entry.repository, entry.published_at, Outcome.LISTED)
            return ()
        if reason:
            tally.skipped[reason] += 1
            self._note(tally, entry.repository, entry.published_at, Outcome.SKIPPED)
            return ()
        tally.fetched += 1
        self._note(tally, entry.repository, entry.published_at, Outcome.FETCHED)
        place = Place(
            context.name,
            self._gitea.forge,
            entry.repository,
            actor=entry.actor,
            published_at=entry.published_at,
        )
        return [place.document(name, encode(content), now) for name, content in entry.texts]

    def _concerns(self, feed: Feed, entry: Listed) -> bool:
        """A user's feed also has what happened in repositories he only follows."""
        if not feed.path.startswith("/users/"):
            return True
        user = feed.path.split("/")[2].lower()
        owner = entry.repository.partition("/")[0].lower()
        return user in (owner, entry.actor.lower()) or self._is_watched(entry.repository)

    def _supersede(self, target: Target, tally: Tally) -> None:
        """A look at a repository finds what an earlier state of it would have shown."""
        if target.head:
            return
        for key, old in list(self._waiting.items()):
            if not old.head and old.repository == target.repository:
                del self._waiting[key]
                tally.skipped["superseded"] += 1

    async def _list(self, context: SourceContext, feed: Feed) -> _Poll:
        """What changed since the last poll. After a start that is since the oldest that was not dealt with."""
        listed: dict[bytes, Listed] = {}
        most = self._settings.pages if feed.path == _SEARCH else _FEED_PAGES
        for page in range(1, most + 1):
            if feed.path == _SEARCH:
                raw, more = await self._gitea.search(context, page)
                found = [repository(entry, watched=self._named(entry)) for entry in raw]
            else:
                raw, more = await self._gitea.feed(context, feed.path, page)
                found = [activity(entry, feed.path) for entry in raw]
            good = [entry for entry in found if entry is not None]
            if raw and not good:
                raise Unavailable("bad_shape")
            if len(good) < len(raw):
                context.dropped("bad_item", len(raw) - len(good))
            listed.update((entry.key, entry) for entry in good)
            oldest = min((entry.published_at for entry in good), default=0.0)
            # the first poll ever takes one page: what is older was there before us
            if not more or feed.newest is None or oldest < feed.newest - _MARGIN:
                return _Poll(listed, full=more and feed.newest is None)
        return _Poll(listed, full=True)

    def _position(self, feed: Feed) -> str:
        """The cursor: a start after a crash lists again from the oldest that waits."""
        saved = Feed()
        saved.polled_at = feed.polled_at
        waiting = (target.published_at for target in self._waiting.values() if target.feed == feed.path)
        saved.newest = min(waiting, default=feed.newest)
        return saved.save()

    def _give_up(self) -> list[bytes]:
        """What is beyond the backlog, the last in order first."""
        order = sorted(self._waiting.values(), key=lambda target: target.order)
        over = [target.key for target in order[self._settings.backlog :]]
        for key in over:
            del self._waiting[key]
        return over

    # -- reading

    async def _work(self, context: SourceContext, until: float) -> None:
        """Read repositories until the next poll is due."""
        if not self._waiting:
            return
        tally = Tally(since=context.now())
        for target in sorted(self._waiting.values(), key=lambda target: target.order):
            if context.now() >= until or context.stop.is_set():
                break
            if target.not_before > context.now():
                continue
            try:
                await self._one(context, target, tally, until)
            except (Limited, Challenged) as error:
                context.failing(error.reason if isinstance(error, Challenged) else "limited")
                self._stay_away()
                break
        if tally.fetched or tally.skipped:
            await context.emit(coverage=[tally.event(context.name, context.now())])
        for feed in self._feeds:
            await context.state.save_cursor(context.name, self._position(feed), feed.path)

    def _stay_away(self) -> None:
        """Nothing is due before the server may be asked again."""
        for feed in self._feeds:
            feed.due = max(feed.due, self._gitea.upstream.budget.blocked_until)

    async def _one(self, context: SourceContext, target: Target, tally: Tally, until: float) -> None:
        reason: str | None
        before = self._walker.read
        try:
            reason = await self._walker.look(context, target, until)
        except Challenged:
            raise
        except Unavailable:
            if not target.last_try:
                self._waiting[target.key] = target.again(context.now(), progress=self._walker.read > before)
                return
            reason = "unavailable"
        except Refused as error:
            if not (error.status or target.last_try):
                self._waiting[target.key] = target.again(context.now(), progress=self._walker.read > before)
                return
            if error.status == 401:
                # our credential is refused, not this repository: no verdict on it
                raise Limited(self._settings.poll_seconds) from None
            reason = skip_reason(error)
        if reason is None:
            return
        if reason:
            tally.skipped[reason] += 1
        else:
            tally.fetched += 1
        self._note(
            tally, target.repository, target.published_at, Outcome.SKIPPED if reason else Outcome.FETCHED
        )
        await context.emit(seen=[target.key])
        del self._waiting[target.key]

    def _note(self, tally: Tally, name: str, at: float, outcome: Outcome) -> None:
        tally.note(item(self._gitea.forge, name, at, outcome))

    def _named(self, raw: object) -> bool:
        name = raw.get("full_name") if isinstance(raw, dict) else None
        return isinstance(name, str) and self._is_watched(name)

    def _is_watched(self, name: str) -> bool:
        return self._watch.is_watched(self._gitea.forge, name)


def feeds_of(watch: Watching, forge: str) -> list[str]:
    """The paths of the feeds of everything watched on `forge`. A name that cannot stand in a path is nobody's there."""
    paths = [f"/orgs/{name}" for name in watch.organisations_on(forge) if safe_name(name)]
    paths += [f"/users/{name}" for name in watch.users_on(forge) if safe_name(name)]
    for name in watch.repositories_on(forge):
        if all(safe_name(part) for part in name.split("/")):
            paths.append(f"/repos/{name}")
    return [f"{path}/activities/feeds" for path in paths]


def _build(settings: Settings, tools: Tools) -> GiteaSource:
    return GiteaSource(settings, Gitea(settings, tools), tools.watch)


PLUGIN = SourcePlugin(
    Settings, _build, "Gitea and Forgejo: changed public repositories, feeds of what is watched"
)
