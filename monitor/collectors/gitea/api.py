"""Gitea's and Forgejo's REST API (`/api/v1`) as this service asks it: one credential, the paths, and what may be put into a path.

The servers have no limit of their own, but proxies before them answer 429 or 503, or show a page that tests for bots: HTML with
status 200. Such a page is never content: it is told as trouble (`challenge`), and nothing is asked for five minutes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import Field, SecretStr

from monitor.collectors.apisettings import Address, TokenSettings
from monitor.collectors.base import SourceContext
from monitor.collectors.github.api import next_link
from monitor.collectors.shapes import integer, items
from monitor.collectors.upstream import Refused, Unavailable, Upstream
from monitor.http import Response
from monitor.tools import Tools

LIMIT: Final = 50  # the most a page has; servers clamp what asks for more, and may be set to less
_PAUSE: Final = 300.0  # seconds after a page that tests for bots
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_SHA: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_DIFF: Final = re.compile(rb"^diff --(?:git|cc|combined) ", re.MULTILINE)
_HTML: Final = (b"<!doctype html", b"<html", b"<head", b"<script")
_REASONS: Final = {
    403: "forbidden",
    404: "gone",
    409: "empty_repository",
    410: "gone",
    422: "unprocessable",
    451: "legal",
}


class GiteaSettings(TokenSettings):
    """Which server, as whom, and how fast."""

    base_url: Address = Field("https://codeberg.org/api/v1", description="the API, with its /api/v1")
    forge: str = Field(
        "codeberg.org", min_length=1, description="name of the forge in findings and in [watch]"
    )
    token: SecretStr | None = Field(
        None, description="a token that may read public repositories; none is needed"
    )
    token_file: Path | None = Field(None, description="a file that holds the token")
    requests_per_minute: float = Field(
        30.0, gt=0, le=600, description="most requests a minute; Codeberg names no limit, so be modest"
    )
    max_diff_mib: float = Field(8.0, gt=0, le=100, description="largest diff of one commit read, in MiB")
    max_body_mib: float = Field(16.0, gt=0, le=256, description="largest API answer read, in MiB")


class Challenged(Unavailable):
    """A page for people came instead of an answer."""

    def __init__(self) -> None:
        super().__init__("challenge")


class Gitea:
    """The calls. All raise Limited, Unavailable, Refused, Stopping; shapes inside the JSON are the caller's to doubt."""

    def __init__(self, settings: GiteaSettings, tools: Tools) -> None:
        token = settings.secret()
        headers = {"Authorization": f"token {token}"} if token else {}
        # the name of the credential: sources with the same token share its limits
        credential = hashlib.sha256(token.encode()).hexdigest()[:16] if token else "anonymous"
        budget = tools.http.budget(
            settings.base_url, credential, interval=60.0 / settings.requests_per_minute, concurrency=1
        )
        self.forge = settings.forge
        self.upstream = Upstream(tools.http, tools.metrics, budget, headers=headers)
        self._base = settings.base_url
        self._body = int(settings.max_body_mib * 1024 * 1024)
        self._diff = int(settings.max_diff_mib * 1024 * 1024)

    async def search(self, context: SourceContext, page: int) -> tuple[list[Any], bool]:
        """Public repositories, the last changed first, and whether there is a page more."""
        query = f"sort=updated&order=desc&private=false&limit={LIMIT}&page={page}"
        body, answer = await self._json(context, f"/repos/search?{query}")
        found = body.get("data") if isinstance(body, Mapping) else None
        if not isinstance(found, list):
            raise Unavailable("bad_shape")
        return found, self._more(answer, page, len(found))

    async def feed(self, context: SourceContext, path: str, page: int) -> tuple[list[Any], bool]:
        """What happened at `path` (a feed of an organisation, user or repository), newest first; whether there is more."""
        return await self._list(context, f"{path}?limit={LIMIT}&page={page}", page)

    async def commits(
        self, context: SourceContext, name: str, head: str, page: int
    ) -> tuple[list[Any], bool, int | None]:
        """Commits that `head` reaches ("" = the default branch), newest first; whether there are more, and how many in all."""
        # without these three the server works out statistics, signatures and file lists of each commit
        query = f"stat=false&verification=false&files=false&limit={LIMIT}&page={page}"
        path = f"/repos/{name}/commits?{query}" + (f"&sha={head}" if head else "")
        body, answer = await self._json(context, path)
        if not isinstance(body, list):
            raise Unavailable("bad_shape")
        total = integer(answer.headers.get("X-Total-Count") or answer.headers.get("X-Total"))
        return body, self._more(answer, page, len(body)), total

    async def diff(self, context: SourceContext, name: str, sha: str) -> bytes:
        """What one commit changed, as git writes it; b"" where it changed no file. Raises Refused `too_large` as well."""
        url = f"{self._base}/repos/{name}/git/commits/{sha}.diff"
        answer = await self.upstream.get(context, url, max_bytes=self._diff)
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "text/html" and _DIFF.search(answer.body):
            return answer.body
        if kind == "text/plain" and not _is_html(answer):
            return b""  # a commit without changes (a preamble may stand there)
        self._doubt(answer)
        raise Unavailable("bad_shape")

    async def _list(self, context: SourceContext, path: str, page: int) -> tuple[list[Any], bool]:
        body, answer = await self._json(context, path)
        if not isinstance(body, list) and body is not None:
            raise Unavailable("bad_shape")
        return items(body), self._more(answer, page, len(items(body)))

    async def _json(self, context: SourceContext, path: str) -> tuple[Any, Response]:
        answer = await self.upstream.get(context, self._base + path, max_bytes=self._body)
        try:
            return orjson.loads(answer.body), answer
        except ValueError:
            self._doubt(answer)
            raise Unavailable("bad_shape") from None

    def _doubt(self, answer: Response) -> None:
        """Raises Challenged for a page for people, and asks nothing more of this server for a while."""
        if _is_html(answer):
            self.upstream.budget.block(_PAUSE)
            raise Challenged

    def _more(self, answer: Response, page: int, count: int) -> bool:
        """Whether a further page exists: a page may be shorter than asked for, so its length says nothing."""
        link = answer.headers.get("Link", "")
        if link:
            return bool(
                next_link(link)
            )  # its presence only: the address in it may be another of the server's names
        total = integer(answer.headers.get("X-Total-Count"))
        return count > 0 and (count >= LIMIT if total is None else total > page * count)


def repository_name(value: object) -> str:
    """`owner/name` when it can be nothing else, so that it may stand in a path; else ""."""
    if not isinstance(value, str) or value.count("/") != 1:
        return ""
    return value if all(safe_name(part) for part in value.split("/")) else ""


def safe_name(name: str) -> bool:
    """Whether an owner's or a repository's name may stand in a path as it is."""
    return bool(_NAME.fullmatch(name)) and name not in (".", "..")


def commit_id(value: object) -> str:
    """A full commit id, else ""."""
    return value if isinstance(value, str) and _SHA.fullmatch(value) else ""


def skip_reason(error: Refused) -> str:
    """A word of a closed set for what the server will not show."""
    return _REASONS.get(error.status, "refused") if error.status else error.reason


def _is_html(answer: Response) -> bool:
    kind = answer.headers.get("Content-Type", "").lower()
    return kind.startswith("text/html") or answer.body[:200].lstrip().lower().startswith(_HTML)
