"""GitLab's lists, polled: new public projects by keyset, projects with activity, public snippets, and the watched ones' projects.

Each poll only adds to the queue; the queue is saved before the list's own position, so that nothing falls between the two.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final

from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.feed import Feed
from monitor.collectors.gitlab.api import GitLab
from monitor.collectors.gitlab.lists import OVERLAP, Project, WatchedProjects, pages, projects
from monitor.collectors.gitlab.queue import Queue, Read, Visit
from monitor.collectors.gitlab.settings import GitLabSettings
from monitor.collectors.gitlab.snippets import Snippet
from monitor.collectors.gitlab.snippets import parse as parse_snippet
from monitor.collectors.shapes import integer
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable
from monitor.coverage.items import Outcome, item
from monitor.watching import Watching

_DEEP_SECONDS: Final = 600.0  # between two polls that read the whole overlap
_LATE: Final = 300.0  # how far below the newest every poll reads
_SNIPPETS_LATE: Final = 600.0


def snippet_key(snippet: Snippet) -> bytes:
    return hashlib.blake2b(f"snippet {snippet.number}".encode(), digest_size=16).digest()


class Polls:
    """For one task. `due` is when the next list is."""

    def __init__(
        self,
        settings: GitLabSettings,
        gitlab: GitLab,
        watch: Watching,
        queue: Queue,
        draw: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._gitlab = gitlab
        self._watch = watch
        self._queue = queue
        self._draw = draw
        self._feeds: dict[str, tuple[Feed, float, Callable[[SourceContext, Feed], Awaitable[None]]]] = {}
        self._own = WatchedProjects(settings, gitlab, watch)
        if "watched" in settings.read and self._own.names:
            self._feeds["watched"] = (Feed("watched"), settings.watched_seconds, self._watched)
        if "projects" in settings.read:
            self._feeds["new"] = (Feed("new"), settings.poll_seconds, self._new)
            self._feeds["active"] = (Feed("active"), settings.poll_seconds, self._active)
        if "snippets" in settings.read:
            self._feeds["snippets"] = (Feed("snippets"), settings.poll_seconds, self._snippets)
        self._last_id: int | None = None
        self._deep_due = 0.0
        self._trouble: set[str] = set()

    @property
    def due(self) -> float:
        """Epoch seconds; far away when there is no list to poll."""
        return min((feed.due for feed, _, _ in self._feeds.values()), default=float("inf"))

    async def restore(self, context: SourceContext) -> None:
        """Stand where the saved positions are; after the queue."""
        self._trouble.clear()
        self._deep_due = 0.0
        self._own.forget()
        for feed, _, _ in self._feeds.values():
            feed.restore(await context.state.cursor(context.name, feed.path))
        self._last_id = integer(await context.state.cursor(context.name, "last_id"))

    async def run(self, context: SourceContext) -> None:
        """Poll every list that is due."""
        for feed, every, poll in self._feeds.values():
            if feed.due > context.now() or context.stop.is_set():
                continue
            try:
                await poll(context, feed)
            except (Limited, Unavailable, Refused) as error:
                feed.failed(context, error, every, self._draw())
                self.trouble(context, feed.path, "unauthorized" if self._gitlab.refused else "")
            else:
                feed.answered(context.now() + every)
                self.fine(context, feed.path)

    def trouble(self, context: SourceContext, part: str, reason: str = "") -> None:
        """A part of the source does not work; `reason` "" where it was told already."""
        self._trouble.add(part)
        if reason:
            context.failing(reason)

    def fine(self, context: SourceContext, part: str) -> None:
        """It works; the source is healthy when all its parts are."""
        self._trouble.discard(part)
        if not self._trouble:
            context.healthy()

    async def save_snippets(self, context: SourceContext) -> None:
        """Their position: a start after a crash begins where everything older is dealt with."""
        if "snippets" not in self._feeds:
            return
        feed = self._feeds["snippets"][0]
        saved = Feed()
        saved.polled_at, saved.newest = feed.polled_at, self._snippets_since(feed)
        await context.emit(cursor=saved.save(), cursor_name=feed.path)

    # -- lists

    async def _new(self, context: SourceContext, feed: Feed) -> None:
        """Projects by id, from where we stand: a true append cursor."""
        if self._last_id is None:
            self._last_id = await self._gitlab.newest_project(context)
            await context.emit(cursor=str(self._last_id), cursor_name="last_id")
        for _ in range(self._settings.pages):
            raw, more = await self._gitlab.projects_after(context, self._last_id)
            found = projects(context, raw)
            last = max((integer(entry, "id") or 0 for entry in raw), default=0)
            keys = {project.new_key: project for project in found}
            fresh = await self._unseen(context, keys)
            for key in fresh:
                self._ask(context, keys[key], key, since=None)
            times = [project.created_at for project in found if project.created_at is not None]
            tally, _ = feed.tally(
                context.name, len(keys), len(keys) - len(fresh), times, context.now(), full=False
            )
            feed.advance(context.now(), times)
            tally.overlap = None  # a cursor that cannot miss needs none
            self._note(tally, found, fresh, new=True)
            # a page that leads nowhere would be asked for ever
            more = more and last > self._last_id
            self._last_id = max(self._last_id, last)
            await self._save(context, tally, feed)
            await context.emit(cursor=str(self._last_id), cursor_name="last_id")
            if not more:
                return

    async def _active(self, context: SourceContext, feed: Feed) -> None:
        """Projects by their last activity, newest first, from well before the newest that we know."""
        now = context.now()
        newest = now if feed.newest is None else feed.newest
        deep = now >= self._deep_due

        async def enough(page: list[Project]) -> bool:
            oldest = min((p.active_at or 0.0 for p in page), default=0.0)
            known = not await self._unseen(context, [project.key for project in page])
            return not deep and known and oldest < newest - _LATE

        listing = await pages(
            context,
            lambda page: self._gitlab.active_projects(context, newest - OVERLAP, page),
            lambda raw: projects(context, raw),
            limit=self._settings.pages,
            enough=enough,
        )
        found = {project.key: project for project in listing.found}
        fresh = await self._unseen(context, found)
        times = [project.active_at for project in found.values() if project.active_at is not None]
        known = len(found) - len(fresh)
        tally, gap = feed.tally(context.name, len(found), known, times, now, full=listing.full)
        for key in fresh:
            project = found[key]
            self._ask(context, project, key, since=(project.active_at or now) - OVERLAP)
        # a page that failed is listed again: the position stays
        feed.advance(now, times if listing.whole else [])
        self._note(tally, list(found.values()), fresh)
        await self._save(context, tally, feed, *gap)
        if listing.whole:
            self._deep_due = now + _DEEP_SECONDS if deep else self._deep_due
        else:
            self._deep_due = 0.0

    async def _snippets(self, context: SourceContext, feed: Feed) -> None:
        now = context.now()
        after = now - _SNIPPETS_LATE if feed.newest is None else self._snippets_since(feed) - _SNIPPETS_LATE

        listing = await pages(
            context,
            lambda page: self._gitlab.snippets(context, after, page),
            lambda raw: _snippets(context, raw),
            limit=self._settings.pages,
        )
        snippets = {snippet_key(snippet): snippet for snippet in listing.found}
        waiting = self._queue.snippets()
        fresh = await context.state.unseen(context.name, list(snippets))
        fresh = {key for key in fresh if snippets[key].number not in waiting}
        times = [snippet.created_at for snippet in snippets.values()]
        tally, gap = feed.tally(
            context.name, len(snippets), len(snippets) - len(fresh), times, now, full=listing.full
        )
        for key in fresh:
            snippet = snippets[key]
            self._queue.add(Read(snippet))
            if snippet.owner:
                tally.note(item(self._gitlab.forge, snippet.owner, snippet.created_at, Outcome.LISTED))
        feed.advance(now, times if listing.whole else [])
        await context.emit(coverage=[*gap, tally.event(context.name, now)])
        await self.save_snippets(context)

    async def _watched(self, context: SourceContext, feed: Feed) -> None:
        now = context.now()
        found, visits, trouble = await self._own.visits(context)
        for visit in visits:
            self._queue.add(visit)
        tally = Tally(since=feed.polled_at or now, listed=len(found), known=len(found), feed=feed.path)
        feed.advance(now, [project.active_at for project in found if project.active_at is not None])
        await self._save(context, tally, feed)
        if trouble is not None:
            raise trouble

    # -- parts

    def _snippets_since(self, feed: Feed) -> float:
        waiting = (snippet.created_at for snippet in self._queue.snippets().values())
        return min(waiting, default=feed.newest or 0.0)

    def _ask(self, context: SourceContext, project: Project, key: bytes, *, since: float | None) -> None:
        own = self._watch.is_watched(self._gitlab.forge, project.path)
        active = project.active_at or project.created_at or context.now()
        self._queue.add(Visit(project.number, project.path, (key,), active, since, own=own))

    async def _unseen(self, context: SourceContext, keys: Collection[bytes]) -> set[bytes]:
        return await context.state.unseen(context.name, list(keys)) - self._queue.listings()

    def _note(self, tally: Tally, found: list[Project], fresh: set[bytes], *, new: bool = False) -> None:
        for project in found:
            if (project.new_key if new else project.key) in fresh:
                at = project.created_at if new else project.active_at
                tally.note(item(self._gitlab.forge, project.path, at, Outcome.LISTED))

    async def _save(self, context: SourceContext, tally: Tally, feed: Feed, *gap: Any) -> None:
        """The queue first: once the list's position is saved, nobody lists them again."""
        await context.emit(cursor=self._queue.save(), cursor_name="queue")
        await context.emit(
            coverage=[*gap, tally.event(context.name, context.now())],
            cursor=feed.save(),
            cursor_name=feed.path,
        )


def _snippets(context: SourceContext, raw: list[Any]) -> list[Snippet]:
    found = [snippet for snippet in map(parse_snippet, raw) if snippet is not None]
    if len(found) < len(raw):
        context.dropped("bad_snippet", len(raw) - len(found))
    return found
