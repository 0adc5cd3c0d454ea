"""GitLab's personal public snippets: what the list says of one, and its files as documents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from monitor.collectors.base import SourceContext
from monitor.collectors.gitlab.api import GitLab
from monitor.collectors.gitlab.commits import skip_reason
from monitor.collectors.shapes import instant, integer, items, text
from monitor.collectors.upstream import Refused
from monitor.contracts import Document, Provenance
from monitor.identity import blob_sha

_FILES: Final = 10  # GitLab allows no more in a snippet


@dataclass(frozen=True, slots=True)
class Snippet:
    """One entry of the list: no content yet. `files` are (ref, path) of a snippet that names them."""

    number: int
    created_at: float
    owner: str = ""
    title: str = field(default="", repr=False)
    description: str = field(default="", repr=False)
    name: str = ""
    files: tuple[tuple[str, str], ...] = ()


def parse(raw: object) -> Snippet | None:
    """None when it is no snippet."""
    number, created = integer(raw, "id"), instant(raw, "created_at")
    if not isinstance(raw, dict) or number is None or number <= 0 or created is None:
        return None
    return Snippet(
        number,
        created,
        text(raw, "author", "username"),
        text(raw, "title"),
        text(raw, "description"),
        text(raw, "file_name"),
        tuple(found for found in map(_file, items(raw.get("files"))) if found is not None),
    )


def _file(entry: object) -> tuple[str, str] | None:
    """(ref, path): the ref stands in the file's own address, before its path."""
    path = text(entry, "path")
    try:
        address = unquote(urlsplit(text(entry, "raw_url")).path)
    except ValueError:
        return None
    before, _, ref = address.removesuffix(f"/{path}").rpartition("/raw/")
    return (ref, path) if path and before and ref else None


class SnippetReader:
    """For one source. Safe for concurrent calls."""

    def __init__(self, gitlab: GitLab, source: str) -> None:
        self._gitlab = gitlab
        self._source = source

    async def read(self, context: SourceContext, snippet: Snippet) -> AsyncIterator[Document]:
        """Its words and its files. Raises Limited, Unavailable, Refused, Stopping: then it is read again."""
        words = "\n\n".join(filter(None, (snippet.title, snippet.description))).encode("utf-8", "replace")
        if words.strip():
            yield self._document(snippet, "#words", "", words, context.now())
        files = snippet.files[:_FILES]
        if len(snippet.files) > _FILES:
            context.dropped("files_over_limit", len(snippet.files) - _FILES)
        # a single file needs no ref, and old snippets have none
        if len(files) <= 1:
            path = files[0][1] if files else snippet.name
            content = await self._gitlab.snippet(context, snippet.number)
            if content:
                yield self._document(snippet, f":{path}", path, content, context.now())
            return
        missing: Refused | None = None
        found = 0
        for ref, path in files:
            try:
                content = await self._gitlab.snippet(context, snippet.number, ref, path)
            except Refused as error:
                if not error.status and error.reason not in ("too_large", "bad_path"):
                    raise
                missing = error
                context.dropped(skip_reason(error))
                continue
            found += 1
            if content:
                yield self._document(snippet, f":{path}", path, content, context.now())
        if missing is not None and not found:
            raise missing

    def _document(self, snippet: Snippet, name: str, path: str, content: bytes, now: float) -> Document:
        forge = self._gitlab.forge
        return Document(
            source=self._source,
            id=f"snippets/{snippet.number}{name}",
            content=content,
            fetched_at=now,
            published_at=snippet.created_at,
            blob_sha=blob_sha(content),
            provenance=Provenance(
                forge=forge,
                repository=f"{snippet.owner or 'unknown'}/snippets/{snippet.number}",
                owner=snippet.owner,
                url=f"https://{forge}/-/snippets/{snippet.number}",
                path=path,
                title=snippet.title,
                author=snippet.owner,
            ),
        )
