"""GitLab, Gitea and Forgejo: files of repositories; and GitLab's snippets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import quote

from pydantic import Field

from monitor.collectors.apisettings import Address, TokenSettings
from monitor.collectors.base import SourceContext
from monitor.collectors.gitea.api import repository_name
from monitor.collectors.gitlab.api import commit_id, project_path
from monitor.collectors.recheck.facts import Facts, Read, object_of
from monitor.collectors.recheck.forges import HIDDEN, OPEN, THERE, RepositoryLook, safe_path
from monitor.collectors.recheck.target import PUBLIC, REMOVED, NoVerdict, Target
from monitor.collectors.shapes import text
from monitor.collectors.upstream import Upstream
from monitor.http import Response
from monitor.tools import Tools

_BODY: Final = 16 * 1024 * 1024
_SNIPPET: Final = re.compile(r"/-/snippets/(\d+)")


class ForgeSettings(TokenSettings):
    """A GitLab, Gitea or Forgejo. With the token of the source that collects there it shares that one's budget."""

    kind: Literal["gitlab", "gitea"] = Field(description="which API it speaks; Forgejo is a gitea")
    base_url: Address = Field(description="the API: https://HOST/api/v4 or https://HOST/api/v1")
    forge: str = Field(min_length=1, description="name of the forge in findings")
    requests_per_minute: float = Field(30.0, gt=0, le=600, description="most requests a minute")


# asked without a token unless the configuration names them
KNOWN: Final = tuple(
    ForgeSettings.model_validate({"kind": kind, "base_url": base_url, "forge": forge})
    for kind, base_url, forge in (
        ("gitlab", "https://gitlab.com/api/v4", "gitlab.com"),
        ("gitea", "https://codeberg.org/api/v1", "codeberg.org"),
    )
)


class _Api:
    """One credential at one server, conditional."""

    def __init__(
        self, settings: ForgeSettings, tools: Tools, facts: Facts, header: Mapping[str, str]
    ) -> None:
        token = settings.secret()
        # the name of the credential: sources with the same token share its limits
        credential = hashlib.sha256(token.encode()).hexdigest()[:16] if token else "anonymous"
        budget = tools.http.budget(
            settings.base_url, credential, interval=60.0 / settings.requests_per_minute
        )
        headers = {name: value.format(token) for name, value in header.items()} if token else {}
        self._upstream = Upstream(tools.http, tools.metrics, budget, headers=headers)
        self._base = settings.base_url
        self._facts = facts
        self._proved = False

    async def prove(self, context: SourceContext, path: str, read: Read) -> None:
        """Whether the configured address is this API at all: one that is not says 404 to everything. Raises NoVerdict, Stopping."""
        if not self._proved:
            self._proved = bool(await self.ask(context, path, read))
        if not self._proved:
            raise NoVerdict("wrong_api")

    async def ask(self, context: SourceContext, path: str, read: Read) -> str:
        url = self._base + path
        return await self._facts.ask(
            context, self._upstream, url, read, max_bytes=_BODY, gone=(409,), too_large=THERE
        )


class GitLabLook:
    def __init__(self, settings: ForgeSettings, tools: Tools, facts: Facts) -> None:
        self.forges = (settings.forge,)
        self._api = _Api(settings, tools, facts, {"PRIVATE-TOKEN": "{}"})
        self._files = RepositoryLook(self)

    async def look(self, context: SourceContext, target: Target) -> str:
        """A word of `target`. Raises NoVerdict, Stopping."""
        if snippet := _SNIPPET.search(target.url):
            shown = await self._api.ask(context, f"/snippets/{snippet[1]}/raw", lambda _: THERE)
            return PUBLIC if shown else REMOVED
        if not project_path(target.repository):
            raise NoVerdict("no_way")
        return await self._files.look(context, target)

    async def prove(self, context: SourceContext) -> None:
        """As GitHubLook.prove."""
        await self._api.prove(context, "/projects?per_page=1&simple=true", _list)

    async def repository(self, context: SourceContext, name: str) -> str:
        def read(answer: Response) -> str:
            shown = (
                text(object_of(answer, "id"), "visibility") or "public"
            )  # left out for who has no credential
            return OPEN if shown == "public" else HIDDEN

        return await self._api.ask(context, f"/projects/{_segment(name)}", read)

    async def file(self, context: SourceContext, name: str, path: str, branch: str) -> str:
        where = f"/projects/{_segment(name)}/repository/files/{_segment(safe_path(path))}"
        query = f"?ref={quote(branch or 'HEAD', safe='')}"
        return await self._api.ask(context, where + query, lambda answer: _blob(answer, "blob_id"))

    async def commit(self, context: SourceContext, name: str, sha: str) -> str:
        if not commit_id(sha):
            raise NoVerdict("no_way")
        where = f"/projects/{_segment(name)}/repository/commits/{sha}?stats=false"
        return await self._api.ask(context, where, lambda answer: _having(answer, "id"))


class GiteaLook:
    """A page that tests for bots is HTML where JSON should be: no verdict."""

    def __init__(self, settings: ForgeSettings, tools: Tools, facts: Facts) -> None:
        self.forges = (settings.forge,)
        self._api = _Api(settings, tools, facts, {"Authorization": "token {}"})
        self._files = RepositoryLook(self)

    async def look(self, context: SourceContext, target: Target) -> str:
        """A word of `target`. Raises NoVerdict, Stopping."""
        if not repository_name(target.repository):
            raise NoVerdict("no_way")
        return await self._files.look(context, target)

    async def prove(self, context: SourceContext) -> None:
        """As GitHubLook.prove."""
        await self._api.prove(context, "/version", lambda answer: _having(answer, "version"))

    async def repository(self, context: SourceContext, name: str) -> str:
        def read(answer: Response) -> str:
            return HIDDEN if object_of(answer, "private")["private"] else OPEN

        return await self._api.ask(context, f"/repos/{name}", read)

    async def file(self, context: SourceContext, name: str, path: str, branch: str) -> str:
        query = f"?ref={quote(branch, safe='')}" if branch else ""
        where = f"/repos/{name}/contents/{quote(safe_path(path))}{query}"
        return await self._api.ask(context, where, lambda answer: _blob(answer, "sha"))

    async def commit(self, context: SourceContext, name: str, sha: str) -> str:
        if not commit_id(sha):
            raise NoVerdict("no_way")
        # without these three the server works out statistics, signatures and file lists
        where = f"/repos/{name}/git/commits/{sha}?stat=false&verification=false&files=false"
        return await self._api.ask(context, where, lambda answer: _having(answer, "sha"))


def _segment(name: str) -> str:
    return quote(name, safe="")


def _blob(answer: Response, name: str) -> str:
    return (
        THERE if isinstance(answer.json(), list) else text(object_of(answer, name), name)
    )  # a folder by now


def _list(answer: Response) -> str:
    if not isinstance(answer.json(), list):
        raise ValueError("not a list")  # noqa: TRY004 - as for what is no JSON at all
    return THERE


def _having(answer: Response, what: str) -> str:
    object_of(answer, what)
    return THERE
