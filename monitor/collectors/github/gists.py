"""One gist read whole: its description and files, and what its former revisions held since it was seen last.

The API shows 1 MB of a file (the rest lies at its `raw_url`), 10 MB by that address and 300 files; what is beyond is only in the gist's
git repository, which the source `git` is asked to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from yarl import URL

from monitor.collectors.base import SourceContext
from monitor.collectors.github.api import GitHub, commit_id, encode
from monitor.collectors.github.push import skip_reason
from monitor.collectors.shapes import instant, integer, items, obj, text
from monitor.collectors.upstream import Refused, Unavailable
from monitor.contracts import Document, Provenance, Request
from monitor.identity import blob_sha

ID: Final = re.compile(r"[0-9a-f]{4,64}")
_CLONE_ONLY: Final = 10 * 1000 * 1000  # bytes: no address gives a larger file
_TOO_LARGE: Final = "too_large"


@dataclass(frozen=True, slots=True)
class State:
    """A gist as the list names it, and the time from which on its revisions are news (None = only what it is now)."""

    id: str
    updated: str
    updated_at: float
    news_since: float | None = None
    last_try: bool = False  # what does not come now is left out


@dataclass(slots=True)
class Read:
    """What came of a gist. `requests` ask git for what the API does not show."""

    documents: list[Document] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Revision:
    version: str
    at: float


class GistReader:
    """For one source. At most `revisions` former ones are read of one update, the youngest."""

    def __init__(self, github: GitHub, revisions: int) -> None:
        self._github = github
        self._revisions = revisions
        self.forge = f"gist.{github.forge}"

    async def read(self, context: SourceContext, state: State) -> Read:
        """Raises Limited, Unavailable, Refused, Stopping. What is left out is counted."""
        body = await self._github.gist(context, state.id)
        found, contents = Read(), set[tuple[str, str]]()
        history = items(body.get("history"))
        head = commit_id(text(history[0], "version")) if history else ""
        await self._state(context, state, _Revision(head, state.updated_at), body, found, contents)
        news = self._news(history, state, head)
        if len(news) > self._revisions:
            context.dropped("revision_over_limit", len(news) - self._revisions)
        for revision in news[: self._revisions]:
            try:
                former = await self._github.gist(context, state.id, revision.version)
            except (Refused, Unavailable) as error:
                if isinstance(error, Unavailable) and not state.last_try:
                    raise
                context.dropped("revision_failed")
                continue
            await self._state(context, state, revision, former, found, contents)
        return found

    def _news(self, history: list[Any], state: State, head: str) -> list[_Revision]:
        """What it was since it was looked at last, the youngest first."""
        if state.news_since is None:
            return []
        found = []
        for entry in history[1:]:
            version, at = commit_id(text(entry, "version")), instant(entry, "committed_at")
            if version and version != head and at is not None and at >= state.news_since:
                found.append(_Revision(version, at))
        return found

    async def _state(
        self,
        context: SourceContext,
        state: State,
        revision: _Revision,
        body: dict[str, Any],
        found: Read,
        contents: set[tuple[str, str]],
    ) -> None:
        """Add what this revision holds and no younger one did."""
        # the description is the gist's, not the revision's
        texts = [("", encode(text(body, "description")))] if not contents else []
        beyond = body.get("truncated") is True
        if beyond:
            context.dropped("files_over_limit")
        for name, entry in obj(body, "files").items():
            if (integer(obj(entry), "size") or 0) > _CLONE_ONLY:
                context.dropped("file_over_limit")
                beyond = True
                continue
            content = await self._content(context, state, obj(entry))
            if content is not None:
                texts.append((text(entry, "filename") or name, content))
        if beyond and not found.requests:
            found.requests += self._sweep(context, state, body)
        for name, content in texts:
            if not content:
                continue
            sha = blob_sha(content)
            if (name, sha) not in contents:
                contents.add((name, sha))
                found.documents.append(self._document(context, state, revision, body, (name, content, sha)))
        contents.add(("", ""))

    async def _content(self, context: SourceContext, state: State, entry: dict[str, Any]) -> bytes | None:
        """A file's content; None when it is left out, which is counted."""
        whole, size = entry.get("content"), integer(entry, "size") or 0
        if isinstance(whole, str) and entry.get("truncated") is not True:
            return encode(whole)
        if size > self._github.max_blob_bytes:
            context.dropped("file_over_limit")
            return None
        try:
            return await self._github.raw(context, text(entry, "raw_url"))
        except (Refused, Unavailable) as error:
            # a small file that came as an endless one is the server's trouble, too
            passing = isinstance(error, Unavailable) or (error.reason == _TOO_LARGE and size > 0)
            if passing and not state.last_try:
                raise Unavailable(error.reason) from None
            context.dropped(skip_reason(error) if isinstance(error, Refused) else "unavailable")
            return None

    def _sweep(self, context: SourceContext, state: State, body: dict[str, Any]) -> Iterator[Request]:
        """Ask git for the whole of it, if its address is one of GitHub's."""
        try:
            url = URL(text(body, "git_pull_url"))
            named = url.scheme == "https" and url.explicit_port is None and url.user is None
        except ValueError:
            named = False
        if named and url.host in (self.forge, self._github.forge) and url.path.endswith(f"/{state.id}.git"):
            yield Request(
                kind="sweep",
                source="git",
                target=str(url),
                requested_at=context.now(),
                reason="over_api_limit",
            )
        else:
            context.dropped("bad_url")

    def _document(
        self,
        context: SourceContext,
        state: State,
        revision: _Revision,
        body: dict[str, Any],
        part: tuple[str, bytes, str],
    ) -> Document:
        name, content, sha = part
        owner = text(body, "owner", "login")
        now = revision.at == state.updated_at
        return Document(
            source=context.name,
            id=f"{state.id}@{state.updated if now else revision.version}:{name}",
            content=content,
            fetched_at=context.now(),
            published_at=revision.at,
            blob_sha=sha,
            provenance=Provenance(
                forge=self.forge,
                repository=f"{owner or 'anonymous'}/{state.id}",
                owner=owner,
                url=f"https://{self.forge}/{state.id}" + ("" if now else f"/{revision.version}"),
                commit=revision.version,
                path=name,
                title=text(body, "description"),
                author=owner,
            ),
        )
