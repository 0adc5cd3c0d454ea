"""A listed repository, resolved to the commits that are new in it and their text.

What is known of a repository are the heads it had when it was looked at: `updated` also moves when an issue is opened or a star is
given, and then the head is a known one. A commit is read once, whatever fork it is pushed to; in a repository that is watched it is
read once more, so that its place is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from monitor.collectors.base import SourceContext
from monitor.collectors.gitea.activity import Rank, Target, digest
from monitor.collectors.gitea.api import Gitea, skip_reason
from monitor.collectors.gitea.commits import Commit, Place, parse, since, split
from monitor.collectors.upstream import Refused, Unavailable

_PAGES: Final = 20  # of commits, of one look


@dataclass(slots=True)
class _Listing:
    """What a look at a repository's list of commits gave, newest first. `rest` = how many more there are that count as unread."""

    head: str
    new: list[Commit] = field(default_factory=list)
    rest: int = 0


class Walker:
    """For one source. `limit` = most commits read of one look, `watched_limit` of one at a watched repository."""

    def __init__(self, gitea: Gitea, *, limit: int, watched_limit: int) -> None:
        self.read = 0  # commits handed over, ever
        self._gitea = gitea
        self._limit = limit
        self._watched_limit = watched_limit

    async def look(self, context: SourceContext, target: Target, until: float) -> str | None:
        """Put everything new on the bus, commit by commit, and mark the target as dealt with. "" or why there was nothing; None when
        it was not through at `until` (epoch seconds): the next look goes on.

        Raises Limited, Unavailable, Refused, Stopping; what was handed over by then does not come again.
        """
        limit = self._watched_limit if target.rank is Rank.WATCHED else self._limit
        listing = await self._list(context, target, limit)
        keys = {self._key(target, commit): commit for commit in listing.new}
        unseen = await context.state.unseen(context.name, list(keys))
        within = list(keys)[:limit]
        todo = [key for key in within if key in unseen]
        for number, key in enumerate(todo):
            if number and context.now() >= until:
                return None
            await self._read(context, target, keys[key], key)
        beyond = len(unseen.difference(within)) + listing.rest
        if beyond:
            context.dropped("commit_over_limit", beyond)
        name = target.repository.lower()
        done = [target.key]
        if not target.head:  # a push to some branch tells nothing of the default branch
            done.append(digest("repository", name))
        if listing.head:
            done.append(digest("head", name, listing.head))
        await context.emit(seen=done)
        if todo:
            return ""
        return "known_commits" if listing.new else "no_push"

    async def _list(self, context: SourceContext, target: Target, limit: int) -> _Listing:
        if target.commits and target.count is not None and target.count <= len(target.commits):
            return _Listing(target.head, list(target.commits[: target.count]))  # the feed named all of them
        name = target.repository.lower()
        here = digest("repository", name)
        # a head is known to be looked for where we were before, or where the feed says what was pushed
        first = target.count is None and bool(await context.state.unseen(context.name, [here]))
        listed: list[Commit] = []
        known = {target.base} if target.base else set()
        for page in range(1, _PAGES + 1):
            raw, more, total = await self._gitea.commits(context, target.repository, target.head, page)
            found = [commit for commit in map(parse, raw) if commit is not None]
            if raw and not found:
                raise Unavailable("bad_shape")  # a list of something else: no verdict on the repository
            if len(found) < len(raw):
                context.dropped("bad_commit", len(raw) - len(found))
            listed += found
            known |= await self._heads(context, name, found)
            new = since(listed, known)
            reached = bool(known & {commit.sha for commit in listed})
            ended = reached and (not found or found[-1].sha not in {commit.sha for commit in new})
            enough = len(new) >= (limit if target.count is None else target.count)
            if ended or not more or (enough and (first or target.count is not None)):
                break
        listing = _Listing(target.head or (listed[0].sha if listed else ""), new)
        if reached:
            return listing
        if target.count is not None:
            listing.rest = max(0, target.count - len(new))
            listing.new = new[: target.count]
        elif first and target.fresh:
            listing.rest = max(0, (total or 0) - len(listed))
        elif first:
            listing.new = new[:limit]  # what is older was there before us
        return listing

    async def _heads(self, context: SourceContext, name: str, commits: Sequence[Commit]) -> set[str]:
        keys = {digest("head", name, commit.sha): commit.sha for commit in commits}
        unseen = await context.state.unseen(context.name, list(keys))
        return {sha for key, sha in keys.items() if key not in unseen}

    @staticmethod
    def _key(target: Target, commit: Commit) -> bytes:
        where = target.repository.lower() if target.rank is Rank.WATCHED else ""
        return digest("commit", where, commit.sha)

    async def _read(self, context: SourceContext, target: Target, commit: Commit, key: bytes) -> None:
        skipped: Counter[str] = Counter()
        diff = b""
        if not commit.is_merge:
            try:
                diff = await self._gitea.diff(context, target.repository, commit.sha)
            except Refused as error:
                if error.status == 401 or not (error.status or target.last_try):
                    raise  # without a status our own guard said it, of this answer
                skipped[skip_reason(error)] += 1
        place = Place(
            context.name,
            self._gitea.forge,
            target.repository,
            target.ref,
            target.actor,
            target.published_at,
        )
        documents = place.documents(commit, split(diff, skipped), context.now())
        for reason, count in skipped.items():
            context.dropped(reason, count)
        await context.emit(documents, seen=[key])
        self.read += 1
