"""What stands on the fake GitLab: projects with real trees and histories, snippets, and what happens to them.

Pure and synchronous; all times come from the caller. Bounded: at most 400 projects, 2,000 snippets, and a history of `kept` pushes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from monitor.identity import blob_sha
from monitor.simulator.model import Person, Planted, Planting, Repository
from monitor.simulator.world import Change, World

STANDSTILL: Final = 3600.0  # last_activity_at is written at most this often
_PROJECTS: Final = 400
_SNIPPETS: Final = 2_000
_BRANCHES: Final = 40
_TREE_FILES: Final = 40
_OLD: Final = 86_400.0
_LARGE_LINES: Final = 16_000  # of numbers: more than 200 KB


class Shape(StrEnum):
    """Pushes that a careless collector reads wrongly."""

    PLAIN = ""
    MESSAGE = "message"  # the credential stands in the commit's message only
    REMOVED = "removed"  # added and removed again
    LARGE = "large"  # over the limit of a diff: it comes without its text
    MANY_FILES = "many_files"  # on a later page of the difference
    NEW_BRANCH = "new_branch"
    BACKDATED = "backdated"  # the committer's date is of days ago
    FORCED = "forced"  # history rewritten


@dataclass(slots=True)
class Project:
    """`active_at` is what `last_activity_at` says."""

    id: int
    repository: Repository
    created_at: float
    active_at: float

    @property
    def path(self) -> str:
        return self.repository.full_name


@dataclass(frozen=True, slots=True)
class Snippet:
    id: int
    author: Person
    title: str
    files: Mapping[str, bytes] = field(repr=False)
    created_at: float = 0.0


class Forge:
    """For one event loop. `world` is the whole small internet, whose people and truth it shares."""

    def __init__(
        self, world: World, rng: random.Random, now: float, *, own: str, forge: str, kept: int = 5_000
    ) -> None:
        self.git = World(rng.randrange(1 << 30), people=1, kept_pushes=kept)
        self.projects: dict[int, Project] = {}
        self.snippets: dict[int, Snippet] = {}
        self._world = world
        self._rng = rng
        self._own = own
        self._forge = forge
        self._serial = 0
        self._last = {"project": 40_000_000, "snippet": 3_000_000}
        for number in range(24):
            owner = own if number % 8 == 0 else rng.choice(world.people).login
            self.create(f"{owner}/{'tools/' if number % 5 == 0 else ''}{self._name()}", now - _OLD)

    def create(self, path: str, at: float, *, push: bool = True) -> Project:
        """A public project, with a first commit unless told otherwise."""
        project = Project(self._next("project"), self.git.repository(path, at), at, at)
        self.projects[project.id] = project
        if push:
            self.git.push(project.repository, [self._change(project)], at)
        return project

    def find(self, name: str) -> Project | None:
        """By number or path."""
        if name.isdigit():
            return self.projects.get(int(name))
        return next((p for p in self.projects.values() if p.path.lower() == name.lower()), None)

    def push(
        self, project: Project, changes: list[Change], at: float, *, branch: str = "", forced: bool = False
    ) -> str:
        """The new head. The time of activity moves at most once an hour."""
        repository = project.repository
        event = self.git.push(repository, changes, at, branch=branch, forced=forced)
        others = [name for name in repository.refs if name != repository.default_branch]
        for name in others[:-_BRANCHES]:
            del repository.refs[name]
        if at - project.active_at >= STANDSTILL:
            project.active_at = at
        return str(event.payload["head"])

    def snippet(self, files: Mapping[str, bytes], at: float, author: Person, title: str) -> Snippet:
        made = Snippet(self._next("snippet"), author, title, dict(files), at)
        self.snippets[made.id] = made
        while len(self.snippets) > _SNIPPETS:
            del self.snippets[next(iter(self.snippets))]
        return made

    # -- what happens

    def publish(self, at: float, planted: Planted | None, watched: str) -> None:
        """A push, a new project or a snippet, with the credential in it."""
        draw = self._rng.random()
        if draw < 0.2 and watched != "owner":
            self._publish_snippet(at, planted, watched)
            return
        if draw < 0.3 and len(self.projects) < _PROJECTS:
            owner = self._own if watched == "owner" else self._rng.choice(self._world.people).login
            project = self.create(f"{owner}/{self._name()}", at, push=False)
        else:
            ours = [p for p in self.projects.values() if (p.repository.owner == self._own)]
            strange = [p for p in self.projects.values() if p.repository.owner != self._own]
            project = self._rng.choice(ours if watched == "owner" or self._rng.random() < 0.1 else strange)
        shape = Shape.PLAIN
        if project.repository.head and self._rng.random() < 0.4:
            shape = self._rng.choice(list(Shape)[1:])
        self.publish_push(project, at, planted, watched, shape)

    def publish_push(
        self, project: Project, at: float, planted: Planted | None, watched: str, shape: Shape
    ) -> None:
        """One push of that shape."""
        repository = project.repository
        text = planted.text if planted and shape is not Shape.MESSAGE else b""
        change = self._change(project, text)
        path, content = next(iter(change.files.items()))
        changes, branch = [change], ""
        match shape:
            case Shape.MESSAGE if planted:
                words = planted.text.decode("utf-8", "replace")
                changes = [replace(change, message=f"{change.message}\n\n{words}")]
            case Shape.REMOVED:
                old = repository.commits[repository.head].tree.get(path)
                changes.append(Change({path: self.git.blobs.get(old) if old else None}, "remove it"))
            case Shape.LARGE:
                filler = b"".join(b"%d,%d\n" % (i, i * i) for i in range(_LARGE_LINES))
                changes = [replace(change, files={path: filler + (content or b"")})]
            case Shape.MANY_FILES:
                many: dict[str, bytes | None] = {
                    f"a/{i:03d}.txt": b"%d %d\n" % (i, self._serial) for i in range(105)
                }
                path = f"z/{path}"
                changes = [replace(change, files={**many, path: content})]
            case Shape.NEW_BRANCH:
                self._serial += 1
                branch = f"{self._world.corpus.word(self._rng)}-{self._serial}"
            case Shape.FORCED:
                self.push(project, [self._change(project)], at)
        head = self.push(project, changes, at, branch=branch, forced=shape is Shape.FORCED)
        if shape is Shape.BACKDATED:
            repository.commits[head] = replace(repository.commits[head], at=at - 3 * _OLD)
        if planted is None:
            return
        planting = head
        if shape is Shape.REMOVED:
            planting = repository.commits[head].parents[0]
        self._world.planted(
            planted,
            Planting(
                source="gitlab",
                forge=self._forge,
                repository=project.path,
                owner=repository.owner,
                path="" if shape is Shape.MESSAGE else path,
                commit=planting,
                document=f"{project.path}@{planting}",
                blob_sha=repository.commits[planting].tree.get(path, ""),
                published_at=at,
                watched=watched,
                shape=shape.value,
            ),
        )

    def _publish_snippet(self, at: float, planted: Planted | None, watched: str) -> None:
        corpus = self._world.corpus
        self._serial += 1
        file = corpus.file(self._rng, plant=planted.text if planted else b"", serial=self._serial)
        name = file.path.rpartition("/")[2]
        files = {name: file.content}
        if self._rng.random() < 0.5:
            files = {"read me.md": corpus.prose(self._rng).encode(), **files}
        author = self._rng.choice(self._world.people)
        made = self.snippet(files, at, author, corpus.word(self._rng))
        if planted:
            self._world.planted(
                planted,
                Planting(
                    source="gitlab",
                    forge=self._forge,
                    owner=author.login,
                    path=name,
                    document=f"snippets/{made.id}",
                    blob_sha=blob_sha(file.content),
                    published_at=at,
                    watched=watched,
                ),
            )

    # -- parts

    def _change(self, project: Project, plant: bytes = b"") -> Change:
        repository, corpus = project.repository, self._world.corpus
        author = self._rng.choice(self._world.people)
        message = corpus.message(self._rng)
        tree = repository.commits[repository.head].tree if repository.head else {}
        names = [path for path in sorted(tree) if not path.startswith(("a/", "z/"))]
        self._serial += 1
        if names and (len(names) >= _TREE_FILES or self._rng.random() < 0.5):
            path = self._rng.choice(names)
            old = self.git.blobs[tree[path]]
            # what was large stays out of the way: its next change would be large as well
            if len(old) < 50_000:
                return Change({path: corpus.edit(self._rng, path, old, plant=plant)}, message, author)
        file = corpus.file(self._rng, plant=plant, serial=self._serial)
        return Change({file.path: file.content}, message, author)

    def _name(self) -> str:
        self._serial += 1
        return f"{self._world.corpus.word(self._rng)}-{self._serial}"

    def _next(self, kind: str) -> int:
        """Ids have holes: what is private counts as well."""
        self._last[kind] += self._rng.randrange(1, 4)
        return self._last[kind]
