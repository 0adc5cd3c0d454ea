"""GitHub's REST API as this service asks it: one credential, the paths, and what may be put into a path.

Formats and limits: docs.github.com/rest, as of API version 2022-11-28.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pydantic import Field, SecretStr
from yarl import URL

from monitor.collectors.apisettings import Address, TokenSettings
from monitor.collectors.base import SourceContext
from monitor.collectors.github.accounts import AccountSettings, make_accounts
from monitor.collectors.shapes import items, obj, text
from monitor.collectors.upstream import Refused, Upstream
from monitor.http import Response, Validators
from monitor.tools import Tools

API: Final = "https://api.github.com"
PER_PAGE: Final = 100
FILES_PER_COMPARE: Final = 300  # for the whole comparison; more are silently missing
_CONTENT_HOST: Final = ".githubusercontent.com"
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_PAGES: Final = 10  # of one commit's files, 300 each: GitHub's own 3,000
_JSON_OVERHEAD: Final = 64 * 1024
_PING_BYTES: Final = 256 * 1024


class GitHubSettings(TokenSettings):
    """What every source on GitHub needs."""

    base_url: Address = Field(API, description="the REST API; for GitHub Enterprise https://HOST/api/v3")
    forge: str = Field("github.com", description="name of the forge in findings, host of its web pages")
    token: SecretStr | None = Field(
        None, description="a token without any permission is enough; without one 60 requests an hour"
    )
    token_file: Path | None = Field(None, description="a file that holds the token")
    accounts: tuple[AccountSettings, ...] = Field(
        (),
        description="further credentials, each with its consenting operator; they read, the first one polls",
    )
    concurrency: int = Field(
        4, ge=1, le=32, description="requests under way at the same time, of each credential"
    )
    max_body_mib: int = Field(32, ge=1, le=256, description="largest API answer read, in MiB")
    max_blob_mib: float = Field(
        4.0,
        gt=0,
        le=100,
        description="largest single file fetched where no diff or content came along, in MiB",
    )


class GitHub:
    """The calls. All raise Limited, Unavailable, Refused, Stopping; shapes inside the JSON are the caller's to doubt."""

    def __init__(self, settings: GitHubSettings, tools: Tools) -> None:
        self.forge = settings.forge
        self.accounts = make_accounts(
            settings.base_url, settings.secret(), settings.accounts, tools, settings.concurrency
        )
        raw = tools.http.budget(f"https://raw{_CONTENT_HOST}", "anonymous", interval=0.5)
        self._raw = Upstream(tools.http, tools.metrics, raw)
        self._base = settings.base_url
        self._body = settings.max_body_mib * 1024 * 1024
        self.max_blob_bytes = int(settings.max_blob_mib * 1024 * 1024)

    @property
    def upstream(self) -> Upstream:
        """The first credential's."""
        return self.accounts.home

    async def feed_page(
        self, context: SourceContext, path: str, page: int, *, validators: Validators | None = None
    ) -> tuple[list[Any], Response]:
        """One page of a feed: the first credential's, whoever else there is."""
        url = f"{self._base}{path}?per_page={PER_PAGE}&page={page}"
        return await self.upstream.get_json(context, url, list, validators=validators, max_bytes=self._body)

    async def page(self, context: SourceContext, path: str, query: str = "") -> tuple[list[Any], Response]:
        """One page of a list."""
        url = f"{self._base}{path}?per_page={PER_PAGE}{query}"
        return await self._one(context).get_json(context, url, list, max_bytes=self._body)

    async def ping(self, context: SourceContext) -> None:
        """Ask whether the server answers, by what is free of the hourly limit. One try. Raises what the others raise."""
        url = f"{self._base}/rate_limit"
        await self.upstream.get_json(context, url, dict, max_bytes=_PING_BYTES, tries=1, having="resources")

    async def repository(self, context: SourceContext, name: str) -> dict[str, Any]:
        return await self._object(context, f"/repos/{name}")

    async def compare(self, context: SourceContext, name: str, base: str, head: str) -> dict[str, Any]:
        """At most 250 commits, oldest first, and 300 files of the difference from their merge base to `head`."""
        # one path segment whatever the branch is called: a name of dots and slashes must not walk elsewhere
        path = f"/repos/{name}/compare/{quote(base, safe='')}...{head}"
        return await self._object(context, path, having="commits")

    async def commit(self, context: SourceContext, name: str, sha: str) -> dict[str, Any]:
        """One commit with the files of all its pages."""
        url = f"{self._base}/repos/{name}/commits/{sha}"
        whole: dict[str, Any] = {}
        for _ in range(_PAGES):
            body, answer = await self._one(context).get_json(
                context, url, dict, max_bytes=self._body, having="sha"
            )
            files = items(whole.get("files")) + items(body.get("files"))
            whole = {**body, **whole, "files": files}
            url = self._next(answer)
            if not url:
                break
        return whole

    async def blob(self, context: SourceContext, name: str, sha: str) -> bytes:
        """A file by its blob id. Raises Refused `too_large` over the configured size."""
        limit = self.max_blob_bytes * 4 // 3 + _JSON_OVERHEAD
        body, _ = await self._one(context).get_json(
            context, f"{self._base}/repos/{name}/git/blobs/{sha}", dict, max_bytes=limit, having="content"
        )
        content = text(body, "content")
        if text(body, "encoding") != "base64":
            return encode(content)
        try:
            return base64.b64decode(content)
        except ValueError:
            raise Refused("bad_shape") from None

    async def gist(self, context: SourceContext, gist_id: str, version: str = "") -> dict[str, Any]:
        """As it is now, or as it was at `version` (a commit id)."""
        path = f"/gists/{quote(gist_id, safe='')}" + (f"/{version}" if version else "")
        return await self._object(context, path, having="id")

    async def raw(self, context: SourceContext, url: str) -> bytes:
        """A file's content from where a gist says it lies, without our credential, and only from GitHub's own hosts."""
        try:
            target = URL(url)
            host, ours = target.host or "", target.origin() == URL(self._base).origin()
        except ValueError:
            raise Refused("bad_url") from None
        if not ours and not (host.endswith(_CONTENT_HOST) and target.scheme == "https"):
            raise Refused("bad_url")
        answer = await self._raw.get(context, url, max_bytes=self.max_blob_bytes)
        return answer.body

    async def _object(self, context: SourceContext, path: str, *, having: str = "") -> dict[str, Any]:
        """`having` is what an answer to this question cannot lack."""
        body, _ = await self._one(context).get_json(
            context, self._base + path, dict, max_bytes=self._body, having=having
        )
        return body

    def _one(self, context: SourceContext) -> Upstream:
        return self.accounts.best(context.now())

    def _next(self, answer: Response) -> str:
        """The next page as the Link header gives it (it may name the repository by number), if it stays on our host."""
        url = next_link(answer.headers.get("Link", ""))
        return url if url.startswith(f"{self._base}/") else ""


def next_link(header: str) -> str:
    """The URL with rel="next" of a Link header, "" without one."""
    for part in header.split(","):
        target, _, attributes = part.partition(";")
        if 'rel="next"' in attributes:
            return target.strip().removeprefix("<").removesuffix(">")
    return ""


def repository_name(value: object) -> str:
    """`owner/name` when it can be nothing else, so that it may stand in a path; else ""."""
    name = text(value)
    owner, _, project = name.partition("/")
    return name if _NAME.fullmatch(name) and not {owner, project} & {".", ".."} else ""


def commit_id(value: object) -> str:
    """A full commit or blob id, else ""."""
    sha = text(value)
    return sha if _SHA.fullmatch(sha) else ""


def author(commit: object) -> tuple[str, str]:
    """(login or name, e-mail) of a commit as the API lists it. Both are what anybody may claim."""
    person = obj(commit, "commit", "author")
    return text(commit, "author", "login") or text(person, "name"), text(person, "email")


def encode(content: str) -> bytes:
    """JSON strings as bytes. (The parser lets no lone surrogate through.)"""
    return content.encode("utf-8", "replace")
