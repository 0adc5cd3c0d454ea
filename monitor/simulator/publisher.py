"""What happens on the small internet, one thing at a time: a seeded mix of pushes, gists, pastes and other events, some of
them with a planted credential, some of these a watched one, some easy to read wrongly.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from monitor.identity import blob_sha
from monitor.simulator.model import Planted, Planting, Repository, SecretMaker, Shape
from monitor.simulator.world import Change, World

_STRANGERS: Final = 40
_LONG_FILE: Final = 8_192  # bytes: edits only add
_TREE_FILES: Final = 40  # a repository with more files gets edits instead of new files
_MIX: Final = (
    ("push", 62), ("gist", 10), ("paste", 14), ("comment", 5), ("issue", 2), ("watch", 3), ("release", 2), ("public", 2)
)  # fmt: skip
_CARRIERS: Final = frozenset({"push", "gist", "paste", "comment", "issue", "release"})
_SHAPES: Final = tuple(Shape)[1:]


@dataclass(frozen=True, slots=True)
class Mix:
    """How often what happens, each a share (0 to 1)."""

    leaks: float = 0.05  # of the texts that can carry one
    own: float = 0.05  # of all: the watched publish things without a credential as well
    watched: float = 0.2  # of the leaks
    duplicates: float = 0.1  # of the leaks that are no one's: published before, here again
    shapes: float = 0.02  # of the pushes: one of the shapes that are easily read wrongly
    not_ready: float = 0.05  # of the pastes
    gist_edits: float = 0.1  # of the gists
    watched_owners: tuple[str, ...] = ("acme-corp",)
    watched_domains: tuple[str, ...] = ("example.com",)


class Publisher:
    """Makes things happen in a world. Pure; the same seed and the same times give the same world."""

    def __init__(
        self,
        world: World,
        maker: SecretMaker,
        mix: Mix | None = None,
        *,
        seed: int = 0,
        sites: Mapping[str, tuple[Callable[[float, Planted | None, str], None], int]] | None = None,
    ) -> None:
        """`sites` are further places where things happen: name -> (what makes one happen there, how often beside `_MIX`)."""
        self.world = world
        self.mix = mix or Mix()
        self._maker = maker
        self._rng = random.Random(f"publisher {seed}")
        self._earlier: deque[Planted] = deque(maxlen=200)
        self._serial = 0
        self._sites = {name: publish for name, (publish, _) in (sites or {}).items()}
        weights = [*_MIX, *((name, weight) for name, (_, weight) in (sites or {}).items())]
        self._kinds = [kind for kind, weight in weights for _ in range(weight)]
        owners = [person.login for person in world.people]
        self._strange = [f"{owners[i % len(owners)]}/{self._word()}-{i}" for i in range(_STRANGERS)]
        self._own = [f"{owner}/{self._word()}" for owner in self.mix.watched_owners for _ in range(3)]
        self._kind: dict[str, Callable[[float, Planted | None, str], None]] = {
            "push": self._push,
            "gist": self._gist,
            "paste": self._paste,
            "comment": self._comment,
            "issue": self._issue,
            "watch": self._watch,
            "release": self._release,
            "public": self._public,
        }

    def publish(self, at: float) -> None:
        """One thing happens."""
        kind = self._rng.choice(self._kinds)
        planted, watched = None, ""
        if (kind in _CARRIERS or kind in self._sites) and self._rng.random() < self.mix.leaks:
            planted, watched = self._credential(kind)
        if kind in self._sites:
            self._sites[kind](at, planted, watched)
            return
        if planted is None and self._rng.random() < self.mix.own:
            watched = "owner"
        self._kind[kind](at, planted, watched)

    def leak(
        self, at: float, *, kind: str = "push", shape: Shape = Shape.PLAIN, watched: str = ""
    ) -> Planting:
        """Publish one new credential now and return its (last) place. `watched` is "", "owner" or "domain"."""
        planted = self._make(watched)
        if kind == "push":
            self._push(at, planted, watched, shape=shape)
        elif kind in self._sites:
            self._sites[kind](at, planted, watched)
        else:
            self._kind[kind](at, planted, watched)
        return self.world.truth[-1]

    # -- credentials

    def _credential(self, kind: str) -> tuple[Planted, str]:
        if self._rng.random() < self.mix.watched:
            places = ["domain"] if kind == "paste" or kind in self._sites else ["owner", "domain"]
            watched = self._rng.choice(places)
            return self._make(watched), watched
        if self._earlier and self._rng.random() < self.mix.duplicates:
            return self._rng.choice(self._earlier), ""
        planted = self._make("")
        self._earlier.append(planted)
        return planted, ""

    def _make(self, watched: str) -> Planted:
        planted = without_domains(self._maker(self._rng), self.mix.watched_domains)
        if watched == "domain":
            domain = self._rng.choice(self.mix.watched_domains)
            near = f"# for https://{self._word()}.{domain}/{self._word()}\n".encode()
            return replace(planted, text=near + planted.text)
        return planted

    # -- what happens

    def _push(self, at: float, planted: Planted | None, watched: str, *, shape: Shape | None = None) -> None:
        if shape is None:
            strange = self._rng.random() < self.mix.shapes
            shape = self._rng.choice(_SHAPES) if strange else Shape.PLAIN
        repository = self._repository(at, watched, fresh=shape in (Shape.MANY_FILES, Shape.MANY_COMMITS))
        if not repository.head:
            self.world.push(repository, [self._change(repository)], at)
        change, path = self._planting_change(repository, planted)
        author = change.author
        changes, branch = [change], ""
        if shape is Shape.REMOVED:
            changes.append(
                Change({path: repository_file(self.world, repository, path)}, "remove it again", author)
            )
        elif shape is Shape.NO_PATCH:
            filler = b"\n".join(b"%d,%d" % (i, i * i) for i in range(20_100)) + b"\n"
            change = replace(change, files={path: filler + (change.files[path] or b"")})
            changes = [change]
        elif shape is Shape.MANY_FILES:
            files: dict[str, bytes | None] = {f"a/{i:03d}.txt": b"%d\n" % i for i in range(305)}
            path = f"z/{path}"
            change = replace(change, files={**files, path: next(iter(change.files.values()))})
            changes = [change]
        elif shape is Shape.MANY_COMMITS:
            changes = [self._change(repository) for _ in range(125)] + [change]
            changes += [self._change(repository) for _ in range(130)]
        elif shape is Shape.NEW_BRANCH:
            branch = f"{self._word()}-{self._serial}"
        elif shape is Shape.FORCED:
            self.world.push(repository, [self._change(repository)], at)
        event = self.world.push(
            repository, changes, at, branch=branch, forced=shape is Shape.FORCED, actor=author
        )
        if planted is None:
            return
        blob = change.files[path] or b""
        sha = blob_sha(blob)
        self.world.planted(
            planted,
            Planting(
                source="github",
                forge="github.com",
                repository=repository.full_name,
                owner=repository.owner,
                path=path,
                commit=_commit_with(repository, str(event.payload["head"]), path, sha),
                document=event.id,
                blob_sha=sha,
                published_at=at,
                watched=watched,
                shape=shape.value,
            ),
        )

    def _gist(self, at: float, planted: Planted | None, watched: str) -> None:
        edited = ""
        if planted is None and self.world.gists and self._rng.random() < self.mix.gist_edits:
            edited = self._rng.choice(list(self.world.gists)[-50:])
        file = self.world.corpus.file(self._rng, plant=planted.text if planted else b"", serial=self._next())
        name = file.path.rpartition("/")[2]
        login = self._owner(watched)
        gist = self.world.gist(
            {name: file.content}, at, owner=self.world.person(login), description=self._word(), gist_id=edited
        )
        if planted:
            self.world.planted(
                planted,
                Planting(
                    source="gists",
                    forge="gist.github.com",
                    owner=gist.owner.login if gist.owner else "",
                    path=name,
                    commit=gist.revision,
                    document=gist.id,
                    blob_sha=blob_sha(file.content),
                    published_at=at,
                    watched=watched,
                ),
            )

    def _paste(self, at: float, planted: Planted | None, watched: str) -> None:
        file = self.world.corpus.file(self._rng, plant=planted.text if planted else b"", serial=self._next())
        user = self._owner("") if self._rng.random() < 0.3 else ""
        late = 60.0 if self._rng.random() < self.mix.not_ready else 0.0
        paste = self.world.paste(
            file.content, at, title=self._word(), syntax=file.language.name, user=user, not_ready=late
        )
        if planted:
            self.world.planted(
                planted,
                Planting(
                    source="pastebin",
                    forge="pastebin.com",
                    owner=user,
                    document=paste.key,
                    blob_sha=blob_sha(file.content),
                    published_at=at,
                    watched=watched,
                ),
            )

    def _comment(self, at: float, planted: Planted | None, watched: str) -> None:
        body = self.world.corpus.prose(self._rng, plant=planted.text if planted else b"")
        self._talk(
            at, planted, watched, "IssueCommentEvent", {"action": "created", "comment": {"body": body}}
        )

    def _issue(self, at: float, planted: Planted | None, watched: str) -> None:
        body = self.world.corpus.prose(self._rng, plant=planted.text if planted else b"")
        self._talk(at, planted, watched, "IssuesEvent", {"action": "opened", "issue": {"body": body}})

    def _release(self, at: float, planted: Planted | None, watched: str) -> None:
        body = self.world.corpus.prose(self._rng, plant=planted.text if planted else b"")
        self._talk(at, planted, watched, "ReleaseEvent", {"action": "published", "release": {"body": body}})

    def _watch(self, at: float, planted: Planted | None, watched: str) -> None:
        self._talk(at, planted, watched, "WatchEvent", {"action": "started"})

    def _public(self, at: float, planted: Planted | None, watched: str) -> None:
        self._talk(at, planted, watched, "PublicEvent", {})

    def _talk(
        self, at: float, planted: Planted | None, watched: str, kind: str, payload: dict[str, object]
    ) -> None:
        repository = self._repository(at, watched)
        self.world.published += 1
        event = self.world.event(kind, repository, payload, at, self._rng.choice(self.world.people))
        if planted:
            self.world.planted(
                planted,
                Planting(
                    source="github",
                    forge="github.com",
                    repository=repository.full_name,
                    owner=repository.owner,
                    document=event.id,
                    published_at=at,
                    watched=watched,
                ),
            )

    # -- parts

    def _planting_change(self, repository: Repository, planted: Planted | None) -> tuple[Change, str]:
        change = self._change(repository, planted.text if planted else b"")
        return change, next(iter(change.files))

    def _change(self, repository: Repository, plant: bytes = b"") -> Change:
        author = self._rng.choice(self.world.people)
        message = self.world.corpus.message(self._rng)
        tree = repository.commits[repository.head].tree if repository.head else {}
        if len(tree) >= _TREE_FILES or (tree and self._rng.random() < 0.5):
            path = self._rng.choice(sorted(tree))
            old = self.world.blobs[tree[path]]
            if len(old) > _LONG_FILE:  # somebody tidies up
                old = self.world.corpus.file(self._rng, serial=self._next()).content
            return Change({path: self.world.corpus.edit(self._rng, path, old, plant=plant)}, message, author)
        file = self.world.corpus.file(self._rng, plant=plant, serial=self._next())
        return Change({file.path: file.content}, message, author)

    def _repository(self, at: float, watched: str, *, fresh: bool = False) -> Repository:
        if fresh:
            return self.world.repository(f"{self._owner(watched)}/{self._word()}-{self._next()}", at)
        own = watched == "owner"
        return self.world.repository(self._rng.choice(self._own if own else self._strange), at)

    def _owner(self, watched: str) -> str:
        if watched == "owner":
            return self._rng.choice(self.mix.watched_owners)
        return self._rng.choice(self.world.people).login

    def _word(self) -> str:
        return self.world.corpus.word(self._rng)

    def _next(self) -> int:
        self._serial += 1
        return self._serial


def without_domains(planted: Planted, domains: tuple[str, ...]) -> Planted:
    """A rule's example may name a watched domain: a stranger's credential must not."""
    for domain in domains:
        old, new = domain.encode(), b"elsewhere.invalid"
        planted = replace(
            planted, secret=planted.secret.replace(old, new), text=planted.text.replace(old, new)
        )
    return planted


def repository_file(world: World, repository: Repository, path: str) -> bytes | None:
    """What the default branch has at `path`; None when nothing."""
    sha = repository.commits[repository.head].tree.get(path) if repository.head else None
    return world.blobs[sha] if sha else None


def _commit_with(repository: Repository, head: str, path: str, sha: str) -> str:
    """The oldest commit of an unbroken run down from `head` whose tree has `sha` at `path`; the youngest run counts."""
    found = ""
    while head:
        commit = repository.commits[head]
        if commit.tree.get(path) == sha:
            found = head
        elif found:
            break
        head = commit.parents[0] if commit.parents else ""
    return found
