"""What is new in one GitLab project.

The branches are asked first: one request, and where none of them moved there is nothing new. Else the commits of all branches since
our last look; and where the history of a branch that moved leads out of that list before it meets a commit that we know (a commit
carries any date its author likes), the branch's own commits beyond where it stood.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.collectors.base import SourceContext
from monitor.collectors.gitlab.api import OFFSET_LIMIT, PER_PAGE, GitLab, between, commit_id, everything
from monitor.collectors.gitlab.commits import Commit, parse
from monitor.collectors.gitlab.heads import Heads, branch_key
from monitor.collectors.shapes import obj, text
from monitor.collectors.upstream import Refused

_MARGIN: Final = 900.0  # seconds before the last look: committers' clocks differ
_BRANCH_PAGES: Final = 3
_RANGES: Final = 20  # branches whose own history is asked for, of one look
_OWN_PAGES: Final = 100
_TEXT: Final = 32 * 1024 * 1024  # characters of messages of one look
_ABSENT: Final = 404

Unseen = Callable[[Collection[str]], Awaitable[set[str]]]


@dataclass(slots=True)
class Look:
    """`commits` are new or not: who asks knows what he has seen. `cut` = there were more than were asked for, `absent` = the project
    has no repository (yet), or none that we may see.
    """

    heads: Heads
    commits: dict[str, Commit] = field(default_factory=dict)
    cut: bool = False
    absent: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of a look. `since` bounds a first look (None = the whole history); `whole` asks for that at any look."""

    project: int
    since: float | None
    own: bool = False
    whole: bool = False


class ProjectReader:
    """For one source. Safe for concurrent calls."""

    def __init__(self, gitlab: GitLab, *, max_commits: int) -> None:
        self._gitlab = gitlab
        self._pages = -(-max_commits // PER_PAGE)

    async def look(self, context: SourceContext, wish: Wish, before: Heads | None, unseen: Unseen) -> Look:
        """`unseen` tells which commits were never dealt with. Raises Limited, Unavailable, Refused, Stopping."""
        asked_at = context.now()
        try:
            branches, main, newest = await self._branches(context, wish)
        except Refused as error:
            if error.status != _ABSENT:
                raise
            return Look(before or Heads(asked_at), absent=True)
        look = Look(Heads(asked_at, branches))
        known = before.commits if before else frozenset()
        moved = {branch: head for branch, head in branches.items() if head not in known}
        if not moved and (before is not None or not branches) and not wish.whole:
            return look
        since = wish.since if before is None else before.at - _MARGIN
        await self._list(context, wish, everything(None if wish.whole else since), look)
        if before is None and branches and not look.commits:
            # somebody was active and no commit's date says so: it may be older than its push, and the newest is looked at
            context.dropped("first_look_older")
            self._take(context, newest, look)
        if before is None or wish.whole:
            return look
        asked = 0
        for branch, head in moved.items():
            if await self._closed(head, look.commits, known, unseen):
                continue
            asked += 1
            if asked > _RANGES:
                context.dropped("branches_over_limit")
                continue
            base = before.branches.get(branch) or before.branches.get(main, "")
            await self._range(context, wish, base, head, look)
        return look

    async def _branches(self, context: SourceContext, wish: Wish) -> tuple[dict[str, str], str, list[Any]]:
        """Branch -> head; the default branch, and its newest commit (none or one)."""
        heads: dict[str, str] = {}
        main, newest = "", []
        for page in range(1, _BRANCH_PAGES + 1):
            raw, more = await self._gitlab.branches(context, wish.project, page)
            for entry in raw:
                key, head = branch_key(text(entry, "name")), commit_id(text(entry, "commit", "id"))
                if head:
                    heads[key] = head
                if obj(entry).get("default") is True:
                    main, newest = key, [obj(entry, "commit")] if head else []
            if not more:
                return heads, main, newest
        context.dropped("branches_over_limit")
        return heads, main, newest

    async def _list(self, context: SourceContext, wish: Wish, query: str, look: Look) -> None:
        pages = _OWN_PAGES if wish.own else self._pages
        for page in range(1, pages + 1):
            try:
                raw, more = await self._gitlab.commits(context, wish.project, query, page)
            except Refused as error:
                if page == 1 or error.status != OFFSET_LIMIT:
                    raise
                look.cut = True
                return
            self._take(context, raw, look)
            if not more:
                return
            if sum(len(commit.message) for commit in look.commits.values()) > _TEXT:
                break
        look.cut = True

    async def _range(self, context: SourceContext, wish: Wish, base: str, head: str, look: Look) -> None:
        try:
            await self._list(context, wish, between(base, head), look)
        except Refused as error:
            if error.status not in (400, _ABSENT) or not base:
                raise
            context.dropped("old_head_gone")
            raw, more = await self._gitlab.commits(context, wish.project, between("", head), 1)
            self._take(context, raw, look)
            look.cut = look.cut or more

    @staticmethod
    def _take(context: SourceContext, raw: list[Any], look: Look) -> None:
        found = [commit for commit in map(parse, raw) if commit is not None]
        if len(found) < len(raw):
            context.dropped("bad_commit", len(raw) - len(found))
        look.commits.update((commit.sha, commit) for commit in found)

    @staticmethod
    async def _closed(
        head: str, commits: Mapping[str, Commit], known: Collection[str], unseen: Unseen
    ) -> bool:
        """Whether every way down from `head` ends at a root or at a commit that we know, inside the list."""
        waiting, visited = [head], set()
        beyond: set[str] = set()
        while waiting:
            sha = waiting.pop()
            if sha in visited or sha in known:
                continue
            visited.add(sha)
            commit = commits.get(sha)
            if commit is None:
                beyond.add(sha)
            else:
                waiting += commit.parents
        return not beyond or not await unseen(beyond)
