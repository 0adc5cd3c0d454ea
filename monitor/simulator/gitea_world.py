"""Repositories, commits with their diffs, and activity feeds, as a Gitea server keeps them. Pure; all times are the caller's.

What is old is forgotten, so that it can run for days.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from monitor.simulator.clock import iso
from monitor.simulator.corpus import Corpus
from monitor.simulator.model import Person
from monitor.simulator.patches import diff

_KEPT_COMMITS: Final = 5_000  # and the heads of branches
_KEPT_ACTIVITIES: Final = 400  # of one feed
_FEED_COMMITS: Final = 5
_FILES: Final = 12  # of a repository; then edits only
_FILE_BYTES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    parents: tuple[str, ...]
    message: str = field(repr=False)
    author: Person
    at: float
    diff: bytes = field(repr=False)


@dataclass(slots=True)
class Repo:
    """`branches` -> commit id; `files` are those of the default branch."""

    id: int
    name: str
    created: float
    updated: float
    fork: bool = False
    mirror: bool = False
    private: bool = False
    archived: bool = False
    branches: dict[str, str] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict, repr=False)
    files: dict[str, bytes] = field(default_factory=dict, repr=False)


class GiteaWorld:
    """For one event loop."""

    def __init__(self, rng: random.Random, corpus: Corpus, people: Sequence[Person]) -> None:
        self.repos: dict[str, Repo] = {}  # lower-case name -> repository
        self.feeds: dict[str, deque[dict[str, Any]]] = {}  # owner or owner/name, lower case -> newest first
        self._rng = rng
        self._corpus = corpus
        self._people = people
        self._kept: deque[tuple[Repo, str]] = deque()
        self._number = 0

    def repo(self, name: str, at: float, **more: Any) -> Repo:
        """The repository of that name, made (empty) when there is none."""
        known = self.repos.get(name.lower())
        if known is None:
            known = Repo(100 + len(self.repos), name, at, at, **more)
            self.repos[name.lower()] = known
        return known

    def touch(self, name: str, at: float) -> None:
        """Somebody opens an issue: `updated` moves, and the feed has a title in it."""
        repo = self.repo(name, at)
        repo.updated = at
        content = f"{self._rng.randrange(1, 99)}|{self._corpus.message(self._rng)}"
        self._act(repo, at, "create_issue", "", content)

    def push(
        self, name: str, at: float, *, plants: Sequence[bytes] = (b"",), branch: str = "main", actor: str = ""
    ) -> list[tuple[str, str]]:
        """One commit for each of `plants`, which stands in it; (commit, path) of each."""
        repo = self.repo(name, at)
        old = repo.branches.get(branch, "")
        tip = old or repo.branches.get("main", "")
        made = []
        for number, plant in enumerate(plants):
            sha, path = self._commit(repo, tip, at - (len(plants) - number) * 0.01, plant)
            made.append((sha, path))
            tip = sha
        repo.branches[branch] = tip
        repo.updated = at
        newest = [repo.commits[sha] for sha, _ in reversed(made)]
        content = {
            "Commits": [_pushed(commit) for commit in newest[:_FEED_COMMITS]],
            "HeadCommit": _pushed(newest[0]),
            "CompareURL": f"{repo.name}/compare/{old}...{tip}" if old else "",
            "Len": len(newest),
        }
        # JSON text inside a string, as the server stores it
        self._act(repo, at, "commit_repo", f"refs/heads/{branch}", json.dumps(content), actor=actor)
        return made

    def merge(self, name: str, at: float, other: str) -> str:
        """A merge of the branch `other` into main; its id. The merge's own diff is what it brought in."""
        repo = self.repos[name.lower()]
        parents = (repo.branches["main"], repo.branches[other])
        sha = self._store(repo, parents, f"Merge {other}", at, repo.commits[parents[1]].diff)
        repo.branches["main"] = sha
        repo.updated = at
        return sha

    def _commit(self, repo: Repo, parent: str, at: float, plant: bytes) -> tuple[str, str]:
        corpus = self._corpus
        self._number += 1
        if len(repo.files) >= _FILES:
            path = self._rng.choice(list(repo.files))
            old = repo.files[path][-_FILE_BYTES:]
            new = corpus.edit(self._rng, path, old, plant=plant)
        else:
            file = corpus.file(self._rng, plant=plant, serial=self._number)
            path, old, new = file.path, repo.files.get(file.path, b""), file.content
        repo.files[path] = new[-_FILE_BYTES:]
        changed = diff(old, new).patch or ""
        kind = "" if old else "new file mode 100644\n"
        before = f"a/{path}" if old else "/dev/null"
        whole = (
            f"diff --git a/{path} b/{path}\n{kind}index 1111111..2222222 100644\n--- {before}\n+++ b/{path}\n"
        )
        message = corpus.message(self._rng)
        parents = (parent,) if parent else ()
        return self._store(repo, parents, message, at, (whole + changed + "\n").encode()), path

    def _store(self, repo: Repo, parents: tuple[str, ...], message: str, at: float, text: bytes) -> str:
        seed = f"{parents} {message} {at} {self._rng.random()}"
        sha = hashlib.sha1(seed.encode(), usedforsecurity=False).hexdigest()
        author = self._rng.choice(self._people)
        repo.commits[sha] = Commit(sha, parents, message, author, at, text)
        self._kept.append((repo, sha))
        if len(self._kept) > _KEPT_COMMITS:
            old, gone = self._kept.popleft()
            if gone not in old.branches.values():
                del old.commits[gone]
        return sha

    def _act(self, repo: Repo, at: float, kind: str, ref: str, content: str, *, actor: str = "") -> None:
        owner = repo.name.partition("/")[0]
        for key in (repo.name.lower(), owner.lower()):
            self._number += 1
            feed = self.feeds.setdefault(key, deque(maxlen=_KEPT_ACTIVITIES))
            entry = {
                "id": self._number,
                "user_id": 1,
                "op_type": kind,
                "act_user_id": 2,
                "act_user": {"id": 2, "login": actor or owner},
                "repo_id": repo.id,
                "repo": {"id": repo.id, "full_name": repo.name, "private": repo.private},
                "comment_id": 0,
                "ref_name": ref,
                "is_private": repo.private,
                "content": content,
                "created": iso(at),
            }
            feed.appendleft(entry)


def _pushed(commit: Commit) -> dict[str, str]:
    return {
        "Sha1": commit.sha,
        "Message": commit.message + "\n",
        "AuthorEmail": commit.author.email,
        "AuthorName": commit.author.name,
        "CommitterEmail": commit.author.email,
        "CommitterName": commit.author.name,
        "Timestamp": iso(commit.at),
    }


def reached(repo: Repo, head: str) -> list[Commit]:
    found: dict[str, Commit] = {}
    todo = [head]
    while todo:
        sha = todo.pop()
        if sha not in found and sha in repo.commits:
            found[sha] = repo.commits[sha]
            todo += repo.commits[sha].parents
    return list(found.values())
