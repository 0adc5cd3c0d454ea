"""GitHub: files of repositories, gists and their revisions, and what people wrote (issues, pull requests, comments, releases)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from monitor.collectors.base import SourceContext
from monitor.collectors.github.accounts import make_accounts
from monitor.collectors.github.api import GitHubSettings, commit_id, encode, repository_name
from monitor.collectors.recheck.facts import Facts, Read, object_of
from monitor.collectors.recheck.forges import HIDDEN, OPEN, THERE, RepositoryLook, safe_path
from monitor.collectors.recheck.target import CLEANED, PUBLIC, REMOVED, NoVerdict, Target
from monitor.collectors.shapes import obj, text
from monitor.http import Response
from monitor.identity import blob_sha
from monitor.tools import Tools

_GIST: Final = re.compile(r"[0-9a-f]{4,64}")
_RAW: Final = re.compile(r"/raw/([0-9a-f]{40})/")
_NO_COMMIT: Final = (409, 422)  # an empty repository; no commit of that name
# what stands behind the repository's name in the address of a page -> the API's path, and the fields that a person filled in
_WRITTEN: Final = (
    (re.compile(r"(?:issues|pull)/\d+#issuecomment-(\d+)"), "issues/comments/{}", ("body",)),
    (re.compile(r"pull/\d+(?:/files)?#discussion_r(\d+)"), "pulls/comments/{}", ("body", "diff_hunk")),
    (re.compile(r"commit/[0-9a-f]+#commitcomment-(\d+)"), "comments/{}", ("body",)),
    (re.compile(r"pull/(\d+)#pullrequestreview-(\d+)"), "pulls/{}/reviews/{}", ("body",)),
    (re.compile(r"issues/(\d+)"), "issues/{}", ("title", "body")),
    (re.compile(r"pull/(\d+)"), "pulls/{}", ("title", "body")),
    (re.compile(r"releases/tag/([A-Za-z0-9._-]+)"), "releases/tags/{}", ("name", "body")),
)


class GitHubLook:
    """With the credentials and budgets of the sources that collect there."""

    def __init__(self, settings: GitHubSettings, tools: Tools, facts: Facts) -> None:
        self.forges = (settings.forge, f"gist.{settings.forge}")
        self._accounts = make_accounts(
            settings.base_url, settings.secret(), settings.accounts, tools, settings.concurrency
        )
        self._base = settings.base_url
        self._web = f"https://{settings.forge}/"
        self._limit = settings.max_body_mib * 1024 * 1024
        self._facts = facts
        self._proved = False
        self._files = RepositoryLook(self)

    async def look(self, context: SourceContext, target: Target) -> str:
        """A word of `target`. Raises NoVerdict, Stopping."""
        if target.forge == self.forges[1]:
            return await self._gist(context, target)
        if not repository_name(target.repository):
            raise NoVerdict("no_way")
        if not target.commit:
            written = target.url.removeprefix(f"{self._web}{target.repository}/")
            for pattern, path, fields in _WRITTEN:
                if found := pattern.fullmatch(written):
                    where = f"/repos/{target.repository}/{path.format(*found.groups())}"
                    return await self._words(context, target, where, fields)
        return await self._files.look(context, target)

    async def prove(self, context: SourceContext) -> None:
        """Whether the configured address is this API at all: one that is not says 404 to everything. Raises NoVerdict, Stopping."""
        if not self._proved:
            self._proved = bool(
                await self._ask(context, "/rate_limit", lambda answer: _having(answer, "resources"))
            )
        if not self._proved:
            raise NoVerdict("wrong_api")

    # -- the three questions

    async def repository(self, context: SourceContext, name: str) -> str:
        def read(answer: Response) -> str:
            return HIDDEN if object_of(answer, "private")["private"] else OPEN

        return await self._ask(context, f"/repos/{name}", read)

    async def file(self, context: SourceContext, name: str, path: str, branch: str) -> str:
        query = f"?ref={quote(branch, safe='')}" if branch else ""

        def read(answer: Response) -> str:
            found = answer.json()
            return (
                THERE if isinstance(found, list) else text(object_of(answer, "sha"), "sha")
            )  # a folder by now

        where = f"/repos/{name}/contents/{quote(safe_path(path))}{query}"
        return await self._ask(context, where, read)

    async def commit(self, context: SourceContext, name: str, sha: str) -> str:
        if not commit_id(sha):
            raise NoVerdict("no_way")
        return await self._ask(
            context,
            f"/repos/{name}/git/commits/{sha}",
            lambda answer: _having(answer, "sha"),
            gone=_NO_COMMIT,
        )

    # -- the others

    async def _words(
        self, context: SourceContext, target: Target, where: str, fields: tuple[str, ...]
    ) -> str:
        """What was edited is not gone: everybody can read the former words of it."""

        def read(answer: Response) -> str:
            body = object_of(answer, fields[-1])
            return blob_sha(encode("\n\n".join(filter(None, (text(body, name) for name in fields)))))

        found = await self._ask(context, where, read)
        if not found:
            return REMOVED
        return PUBLIC if found == target.blob else CLEANED

    async def _gist(self, context: SourceContext, target: Target) -> str:
        gist = target.repository.rpartition("/")[2]
        if not _GIST.fullmatch(gist):
            raise NoVerdict("no_way")

        def read(answer: Response) -> str:
            file = obj(object_of(answer, "files"), "files").get(target.path)
            if not isinstance(file, dict):
                return "without"
            raw = _RAW.search(text(file, "raw_url"))
            if file.get("truncated"):
                return raw[1] if raw else "unknown"
            return blob_sha(encode(text(file, "content")))

        head = await self._ask(context, f"/gists/{gist}", read, part=target.path)
        if not head:
            return REMOVED
        if head == target.blob or (not target.blob and head != "without"):
            return PUBLIC
        if not commit_id(target.commit):
            return CLEANED
        shown = await self._ask(
            context, f"/gists/{gist}/{target.commit}", lambda answer: _having(answer, "id"), gone=_NO_COMMIT
        )
        return CLEANED if shown else REMOVED

    async def _ask(
        self, context: SourceContext, path: str, read: Read, *, part: str = "", gone: tuple[int, ...] = ()
    ) -> str:
        upstream = self._accounts.best(context.now())
        return await self._facts.ask(
            context, upstream, self._base + path, read, max_bytes=self._limit, part=part, gone=gone
        )


def _having(answer: Response, what: str) -> str:
    object_of(answer, what)
    return THERE
