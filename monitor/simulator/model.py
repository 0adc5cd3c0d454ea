"""The nouns of the small internet: repositories, commits, events, gists, pastes, and what was planted in them."""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

NO_COMMIT: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class Planted:
    """A credential made for planting. `text` is a line or a few that hold it as its rule's example does."""

    rule_id: str
    secret: bytes = field(repr=False)
    text: bytes = field(repr=False)


class SecretMaker(Protocol):
    """Makes synthetic credentials. The same generator state gives the same credential."""

    def __call__(self, rng: random.Random) -> Planted: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Planting:
    """The truth about one place: this credential was published here. One leak may stand at several places."""

    leak: str = ""  # "leak-000001": the same credential has the same id everywhere
    rule_id: str = ""
    secret: bytes = field(default=b"", repr=False)
    source: str = ""  # github | gists | pastebin | documents
    forge: str = ""
    repository: str = ""
    owner: str = ""
    path: str = ""
    commit: str = ""
    document: str = ""  # gist id, paste key, event id or document id
    blob_sha: str = ""
    published_at: float = 0.0
    watched: str = ""  # "owner" or "domain": why it is one of the watched; "" = a stranger's
    shape: str = ""  # what makes it hard to see (a `Shape`), "" = nothing

    def as_json(self) -> dict[str, Any]:
        """With the secret as base64: for the truth file only."""
        return {**asdict(self), "secret": base64.b64encode(self.secret).decode()}


class Shape(StrEnum):
    """Pushes that a careless collector reads wrongly."""

    PLAIN = ""
    REMOVED = "removed"  # added and removed again within the push: a three-dot compare does not show it
    NO_PATCH = "no_patch"  # the file is too large for a patch: it must be fetched
    MANY_FILES = "many_files"  # behind the 300th file of the comparison
    MANY_COMMITS = "many_commits"  # more than 250 commits in one push
    NEW_BRANCH = "new_branch"  # `before` is all zeros
    FORCED = "forced"  # history rewritten: compare says `diverged`


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    login: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `tree` is the whole of it: path -> blob id."""

    sha: str
    parents: tuple[str, ...]
    tree: Mapping[str, str] = field(repr=False)
    tree_sha: str
    message: str = field(repr=False)
    author: Person
    at: float


@dataclass(slots=True)
class Repository:
    id: int
    owner: str
    name: str
    created_at: float
    default_branch: str = "main"
    commits: dict[str, Commit] = field(default_factory=dict, repr=False)
    refs: dict[str, str] = field(default_factory=dict, repr=False)  # branch -> sha
    renamed_from: list[str] = field(default_factory=list)
    private: bool = False  # strangers are told that there is none

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    @property
    def head(self) -> str:
        """The default branch's commit, "" in an empty repository."""
        return self.refs.get(self.default_branch, "")


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    type: str
    actor: Person
    repository_id: int
    repository: str  # the name it had when it happened
    payload: Mapping[str, Any] = field(repr=False)
    created_at: float
    visible_at: float

    @property
    def owner(self) -> str:
        return self.repository.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Gist:
    id: str
    owner: Person | None  # None = anonymous
    description: str
    files: Mapping[str, bytes] = field(repr=False)
    revision: str
    created_at: float
    updated_at: float
    before: tuple[Gist, ...] = field(default=(), repr=False)  # its former states, the youngest first


@dataclass(frozen=True, slots=True)
class Paste:
    key: str
    title: str
    syntax: str
    user: str
    content: bytes = field(repr=False)
    at: float
    ready_at: float  # before it the site says "not ready"
    expire: int = 0
