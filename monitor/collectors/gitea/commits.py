"""Commits of a Gitea or Forgejo repository: which of those listed are new, and the text of each.

The API has no files of a commit with their content, only its diff as git writes it: it is cut into the files' hunks here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote

import orjson

from monitor.collectors.gitea.api import commit_id
from monitor.collectors.github.api import encode
from monitor.collectors.shapes import instant, items, obj, text
from monitor.contracts import Document, Provenance
from monitor.identity import blob_sha

_FILE: Final = re.compile(rb"^diff --(?:git|cc|combined) ", re.MULTILINE)
_HUNK: Final = re.compile(rb"^@@", re.MULTILINE)
_INDEX: Final = re.compile(rb"^index [0-9a-f]+\.\.([0-9a-f]{40}(?:[0-9a-f]{24})?)(?: |$)", re.MULTILINE)
_PATH: Final = re.compile(rb'^(?:\+\+\+ |rename to |copy to )("?)(.+?)"?\t?\r?$', re.MULTILINE)
_OLD: Final = re.compile(rb'^--- ("?)(.+?)"?\t?\r?$', re.MULTILINE)
_ESCAPE: Final = re.compile(rb"\\([0-7]{3}|.)", re.DOTALL)
_LETTERS: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


@dataclass(frozen=True, slots=True)
class Commit:
    """As a list or a feed names it. `parents` is None where it does not say."""

    sha: str
    message: str = field(default="", repr=False)
    author: str = ""
    email: str = field(default="", repr=False)
    at: float | None = None
    parents: tuple[str, ...] | None = None

    @property
    def is_merge(self) -> bool:
        """Its difference to its first parent is everything that was merged, which is listed commit by commit as well."""
        return self.parents is not None and len(self.parents) > 1


def parse(raw: object) -> Commit | None:
    """An entry of `/repos/{owner}/{repo}/commits`; None when it names no commit."""
    sha = commit_id(obj(raw).get("sha"))
    if not sha:
        return None
    person = obj(raw, "commit", "author")
    parents = obj(raw).get("parents")
    known = tuple(p for p in (commit_id(obj(e).get("sha")) for e in items(parents)) if p)
    return Commit(
        sha,
        text(raw, "commit", "message"),
        text(raw, "author", "login") or text(person, "name"),
        text(person, "email"),
        instant(raw, "commit", "committer", "date"),
        known if isinstance(parents, list) else None,
    )


def parse_pushed(raw: object) -> Commit | None:
    """An entry of `Commits` in a feed's `content` (capitalised keys); None when it names no commit."""
    sha = commit_id(obj(raw).get("Sha1"))
    if not sha:
        return None
    who = text(raw, "AuthorName") or text(raw, "CommitterName")
    return Commit(sha, text(raw, "Message"), who, text(raw, "AuthorEmail"), instant(raw, "Timestamp"))


def since(listed: Sequence[Commit], known: AbstractSet[str]) -> list[Commit]:
    """Those of `listed` (newest first) that no commit of `known` reaches.

    A merge brings in commits that are older than the known head and stand below it, so where the head stands says nothing: what
    is known is followed along the parents, as far as they are listed.
    """
    old = set(known)
    # a parent may stand above its child where clocks were wrong: once more for what that changes
    for _ in range(2):
        for commit in listed:
            if commit.sha in old:
                old.update(commit.parents or ())
    return [commit for commit in listed if commit.sha not in old]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file's hunks. `blob` is "" where the server shortened its id."""

    path: str
    hunks: bytes = field(repr=False)
    blob: str = ""


def split(diff: bytes, skipped: Counter[str]) -> Iterator[FileDiff]:
    """The files of a diff that have new text; the others are counted in `skipped`.

    What stands before the first file (of a first commit: its author and message) is no part of any. A line of a file never
    begins at the left edge, so none can pass for the beginning of the next one.
    """
    begins = [match.start() for match in _FILE.finditer(diff)]
    for begin, end in pairwise([*begins, len(diff)]):
        part = diff[begin:end]
        hunk = _HUNK.search(part)
        head = part[: hunk.start()] if hunk else part
        if hunk is None:
            skipped[_without_hunks(head)] += 1
            continue
        path = _path(head)
        if not path:
            skipped["bad_shape"] += 1
            continue
        blob = _INDEX.search(head)
        name = blob[1].decode() if blob and blob[1].strip(b"0") else ""
        yield FileDiff(path, part[hunk.start() :], name)


def _without_hunks(head: bytes) -> str:
    if b"\nBinary files " in head or b"\nGIT binary patch" in head:
        return "binary"
    return "moved" if b"\nrename to " in head or b"\ncopy to " in head else "empty_file"


def _path(head: bytes) -> str:
    new, old = _PATH.search(head), _OLD.search(head)
    found = new if new and new[2] != b"/dev/null" else old
    if found is None:
        return ""
    raw = _ESCAPE.sub(_unescape, found[2]) if found[1] else found[2]
    if found[0].startswith((b"+++", b"---")) and raw.startswith((b"a/", b"b/")):
        raw = raw[2:]
    return raw.decode("utf-8", "backslashreplace")


def _unescape(match: re.Match[bytes]) -> bytes:
    letter = match[1]
    return bytes([int(letter, 8) & 0xFF]) if len(letter) == 3 else _LETTERS.get(letter, letter)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text of a repository stands and when it became public."""

    source: str
    forge: str
    repository: str
    ref: str = ""
    actor: str = ""
    published_at: float | None = None

    def documents(self, commit: Commit, files: Iterable[FileDiff], now: float) -> list[Document]:
        """The commit's message and what it changed."""
        message = encode(commit.message)
        found = [self._changed(commit, file, now) for file in files]
        if message.strip():
            found.insert(0, self.document(f"{commit.sha}#message", message, now, commit=commit))
        return found

    def document(
        self,
        name: str,
        content: bytes,
        now: float,
        *,
        commit: Commit | None = None,
        path: str = "",
        blob: str = "",
        media_type: str = "text/plain",
        title: str = "",
    ) -> Document:
        """A text whose `name` is unique within the repository."""
        base = f"https://{self.forge}/{self.repository}"
        url = base
        if commit is not None:
            url = f"{base}/src/commit/{commit.sha}/{quote(path)}" if path else f"{base}/commit/{commit.sha}"
        return Document(
            source=self.source,
            id=f"{self.repository}@{name}",
            content=content,
            fetched_at=now,
            published_at=self.published_at,
            blob_sha=blob or (blob_sha(content) if not path else ""),
            media_type=media_type,
            provenance=Provenance(
                forge=self.forge,
                repository=self.repository,
                owner=self.repository.partition("/")[0],
                url=url,
                commit=commit.sha if commit else "",
                ref=self.ref,
                path=path,
                title=title,
                author=(commit.author if commit else "") or self.actor,
                author_email=commit.email if commit else "",
            ),
        )

    def _changed(self, commit: Commit, file: FileDiff, now: float) -> Document:
        return self.document(
            f"{commit.sha}:{file.path}",
            file.hunks,
            now,
            commit=commit,
            path=file.path,
            blob=file.blob,
            media_type="text/x-diff",
        )


def pushed(content: Any) -> dict[str, Any]:
    """What a feed's `content` says of a push: JSON inside a string. {} where it is something else (an issue's title)."""
    try:
        return obj(orjson.loads(content)) if isinstance(content, str) else {}
    except ValueError:
        return {}
