"""The state of the small internet: repositories with real trees and blobs, the event feed, gists, pastes, and the truth.

Pure and synchronous; all times come from the caller. What is old is forgotten, so that it can run for days.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from monitor.identity import blob_sha
from monitor.simulator.corpus import Corpus
from monitor.simulator.feed import Feed
from monitor.simulator.model import (
    NO_COMMIT,
    Commit,
    Event,
    Gist,
    Paste,
    Person,
    Planted,
    Planting,
    Repository,
)

# Observed in 2026 (sources.md 1.3): each type counts by itself. All others share a start, so that equal ids in two types are common.
_ID_STARTS: Final = {"PushEvent": 12_660_541_189}
_ID_START: Final = 10_136_123_952
_KEPT_REPOSITORIES: Final = 1_000  # the least recently pushed to go
_KEPT_BRANCHES: Final = 6  # of one repository
_KEPT_GISTS: Final = 3_000
_KEPT_REVISIONS: Final = 30
_KEPT_PASTES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Change:
    """One commit to be made: path -> new content, None = removed."""

    files: Mapping[str, bytes | None] = field(repr=False)
    message: str = "update"
    author: Person | None = None


@dataclass(slots=True)
class _Push:
    repository: Repository
    commits: list[str]
    blobs: list[tuple[Repository, str]]  # where, sha


class World:
    """For one task or thread."""

    def __init__(
        self,
        seed: int = 0,
        *,
        people: int = 60,
        feed_delay: float = 0.0,
        late_ratio: float = 0.0,
        late_by: float = 30.0,
        kept_pushes: int = 20_000,
    ) -> None:
        """Events show up `feed_delay` seconds after they happened, `late_ratio` of them up to `late_by` seconds later still."""
        self.rng = random.Random(f"world {seed}")
        self.corpus = Corpus(seed)
        self.people = list(self.corpus.people(self.rng, people))
        self.feed = Feed()
        self.repositories: dict[int, Repository] = {}  # least recently pushed to first
        self.blobs: dict[str, bytes] = {}
        self._uses: Counter[str] = Counter()  # blob -> how many remembered changes put it somewhere
        self.gists: dict[str, Gist] = {}  # least recently updated first
        self.pastes: dict[str, Paste] = {}  # oldest first
        self.truth: list[Planting] = []
        self.happened: Counter[int] = Counter()  # minute since 1970 -> events
        self.published = 0  # texts: commits, comments, gists, pastes
        self.listeners: list[Callable[[Event], None]] = []  # are told each event as it happens
        self._made = 0
        self._names: dict[str, int] = {}  # lower-case full name, present and former -> repository id
        self._leaks: dict[bytes, str] = {}
        self._ids: dict[str, int] = {}
        self._history: deque[_Push] = deque()
        self._kept_pushes = kept_pushes
        self._delays = (feed_delay, late_ratio, late_by)
        self._logins = {person.login: person for person in self.people}

    # -- people and repositories

    def person(self, login: str) -> Person:
        """The person of that login, made when there is none."""
        if login not in self._logins:
            number = len(self._logins) + 1
            self._logins[login] = Person(number, login, login, f"{login}@mail.example.net")
        return self._logins[login]

    def repository(self, full_name: str, at: float = 0.0) -> Repository:
        """The repository of that name, made (empty) when there is none."""
        known = self.find(full_name)
        if known is not None:
            return known
        owner, _, name = full_name.partition("/")
        self._made += 1
        made = Repository(999 + self._made, owner, name, at)
        self.repositories[made.id] = made
        if len(self.repositories) > _KEPT_REPOSITORIES:
            self._remove(next(iter(self.repositories)))
        self._names[full_name.lower()] = made.id
        return made

    def find(self, full_name: str) -> Repository | None:
        """By present or former name, whatever its case."""
        return self.repositories.get(self._names.get(full_name.lower(), -1))

    def rename(self, full_name: str, new_name: str) -> None:
        """Requests for the old name are redirected from now on. Raises KeyError."""
        repository = self.repositories[self._names[full_name.lower()]]
        repository.renamed_from.append(repository.full_name)
        repository.owner, _, repository.name = new_name.partition("/")
        self._names[new_name.lower()] = repository.id

    # -- what happens

    def push(
        self,
        repository: Repository,
        changes: Sequence[Change],
        at: float,
        *,
        branch: str = "",
        forced: bool = False,
        actor: Person | None = None,
    ) -> Event:
        """Commit `changes` one after the other. On a branch that does not exist `before` is zeros; `forced` drops its last commit."""
        branch = branch or repository.default_branch
        old = repository.refs.get(branch, "")
        tip = old or repository.head
        if forced and tip:
            parents = repository.commits[tip].parents
            tip = parents[0] if parents else ""
        push = _Push(repository, [], [])
        for number, change in enumerate(changes):
            tip = self._commit(repository, tip, change, at - (len(changes) - number) * 0.01, push)
        repository.refs[branch] = tip
        if len(repository.refs) > _KEPT_BRANCHES:  # old branches are merged and deleted
            del repository.refs[next(name for name in repository.refs if name != repository.default_branch)]
        self.repositories[repository.id] = self.repositories.pop(repository.id, repository)
        self._remember(push)
        self.published += len(changes)
        payload = {
            "repository_id": repository.id,
            "push_id": 34_950_197_608 + self.published,
            "ref": f"refs/heads/{branch}",
            "head": tip,
            "before": old or NO_COMMIT,
        }
        return self.event("PushEvent", repository, payload, at, actor or repository.commits[tip].author)

    def event(
        self, kind: str, repository: Repository, payload: Mapping[str, Any], at: float, actor: Person
    ) -> Event:
        delay, late_ratio, late_by = self._delays
        if late_ratio and self.rng.random() < late_ratio:
            delay += self.rng.random() * late_by
        number = self._ids.get(kind, _ID_STARTS.get(kind, _ID_START)) + self.rng.randrange(1, 4)
        self._ids[kind] = number
        event = Event(str(number), kind, actor, repository.id, repository.full_name, payload, at, at + delay)
        self.feed.add(event)
        self.happened[int(at // 60)] += 1
        for listener in self.listeners:
            listener(event)
        return event

    def gist(
        self,
        files: Mapping[str, bytes],
        at: float,
        *,
        owner: Person | None = None,
        description: str = "",
        gist_id: str = "",
    ) -> Gist:
        """A new gist, or a new revision of `gist_id` (which then comes first in the list again)."""
        known = self.gists.pop(gist_id, None)
        digest = hashlib.sha1(
            b"\0".join([str(at).encode(), *files.values()]), usedforsecurity=False
        ).hexdigest()
        before = (replace(known, before=()), *known.before)[:_KEPT_REVISIONS] if known else ()
        made = Gist(
            gist_id or self.rng.randbytes(16).hex(),
            known.owner if known else owner,
            description,
            dict(files),
            digest,
            known.created_at if known else at,
            at,
            before,
        )
        self.gists[made.id] = made
        _trim(self.gists, _KEPT_GISTS)
        self.published += 1
        return made

    def paste(
        self,
        content: bytes,
        at: float,
        *,
        title: str = "",
        syntax: str = "text",
        user: str = "",
        not_ready: float = 0.0,
    ) -> Paste:
        """The site says "not ready" for the first `not_ready` seconds."""
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz0123456789"
        key = "".join(self.rng.choices(letters, k=8))
        made = Paste(key, title, syntax, user, content, at, at + not_ready)
        self.pastes[key] = made
        _trim(self.pastes, _KEPT_PASTES)
        self.published += 1
        return made

    # -- truth

    def leak_id(self, secret: bytes) -> str:
        """The same secret, the same id."""
        return self._leaks.setdefault(secret, f"leak-{len(self._leaks) + 1:06d}")

    def planted(self, planted: Planted, place: Planting) -> Planting:
        """Write into the truth that `planted` stands at `place` (whose leak, rule and secret are filled in here)."""
        known = replace(
            place, leak=self.leak_id(planted.secret), rule_id=planted.rule_id, secret=planted.secret
        )
        self.truth.append(known)
        return known

    # -- inside

    def _commit(self, repository: Repository, parent: str, change: Change, at: float, push: _Push) -> str:
        tree = dict(repository.commits[parent].tree) if parent else {}
        for path, content in change.files.items():
            if content is None:
                tree.pop(path, None)
                continue
            sha = blob_sha(content)
            self.blobs[sha] = content
            tree[path] = sha
            push.blobs.append((repository, sha))
            self._uses[sha] += 1
        author = change.author or self.person(repository.owner)
        tree_sha = _sha1("".join(f"{path}\0{sha}" for path, sha in sorted(tree.items())))
        sha = _sha1(f"{tree_sha} {parent} {author.email} {at} {change.message} {self.rng.random()}")
        repository.commits[sha] = Commit(
            sha, (parent,) if parent else (), tree, tree_sha, change.message, author, at
        )
        push.commits.append(sha)
        return sha

    def _remember(self, push: _Push) -> None:
        self._history.append(push)
        if len(self._history) <= self._kept_pushes:
            return
        old = self._history.popleft()
        heads = set(old.repository.refs.values())
        for sha in old.commits:
            if sha not in heads:
                old.repository.commits.pop(sha, None)
        current: dict[int, set[str]] = {}
        for repository, sha in old.blobs:
            if repository.id not in current:
                there = repository.id in self.repositories
                current[repository.id] = _current(repository) if there else set()
            if sha in current[repository.id]:
                push.blobs.append((repository, sha))  # asked again when `push` is forgotten
                continue
            self._uses[sha] -= 1
            if not self._uses[sha]:  # else another repository has the same file
                del self._uses[sha], self.blobs[sha]

    def _remove(self, number: int) -> None:
        """Its owner deletes a repository; what it held is forgotten with the pushes that brought it."""
        gone = self.repositories.pop(number)
        for name in (gone.full_name, *gone.renamed_from):
            self._names.pop(name.lower(), None)


def _current(repository: Repository) -> set[str]:
    """The blobs of all its branches as they are now."""
    trees = (repository.commits[head].tree for head in repository.refs.values())
    return {sha for tree in trees for sha in tree.values()}


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _trim(kept: dict[str, Any], limit: int) -> None:
    while len(kept) > limit:
        del kept[next(iter(kept))]
