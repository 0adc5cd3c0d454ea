"""A GitLab commit as text: its message, and the files of its difference.

The difference comes in pages. A file over GitLab's limits comes with an empty `diff`; newer versions mark it `too_large` or
`collapsed`, older ones do not: it is then fetched whole, as far as the budget of its commit goes. What is not read is counted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from monitor.collectors.base import SourceContext
from monitor.collectors.gitlab.api import FILES_PER_PAGE, OFFSET_LIMIT, GitLab, commit_id
from monitor.collectors.shapes import instant, items, text
from monitor.collectors.upstream import Refused
from monitor.collectors.worth import no_text
from monitor.contracts import Document, Provenance
from monitor.identity import blob_sha

_PAGES: Final = 3_000 // FILES_PER_PAGE  # GitLab itself shows no more
_SUBMODULE: Final = "160000"
_BINARY: Final = ("Binary files ", "GIT binary patch")
_REASONS: Final = {403: "forbidden", 404: "gone", 409: "conflict", 451: "legal"}


@dataclass(frozen=True, slots=True)
class Commit:
    """As a list of commits has it. `email` is what anybody may claim."""

    sha: str
    parents: tuple[str, ...] = ()
    message: str = field(default="", repr=False)
    author: str = ""
    email: str = field(default="", repr=False)
    committed_at: float | None = None

    @property
    def is_merge(self) -> bool:
        """Its difference to the first parent is everything that was merged."""
        return len(self.parents) > 1


@dataclass(frozen=True, slots=True)
class Place:
    """The project that a commit was seen in, and when it came there as far as is known (epoch seconds)."""

    project: int
    path: str
    published_at: float | None = None


def parse(raw: object) -> Commit | None:
    """None when it is no commit."""
    sha = commit_id(text(raw, "id"))
    if not sha:
        return None
    parents = items(raw.get("parent_ids")) if isinstance(raw, dict) else []
    when = instant(raw, "committed_date")
    return Commit(
        sha,
        tuple(parent for parent in map(commit_id, parents) if parent),
        text(raw, "message") or text(raw, "title"),
        text(raw, "author_name"),
        text(raw, "author_email"),
        instant(raw, "created_at") if when is None else when,
    )


def skip_reason(error: Refused) -> str:
    """A word of a closed set for what GitLab will not show."""
    return _REASONS.get(error.status, "refused") if error.status else error.reason


class CommitReader:
    """For one source. Safe for concurrent calls."""

    def __init__(self, gitlab: GitLab, source: str, *, max_files: int) -> None:
        self._gitlab = gitlab
        self._source = source
        self._max_files = max_files

    def message(self, place: Place, commit: Commit, now: float) -> Iterator[Document]:
        """The message as a document, if there is one."""
        content = commit.message.encode("utf-8", "replace")
        if content.strip():
            yield self._document(place, commit, "", content, "text/plain", now)

    async def difference(
        self, context: SourceContext, place: Place, commit: Commit
    ) -> AsyncIterator[list[Document]]:
        """Its files, a page at a time. Raises Limited, Unavailable, Refused (see `skip_reason`), Stopping: then it is read again."""
        done: set[str] = set()
        bare: list[tuple[bool, str]] = []  # (generated, path)
        for page in range(1, _PAGES + 1):
            try:
                raw, more = await self._gitlab.diff(context, place.project, commit.sha, page)
            except Refused as error:
                if page == 1 or error.status != OFFSET_LIMIT:
                    raise
                context.dropped("files_over_limit")
                break
            found: list[Document] = []
            for entry in raw:
                path = text(entry, "new_path") or text(entry, "old_path")
                if path and path in done:
                    continue  # pages may repeat a file
                done.add(path)
                verdict = judge(entry)
                if verdict == "text":
                    content = text(entry, "diff").encode("utf-8", "replace")
                    found.append(self._document(place, commit, path, content, "text/x-diff", context.now()))
                elif verdict == "bare":
                    bare.append((entry.get("generated_file") is True, path))
                else:
                    context.dropped(verdict)
            yield found
            if not more:
                break
        else:
            context.dropped("files_over_limit")
        async for document in self._whole(context, place, commit, bare):
            yield [document]

    async def _whole(
        self, context: SourceContext, place: Place, commit: Commit, bare: Sequence[tuple[bool, str]]
    ) -> AsyncIterator[Document]:
        """The files that came without their text, what a person wrote before what a program made."""
        order = [path for _, path in sorted(bare)]
        if len(order) > self._max_files:
            context.dropped("file_over_limit", len(order) - self._max_files)
        for path in order[: self._max_files]:
            try:
                content = await self._gitlab.file(context, place.project, path, commit.sha)
            except Refused as error:
                if not error.status and error.reason not in ("too_large", "bad_path"):
                    raise
                context.dropped(skip_reason(error))
                continue
            if content:
                yield self._document(place, commit, path, content, "", context.now())

    def _document(
        self, place: Place, commit: Commit, path: str, content: bytes, media_type: str, now: float
    ) -> Document:
        forge = self._gitlab.forge
        where = (
            f"blob/{commit.sha}/{quote(path.encode('utf-8', 'replace'))}" if path else f"commit/{commit.sha}"
        )
        return Document(
            source=self._source,
            id=f"{place.path}@{commit.sha}:{path}" if path else f"{place.path}@{commit.sha}#message",
            content=content,
            fetched_at=now,
            published_at=place.published_at,
            blob_sha=blob_sha(content),
            media_type=media_type,
            provenance=Provenance(
                forge=forge,
                repository=place.path,
                owner=place.path.partition("/")[0],
                url=f"https://{forge}/{place.path}/-/{where}",
                commit=commit.sha,
                path=path,
                author=commit.author,
                author_email=commit.email,
            ),
        )


def judge(entry: Any) -> str:
    """`text` where an entry of a difference has its text, `bare` where the file must be fetched for it, else why there is none."""
    if not isinstance(entry, dict) or not (text(entry, "new_path") or text(entry, "old_path")):
        return "bad_shape"
    diff = text(entry, "diff")
    if diff:
        return "binary" if diff.lstrip().startswith(_BINARY) else "text"
    told = ("too_large", "collapsed", "new_file")
    modes = text(entry, "a_mode"), text(entry, "b_mode")
    verdicts = (
        (modes[1] == _SUBMODULE, "submodule"),
        (entry.get("deleted_file") is True, "deleted"),  # its lines stood in public before
        (any(entry.get(name) is True for name in told), "bare"),
        (entry.get("renamed_file") is True, "moved"),
        (all(modes) and modes[0] != modes[1], "mode"),
    )
    verdict = next((word for applies, word in verdicts if applies), "bare")
    return no_text(text(entry, "new_path")) or verdict if verdict == "bare" else verdict
