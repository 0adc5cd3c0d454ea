"""GitLab's REST API (v4) as this service asks it: one credential, the paths, and what may be put into a path.

Lists are paged by number: the next page is named by `X-Next-Page` ("" on the last), else by `Link`; where a proxy drops both, a
page as full as was asked for has a next one. Totals are not relied on: GitLab leaves them out above 10,000 rows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable
from typing import Any, Final, TypeVar
from urllib.parse import quote

from monitor.budget import Budget
from monitor.collectors.base import SourceContext, Stopping
from monitor.collectors.gitlab.settings import GitLabSettings
from monitor.collectors.shapes import integer, iso, text
from monitor.collectors.upstream import Refused, Upstream
from monitor.http import Response
from monitor.tools import Tools

_T = TypeVar("_T")

PER_PAGE: Final = 100
FILES_PER_PAGE: Final = 40  # of a difference, up to 200 KB each: a page stays small enough to be held
OFFSET_LIMIT: Final = 405  # the status that says: no further page by number
_PATH: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){1,20}")
_LONGEST_PATH: Final = 1024
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_ANONYMOUS_PER_MINUTE: Final = 300  # of the 500 that gitlab.com gives an address
_RAW_PER_MINUTE: Final = 240  # of the 300
# of the 2,000 and 400 lists of projects in ten minutes
_LISTS_PER_MINUTE: Final = 180
_ANONYMOUS_LISTS_PER_MINUTE: Final = 36
_UNAUTHORIZED: Final = 401
# Repeated refused credentials ban the address for 15 minutes: one try in that time, later fewer
_AWAY: Final = 15 * 60.0
_LONGEST_AWAY: Final = 6 * 3600.0


class GitLab:
    """The calls. All raise Limited, Unavailable, Refused, Stopping; shapes inside the JSON are the caller's to doubt."""

    def __init__(self, settings: GitLabSettings, tools: Tools) -> None:
        token = settings.secret()
        headers = {"Accept": "application/json"} | ({"PRIVATE-TOKEN": token} if token else {})
        self.per_minute = settings.requests_per_minute
        if not token:
            self.per_minute = min(self.per_minute, _ANONYMOUS_PER_MINUTE)
        # the name of the credential: sources with the same token share its limits
        credential = hashlib.sha256(token.encode()).hexdigest()[:16] if token else "anonymous"
        budget = tools.http.budget(
            settings.base_url, credential, interval=60.0 / self.per_minute, concurrency=settings.concurrency
        )
        self.forge = settings.forge
        self.refused = False  # the credential was refused when it was shown last
        self._away = _AWAY
        self.upstream = Upstream(tools.http, tools.metrics, budget, headers=headers)
        # these two have limits of their own, which no header tells
        self._raw = Budget(clock=tools.clock, interval=60.0 / _RAW_PER_MINUTE)
        lists = _LISTS_PER_MINUTE if token else _ANONYMOUS_LISTS_PER_MINUTE
        self._lists = Budget(clock=tools.clock, interval=60.0 / lists)
        self._base = settings.base_url
        self._body = settings.max_body_mib * 1024 * 1024
        self._file = int(settings.max_file_mib * 1024 * 1024)

    # -- projects

    async def projects_after(self, context: SourceContext, number: int) -> tuple[list[Any], bool]:
        """Public projects with an id above `number`, ascending, and whether there are more. Keyset: loses none."""
        query = f"pagination=keyset&order_by=id&sort=asc&id_after={number}&visibility=public&simple=true"
        await _turn(context, self._lists)
        found, answer = await self._list(context, f"/projects?{query}&per_page={PER_PAGE}")
        return found, bool(next_link(answer)) or len(found) >= PER_PAGE

    async def newest_project(self, context: SourceContext) -> int:
        """The highest id of a public project, 0 where there is none."""
        await _turn(context, self._lists)
        found, _ = await self._list(
            context, "/projects?order_by=id&sort=desc&visibility=public&simple=true&per_page=1"
        )
        return max((integer(raw, "id") or 0 for raw in found), default=0)

    async def active_projects(
        self, context: SourceContext, after: float, page: int
    ) -> tuple[list[Any], bool]:
        """Public projects with activity after an instant, the latest first; and whether there is a next page."""
        query = f"order_by=last_activity_at&sort=desc&last_activity_after={iso(after)}&visibility=public&simple=true"
        await _turn(context, self._lists)
        return await self._page(context, f"/projects?{query}", page)

    async def owned_projects(
        self, context: SourceContext, kind: str, name: str, page: int
    ) -> tuple[list[Any], bool]:
        """Public projects of one of the `groups` (with its subgroups) or `users`; and whether there is a next page."""
        query = "visibility=public&simple=true&order_by=id&sort=asc"
        more = "&include_subgroups=true&with_shared=false" if kind == "groups" else ""
        return await self._page(context, f"/{kind}/{segment(name)}/projects?{query}{more}", page)

    async def project(self, context: SourceContext, name: str) -> dict[str, Any]:
        """By its path or its number."""
        await _turn(context, self._lists)
        return await self._object(context, f"/projects/{segment(name)}")

    # -- one project

    async def branches(self, context: SourceContext, project: int, page: int) -> tuple[list[Any], bool]:
        return await self._page(context, f"/projects/{project}/repository/branches?", page)

    async def commits(
        self, context: SourceContext, project: int, query: str, page: int
    ) -> tuple[list[Any], bool]:
        """Newest first. `query` is `everything` or `between`; and whether there is a next page."""
        return await self._page(context, f"/projects/{project}/repository/commits?{query}", page)

    async def commit(self, context: SourceContext, project: int, sha: str) -> dict[str, Any]:
        return await self._object(context, f"/projects/{project}/repository/commits/{sha}")

    async def diff(self, context: SourceContext, project: int, sha: str, page: int) -> tuple[list[Any], bool]:
        """Files of one commit's difference; and whether there is a next page."""
        return await self._page(
            context, f"/projects/{project}/repository/commits/{sha}/diff?", page, FILES_PER_PAGE
        )

    async def file(self, context: SourceContext, project: int, path: str, sha: str) -> bytes:
        """A file as it stands in a commit. Raises Refused `too_large` over the configured size."""
        return await self._content(
            context, f"/projects/{project}/repository/files/{segment(path)}/raw?ref={sha}"
        )

    # -- snippets

    async def snippets(self, context: SourceContext, after: float, page: int) -> tuple[list[Any], bool]:
        """Personal public snippets made after an instant; and whether there is a next page."""
        return await self._page(context, f"/snippets/public?created_after={iso(after)}", page)

    async def snippet(self, context: SourceContext, number: int, ref: str = "", path: str = "") -> bytes:
        """The one file of a snippet, or the one at `path`."""
        where = f"/files/{segment(ref)}/{segment(path)}" if path else ""
        return await self._content(context, f"/snippets/{number}{where}/raw")

    # -- inside

    async def _page(
        self, context: SourceContext, url: str, page: int, size: int = PER_PAGE
    ) -> tuple[list[Any], bool]:
        glue = "" if url.endswith("?") else "&"
        found, answer = await self._list(context, f"{url}{glue}per_page={size}&page={page}")
        told = answer.headers.get("X-Next-Page")
        if told is not None:
            return found, bool(told.strip())
        return found, bool(next_link(answer)) or len(found) >= size

    async def _list(self, context: SourceContext, path: str) -> tuple[list[Any], Response]:
        url = self._base + path
        return await self._judged(self.upstream.get_json(context, url, list, max_bytes=self._body))

    async def _object(self, context: SourceContext, path: str) -> dict[str, Any]:
        url = self._base + path
        body, _ = await self._judged(self.upstream.get_json(context, url, dict, max_bytes=self._body))
        return body

    async def _content(self, context: SourceContext, path: str) -> bytes:
        await _turn(context, self._raw)
        answer = await self._judged(self.upstream.get(context, self._base + path, max_bytes=self._file))
        return answer.body

    async def _judged(self, asking: Awaitable[_T]) -> _T:
        """The answer. A refused credential is not shown again for a while, by nobody who has it."""
        try:
            answer = await asking
        except Refused as error:
            if error.status == _UNAUTHORIZED:
                self.refused = True
                self.upstream.budget.block(self._away)
                self._away = min(self._away * 2, _LONGEST_AWAY)
            raise
        self.refused, self._away = False, _AWAY
        return answer


async def _turn(context: SourceContext, pace: Budget) -> None:
    wait = pace.reserve()
    if wait > 0 and await context.sleep(wait):
        raise Stopping


def everything(since: float | None) -> str:
    """Commits of all branches and tags, since an instant of the committer's clock if one is given."""
    return "all=true" if since is None else f"all=true&since={iso(since)}"


def between(base: str, head: str) -> str:
    """Commits that `head` has and `base` (a commit, "" = none) has not."""
    return f"ref_name={base}..{head}" if base else f"ref_name={head}"


def segment(name: str) -> str:
    """Any text as exactly one segment of a URL's path. Raises Refused for what a URL cannot hold."""
    if name in ("", ".", ".."):
        raise Refused("bad_path")
    return quote(name.encode("utf-8", "replace"), safe="")


def next_link(answer: Response) -> str:
    """The URL with rel="next" of the Link header, "" without one."""
    for part in answer.headers.get("Link", "").split(","):
        target, _, attributes = part.partition(";")
        if 'rel="next"' in attributes:
            return target.strip().removeprefix("<").removesuffix(">")
    return ""


def project_path(value: object) -> str:
    """`group/sub/name` when it can be nothing else, so that it may stand in a URL; else ""."""
    name = text(value)
    return name if len(name) <= _LONGEST_PATH and _PATH.fullmatch(name) else ""


def commit_id(value: object) -> str:
    """A full commit id, else ""."""
    sha = text(value)
    return sha if _SHA.fullmatch(sha) and sha.strip("0") else ""
