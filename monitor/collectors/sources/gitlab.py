"""GitLab: new and active public projects, the commits that are new in them, public snippets, and watched projects completely.

There is no public firehose. Projects are listed by id and by their last activity; as that stands still for an hour, a project is
looked into again until the hour is over. A cycle polls every list that is due, then works off the queue (see gitlab_queue for the
order) until the next poll is due or this cycle's share of the requests is spent. What falls off the queue's end is counted `budget`.
A commit is marked seen when its difference is on the bus; a project's heads are saved when its commits are in the saved queue.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final

from monitor.aio import cancel, spawn
from monitor.budget import Limited
from monitor.collectors.base import SourceContext, SourcePlugin
from monitor.collectors.gitlab.api import GitLab
from monitor.collectors.gitlab.commits import Commit, CommitReader, Place, parse, skip_reason
from monitor.collectors.gitlab.heads import HeadStore
from monitor.collectors.gitlab.polls import Polls, snippet_key
from monitor.collectors.gitlab.project import ProjectReader, Wish
from monitor.collectors.gitlab.queue import STANDSTILL, Diff, Lane, Queue, Read, Task, Visit, diff_name
from monitor.collectors.gitlab.requests import Requests
from monitor.collectors.gitlab.settings import GitLabSettings
from monitor.collectors.gitlab.snippets import SnippetReader
from monitor.collectors.share import Share
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable, UpstreamError
from monitor.contracts import Document
from monitor.coverage.items import Outcome, item
from monitor.tools import Tools
from monitor.watching import Watching

Settings = GitLabSettings

_TRIES: Final = 5
_AGAIN: Final = 60.0  # seconds until the second try, four times that until the third, and so on
_FAILURES: Final = 3  # as many, and it is the forge that is in trouble, not what was asked for
_OWN_COMMITS: Final = 10_000
# after its listing, when a project is looked into again: the last one sees all that the standstill hid
_LOOKS: Final = (600.0, 1800.0, STANDSTILL + 60.0)
_SOON: Final = 60.0
_LEAST: Final = 5.0


class GitLabSource:
    """The source. For one task."""

    def __init__(
        self,
        settings: GitLabSettings,
        gitlab: GitLab,
        watch: Watching,
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._gitlab = gitlab
        self._watch = watch
        self._queue = Queue(settings.backlog)
        self._polls = Polls(settings, gitlab, watch, self._queue, draw)
        self._heads = HeadStore()
        self._projects = ProjectReader(gitlab, max_commits=settings.max_commits)
        self._share = Share(gitlab.upstream, gitlab.per_minute)
        self._requests = Requests(gitlab, self._queue)
        self._failures = 0  # of this cycle
        self._bad: Counter[Lane] = Counter()  # one after the other, of each kind of work

    async def run(self, context: SourceContext) -> None:
        await self._restore(context)
        await self._polls.restore(context)
        self._commits = CommitReader(self._gitlab, context.name, max_files=self._settings.max_files)
        self._snippets = SnippetReader(self._gitlab, context.name)
        while not context.stop.is_set():
            before = self._gitlab.upstream.asked
            await self._polls.run(context)
            await self._requests.take(context)
            # lists that take longer than their interval must not keep the queue from its turn
            due = min(self._polls.due, context.now() + self._settings.poll_seconds)
            until = max(due, context.now() + _LEAST)
            await self._work(context, until, polls=self._gitlab.upstream.asked - before)
            if await context.sleep(until - context.now()):
                return

    # -- the queue

    async def _restore(self, context: SourceContext) -> None:
        """What was saved, without the commits that were read since. Another process may have had the source meanwhile."""
        self._heads.forget()
        self._requests.forget()
        self._queue.restore(await context.state.cursor(context.name, "queue"))
        diffs = [task for task in self._queue if isinstance(task, Diff)]
        unseen = await context.state.unseen(context.name, [self._keys(task)[-1] for task in diffs])
        for task in diffs:
            if self._keys(task)[-1] not in unseen:
                self._queue.remove(task)

    async def _work(self, context: SourceContext, until: float, *, polls: int) -> None:
        if not len(self._queue):
            return
        tally = Tally(since=context.now())
        done: list[bytes] = []
        self._failures = 0
        self._share.begin(until - context.now(), reserve=polls)

        async def work() -> None:
            while context.now() < until and not context.stop.is_set() and not self._share.spent:
                task = self._queue.take(context.now()) if self._failures < _FAILURES else None
                if task is None:
                    return
                try:
                    await self._one(context, task, tally, done)
                except Limited:
                    self._queue.again(task)
                    return

        workers = [spawn(work(), name=f"{context.name}:work") for _ in range(self._settings.concurrency)]
        try:
            for worker in workers:
                await worker
        finally:
            await cancel(*workers)
        self._share.end()
        for task in self._queue.trim():
            done += self._left_out(context, task, "budget", tally)
        tally.skipped = +tally.skipped  # no reason that never applied
        # the commits in the queue, then the heads that imply them
        await context.emit(
            coverage=[tally.event(context.name, context.now())],
            seen=done,
            cursor=self._queue.save(),
            cursor_name="queue",
        )
        await self._heads.flush(context)
        await self._requests.finish(context)
        await self._polls.save_snippets(context)

    def _left_out(self, context: SourceContext, task: Task, reason: str, tally: Tally) -> list[bytes]:
        """It is counted and never comes again: the keys to be marked."""
        match task:
            case Visit():
                tally.skipped[reason] += len(task.keys)
                context.dropped("look_left_out", 0 if task.keys else 1)
                self._requests.visited(task)
                return list(task.keys)
            case Diff():
                tally.skipped[reason] += 1
                self._note(tally, task.place, Outcome.SKIPPED)
                return self._keys(task)
            case Read():
                tally.skipped[reason] += 1
                return [snippet_key(task.snippet)]

    async def _one(self, context: SourceContext, task: Task, tally: Tally, done: list[bytes]) -> None:
        try:
            match task:
                case Visit():
                    await self._visit(context, task, tally, done)
                case Diff():
                    await self._diff(context, task, tally)
                case Read():
                    await self._snippet(context, task, tally)
        except (Unavailable, Refused) as error:
            self._failed(context, task, error, tally, done)
        else:
            self._bad.pop(task.lane, None)
            self._polls.fine(context, task.lane.name)

    def _failed(
        self, context: SourceContext, task: Task, error: UpstreamError, tally: Tally, done: list[bytes]
    ) -> None:
        """A verdict is counted; anything else is tried again later."""
        if self._gitlab.refused:
            # our credential is refused, not what we asked for
            self._polls.trouble(context, task.lane.name, "unauthorized")
            self._queue.again(task)
            self._failures = _FAILURES
            return
        reason = skip_reason(error) if isinstance(error, Refused) else "unavailable"
        if not isinstance(error, Refused) or not error.status:
            self._failures += 1
            self._bad[task.lane] += 1
            if self._bad[task.lane] >= _FAILURES:
                self._polls.trouble(context, task.lane.name, error.reason)
            if task.tries + 1 < _TRIES:
                due = context.now() + _AGAIN * 4.0**task.tries
                self._queue.again(replace(task, tries=task.tries + 1, due=due))
                return
        self._queue.done(task)
        done += self._left_out(context, task, reason, tally)

    # -- one task

    async def _visit(self, context: SourceContext, visit: Visit, tally: Tally, done: list[bytes]) -> None:
        async def unseen(shas: Collection[str]) -> set[str]:
            keys = {_key(sha, scope): sha for sha in shas}
            fresh = await context.state.unseen(context.name, list(keys))
            return {keys[key] for key in fresh if not self._queue.has(diff_name(keys[key], scope))}

        scope = visit.project if visit.own else 0
        before = await self._heads.get(context, visit.project, own=visit.own)
        wish = Wish(visit.project, visit.since, visit.own, visit.whole)
        look = await self._projects.look(context, wish, before, unseen)
        if look.cut:
            context.dropped("commits_over_limit")
        fresh = await unseen(look.commits)
        commits = [commit for sha, commit in look.commits.items() if sha in fresh]
        tally.listed += len(look.commits)
        tally.known += len(look.commits) - len(commits)
        most = _OWN_COMMITS if visit.own else self._settings.max_commits
        tally.skipped["commit_over_limit"] += max(0, len(commits) - most)
        skipped = [_key(commit.sha, scope) for commit in commits[most:]]
        documents: list[Document] = []
        for commit in commits[:most]:
            place = Place(visit.project, visit.path, self._published(commit, visit, context.now()))
            documents += self._commits.message(place, commit, context.now())
            if commit.is_merge and not visit.own:
                tally.skipped["merge"] += 1  # what it merged is read by itself
                self._note(tally, place, Outcome.SKIPPED)
                skipped.append(_key(commit.sha))
            else:
                self._queue.add(Diff(place, commit.sha, visit.own, commit=commit))
                self._note(tally, place, Outcome.LISTED)
        await context.emit(documents, seen=skipped)
        self._heads.put(visit.project, look.heads, own=visit.own)
        if look.absent:
            tally.skipped["no_repository"] += len(visit.keys)
        else:
            tally.fetched += len(visit.keys)
        done += visit.keys
        self._queue.done(visit)
        self._look_again(context, visit)
        self._requests.visited(visit)

    def _look_again(self, context: SourceContext, visit: Visit) -> None:
        if visit.own or visit.active_at is None:
            return  # watched projects are listed for themselves
        looks = (visit.active_at + after for after in _LOOKS)
        due = next((when for when in looks if when > context.now() + _SOON), None)
        if due is not None:
            self._queue.add(replace(visit, keys=(), whole=False, due=due, tries=0))

    async def _diff(self, context: SourceContext, task: Diff, tally: Tally) -> None:
        commit = task.commit or parse(await self._gitlab.commit(context, task.place.project, task.sha))
        async for documents in self._commits.difference(context, task.place, commit or Commit(task.sha)):
            await context.emit(documents)
        await context.emit(seen=self._keys(task))
        tally.fetched += 1
        self._note(tally, task.place, Outcome.FETCHED)
        self._queue.done(task)

    async def _snippet(self, context: SourceContext, task: Read, tally: Tally) -> None:
        snippet = task.snippet
        documents = [document async for document in self._snippets.read(context, snippet)]
        await context.emit(documents, seen=[snippet_key(snippet)])
        tally.fetched += 1
        if snippet.owner:
            tally.note(item(self._gitlab.forge, snippet.owner, snippet.created_at, Outcome.FETCHED))
        self._queue.done(task)

    # -- parts

    def _published(self, commit: Commit, visit: Visit, now: float) -> float:
        """When it came here, as far as is known: its own date, if that can be true of a push that we had not seen."""
        when = commit.committed_at
        if when is not None and (visit.since or 0.0) <= when <= now:
            return when
        return visit.active_at if visit.active_at is not None else now

    def _note(self, tally: Tally, place: Place, outcome: Outcome) -> None:
        tally.note(item(self._gitlab.forge, place.path, place.published_at, outcome))

    @staticmethod
    def _keys(task: Diff) -> list[bytes]:
        """A commit of a watched project is done for everybody; a stranger's copy of it is not for the watched project."""
        own = [_key(task.sha, task.place.project)] if task.own else []
        return [_key(task.sha), *own]


def _key(sha: str, project: int = 0) -> bytes:
    """16 bytes for the seen set; `project` for what must be seen in that very project."""
    return hashlib.blake2b(f"commit {sha} {project or ''}".encode(), digest_size=16).digest()


def _build(settings: GitLabSettings, tools: Tools) -> GitLabSource:
    return GitLabSource(settings, GitLab(settings, tools), tools.watch)


PLUGIN = SourcePlugin(Settings, _build, "GitLab's public projects and snippets, watched projects completely")
