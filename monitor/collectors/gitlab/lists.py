"""Lists of GitLab projects: what an entry is, how a paged list is read, and the projects of those that are watched."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.gitlab.api import OFFSET_LIMIT, GitLab, project_path
from monitor.collectors.gitlab.queue import STANDSTILL, Visit
from monitor.collectors.gitlab.settings import GitLabSettings
from monitor.collectors.shapes import instant, integer, obj, text
from monitor.collectors.upstream import Refused, Unavailable
from monitor.watching import Watching

OVERLAP: Final = STANDSTILL + 300.0
_OWN_SECONDS: Final = 3600.0  # a watched project without activity is looked into this often all the same
_OWN_PAGES: Final = 400
_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Project:
    """One entry of a list of projects."""

    number: int
    path: str
    created_at: float | None = None
    active_at: float | None = None

    @property
    def key(self) -> bytes:
        """16 bytes that name this state of the project."""
        return hashlib.blake2b(f"active {self.number} {self.active_at}".encode(), digest_size=16).digest()

    @property
    def new_key(self) -> bytes:
        """16 bytes that name its beginning."""
        return hashlib.blake2b(f"new {self.number}".encode(), digest_size=16).digest()


def parse(raw: object) -> Project | None:
    """None when it is no project."""
    number, path = integer(raw, "id"), project_path(text(raw, "path_with_namespace"))
    if number is None or number <= 0 or not path:
        return None
    return Project(number, path, instant(raw, "created_at"), instant(raw, "last_activity_at"))


def projects(context: SourceContext, raw: list[Any]) -> list[Project]:
    """The public ones of a list (a token may see more than the public does). What is no project is counted."""
    found: list[Project] = []
    for entry in raw:
        project = parse(entry)
        if project is None:
            context.dropped("bad_project")
        elif text(obj(entry), "visibility") in ("", "public"):
            found.append(project)
    return found


@dataclass(slots=True)
class Listing:
    """What one poll of a paged list found. `full` = it ended at our limit, `whole` = no page failed."""

    found: list[Any] = field(default_factory=list)
    full: bool = False
    whole: bool = True


async def _never(_: list[Any]) -> bool:
    return False


async def pages(
    context: SourceContext,
    ask: Callable[[int], Awaitable[tuple[list[Any], bool]]],
    read: Callable[[list[Any]], list[Any]],
    *,
    limit: int,
    enough: Callable[[list[Any]], Awaitable[bool]] = _never,
) -> Listing:
    """Page after page until the last, until `enough`, or until `limit` of them. Raises what the first page raises."""
    listing = Listing()
    for page in range(1, limit + 1):
        try:
            raw, more = await ask(page)
        except (Limited, Unavailable, Refused) as error:
            if page == 1:
                raise
            listing.full = isinstance(error, Refused) and error.status == OFFSET_LIMIT
            if not listing.full:
                context.dropped("page_failed")
                listing.whole = False
            return listing
        found = read(raw)
        listing.found += found
        if not more or await enough(found):
            return listing
    listing.full = True
    return listing


class WatchedProjects:
    """Which projects of the watched names are to be looked into now."""

    def __init__(self, settings: GitLabSettings, gitlab: GitLab, watch: Watching) -> None:
        self._gitlab = gitlab
        self._history = settings.watched_history_days * _DAY
        self._looked: dict[int, float] = {}  # project -> when it was named last
        self._absent: dict[tuple[str, str], float] = {}  # what this forge has not -> when to ask again
        # groups and users share their names: each may be the other
        owners = dict.fromkeys((*watch.organisations_on(settings.forge), *watch.users_on(settings.forge)))
        self.names = [(kind, name) for name in owners for kind in ("groups", "users")]
        self.names += [("projects", name) for name in watch.repositories_on(settings.forge)]

    def forget(self) -> None:
        """All of them are to be looked into."""
        self._looked.clear()

    async def visits(
        self, context: SourceContext
    ) -> tuple[list[Project], list[Visit], Limited | Unavailable | Refused | None]:
        """(all that there are, those with activity and each hour the others, the trouble on the way)."""
        found: dict[int, Project] = {}
        trouble: Limited | Unavailable | Refused | None = None
        now = context.now()
        for kind, name in self.names:
            if self._absent.get((kind, name), 0.0) > now:
                continue
            try:
                found.update((project.number, project) for project in await self._of(context, kind, name))
            except Refused as error:
                if error.status not in (403, 404):
                    trouble = error
                    continue
                self._absent[kind, name] = now + _OWN_SECONDS
            except (Limited, Unavailable) as error:
                trouble = error
                break
        return list(found.values()), [*self._due(found.values(), now)], trouble

    def _due(self, found: Iterable[Project], now: float) -> Iterator[Visit]:
        for project in found:
            stale = self._looked.get(project.number, 0.0) + _OWN_SECONDS <= now
            if stale or (project.active_at or now) + OVERLAP >= now:
                self._looked[project.number] = now
                since = now - self._history
                yield Visit(project.number, project.path, (), project.active_at, since, own=True)

    async def _of(self, context: SourceContext, kind: str, name: str) -> list[Project]:
        if kind == "projects":
            return projects(context, [await self._gitlab.project(context, name)])
        listing = await pages(
            context,
            lambda page: self._gitlab.owned_projects(context, kind, name, page),
            lambda raw: projects(context, raw),
            limit=_OWN_PAGES,
        )
        return listing.found
