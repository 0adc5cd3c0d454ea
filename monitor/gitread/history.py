"""Which commit first put which blob at which path, oldest first: `rev-list`, `diff-tree` and `cat-file`, nothing else.

A merge shows what differs from all of its parents (what it brought in by itself, an "evil merge"); the rest its parents showed
before. So every blob of the history is seen at the commit that introduced it. Tag objects give their message, tags and refs of
blobs and trees their content.

A commit that git cannot list path by path (a tree bomb, a broken tree) is listed object by object instead: each blob once, with
one of its paths.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from monitor.gitread.errors import GitError
from monitor.gitread.process import Git, Process

MESSAGE_BYTES: Final = 8 * 1024**2
_STEP_CHANGES: Final = 1000
_TAG_DEPTH: Final = 16
_BROKEN: Final = frozenset({"corrupt", "too_large", "timeout"})
_DIFF_TREE: Final = (
    *("diff-tree", "--stdin", "--always", "-r", "-z", "--root", "-c", "--raw"),
    *("--no-renames", "--no-ext-diff", "--no-textconv", "--no-abbrev"),
)
_LINK: Final = b"160000"  # a submodule: its commit is not an object of this repository
_PERSON: Final = re.compile(rb"^(?:author|tagger) ([^<\n]*?) ?<([^>\n]*)>", re.MULTILINE)
_TIME: Final = re.compile(rb"^(?:committer|tagger) [^\n]*> (\d{1,12}) ", re.MULTILINE)
_PARENT: Final = re.compile(rb"^parent ([0-9a-f]{40,64})$", re.MULTILINE)
_OBJECT: Final = re.compile(rb"^object ([0-9a-f]{40,64})$", re.MULTILINE)

Skip = Callable[
    [str], None
]  # told the reason of everything that is left out: missing_object, tree_by_object …


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit or a tag object. `time` is the committer's (epoch seconds), None when it is not a number."""

    id: str
    author: str
    author_email: str = field(repr=False)
    time: float | None
    message: bytes = field(repr=False)
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """`blob` stands at `path` (as git has it: any bytes but NUL) since a commit."""

    blob: str
    path: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """A commit and at most 1,000 of its changes. `first` = the commit's message was not given by a step before.

    `commit` is None for a blob or tree that a ref names directly.
    """

    commit: Commit | None
    changes: tuple[Change, ...]
    first: bool = True


def history(git: Git, tips: Iterable[str], known: Iterable[str], skip: Skip) -> Generator[Step, None, None]:
    """Everything that `tips` reach and `known` (tips of an earlier time) did not. Blocking; raises GitError.

    Holds no more than one step and one commit's list of 41 bytes each on disk. Close the generator to end its processes.
    """
    before = frozenset(known)
    commits: list[str] = []
    for tip in _kinds(git, [tip for tip in tips if tip not in before], skip):
        yield from _tip(git, *tip, commits, skip)
    if not commits:
        return
    excluded = [name for name, kind in _kinds(git, sorted(before), _ignore) if kind in {"commit", "tag"}]
    with tempfile.NamedTemporaryFile() as order:
        _list_commits(git, commits, excluded, order)
        yield from _walk(git, Path(order.name), len(commits[0]) + 1, skip)


def _ignore(_reason: str) -> None:
    """A tip of an earlier time that is gone needs no word: its objects were read then."""


def _kinds(git: Git, names: list[str], skip: Skip) -> Iterator[tuple[str, str]]:
    if not names:
        return
    answer = git.run("cat-file", "--batch-check", stdin="".join(f"{name}\n" for name in names).encode())
    for name, line in zip(names, answer.split(b"\n"), strict=False):
        kind = line.split(b" ")[1].decode()
        if kind == "missing":
            skip("missing_object")
        else:
            yield name, kind


def _tip(git: Git, name: str, kind: str, commits: list[str], skip: Skip) -> Iterator[Step]:
    for _ in range(_TAG_DEPTH):
        if kind == "commit":
            commits.append(name)
            return
        if kind != "tag":
            yield from _by_object(git, None, [name], skip)
            return
        body = git.run("cat-file", "tag", name)
        yield Step(_commit(name, body[:MESSAGE_BYTES]), ())
        target = _OBJECT.search(body)
        following = list(_kinds(git, [target[1].decode()], skip)) if target else []
        if not following:
            return
        name, kind = following[0]
    skip("tag_too_deep")


def _list_commits(git: Git, commits: list[str], excluded: list[str], order: IO[bytes]) -> None:
    revisions = "".join([*(f"{c}\n" for c in commits), *(f"^{c}\n" for c in excluded)]).encode()
    with tempfile.TemporaryFile() as stdin:
        stdin.write(revisions)
        stdin.seek(0)
        with git.start("rev-list", "--topo-order", "--reverse", "--stdin", stdin=stdin) as process:
            most = git.quota.commits * (len(commits[0]) + 1)
            while data := process.chunk():
                order.write(data)
                if order.tell() > most:
                    raise GitError("too_large", f"more than {git.quota.commits} commits")
            process.check()
    order.flush()


def _walk(git: Git, order: Path, width: int, skip: Skip) -> Iterator[Step]:
    total = order.stat().st_size // width
    position = 0  # of the commit that diff-tree names next
    with _reading(git, order, 0, "cat-file", "--batch") as contents:
        while position < total:
            commit: Commit | None = None
            first = True
            with _reading(git, order, position * width, *_DIFF_TREE) as listing:
                try:
                    for name, changes in _differences(listing):
                        if name:
                            commit, first = _next_commit(contents, skip), True
                            position += 1
                        yield Step(commit, changes, first)
                        first = False
                    listing.check()
                except GitError as error:
                    if error.reason not in _BROKEN:
                        raise
                else:
                    return
            if commit is None:  # it ended at the first one; else the list of the last one may be cut
                commit = _next_commit(contents, skip)
                position += 1
            skip("tree_by_object")
            revisions = [commit.id, *(f"^{parent}" for parent in commit.parents)]
            yield from _by_object(git, commit, revisions, skip, first=first)


def _reading(git: Git, order: Path, offset: int, *arguments: str) -> Process:
    with order.open("rb", buffering=0) as stdin:
        stdin.seek(offset)
        return git.start(*arguments, stdin=stdin)


def _differences(listing: Process) -> Iterator[tuple[bytes, tuple[Change, ...]]]:
    """(commit id, or b"" for more of the same commit; up to 1,000 changes).

    A commit is `<id> NUL`; a change `:…modes… …ids… status NUL path NUL` with one colon a parent.
    """
    name, named = b"", False
    changes: list[Change] = []
    record = rest = b""
    while data := listing.chunk():
        *tokens, rest = (rest + data).split(b"\0")
        for token in tokens:
            if record:
                parents = record.count(b":", 0, record.find(b" "))
                words = record.split(b" ")
                mode, blob = words[parents], words[2 * parents + 1]
                if mode != _LINK and blob.strip(b"0"):
                    changes.append(Change(blob.decode(), token))
                record = b""
            elif token[:1] == b":":
                record = token
                if len(changes) >= _STEP_CHANGES:
                    yield name, tuple(changes)
                    name, changes = b"", []
            else:
                if named:
                    yield name, tuple(changes)
                name, named, changes = token, True, []
    if named:
        yield name, tuple(changes)


def _next_commit(contents: Process, skip: Skip) -> Commit:
    name, kind, *size = contents.line().split(b" ")
    if kind != b"commit":
        raise GitError("corrupt", "a commit vanished")
    length = int(size[0])
    body = contents.exactly(min(length, MESSAGE_BYTES))
    for _ in range(length - len(body), 0, -MESSAGE_BYTES):
        skip("message_cut")
        contents.exactly(min(MESSAGE_BYTES, length - len(body)))
    contents.exactly(1)
    return _commit(name.decode(), body)


def _commit(name: str, body: bytes) -> Commit:
    head, _, message = body.partition(b"\n\n")
    person, time = _PERSON.search(head), _TIME.search(head)
    return Commit(
        id=name,
        author=person[1].decode("utf-8", "replace") if person else "",
        author_email=person[2].decode("utf-8", "replace") if person else "",
        time=float(time[1]) if time else None,
        message=message,
        parents=tuple(p.decode() for p in _PARENT.findall(head)),
    )


def _by_object(
    git: Git, commit: Commit | None, revisions: list[str], skip: Skip, *, first: bool = True
) -> Iterator[Step]:
    options = ("--objects", "--filter=object:type=blob", "--filter-provided-objects", "--missing=allow-any")
    changes: list[Change] = []
    with git.start("rev-list", *options, *revisions, "--") as process:
        try:
            while line := process.line():
                blob, _, path = line.partition(b" ")
                changes.append(Change(blob.decode(), path))
                if len(changes) >= _STEP_CHANGES:
                    yield Step(commit, tuple(changes), first)
                    changes, first = [], False
            process.check()
        except GitError as error:
            skip(f"unreadable_tree_{error.reason}")
    yield Step(commit, tuple(changes), first)
