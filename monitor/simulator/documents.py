"""Documents for load tests without any HTTP: as a collector would have put them on the bus, with the truth beside them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

from monitor.contracts import Document, Mode, Provenance
from monitor.identity import blob_sha
from monitor.simulator.corpus import Corpus
from monitor.simulator.model import Planted, Planting, SecretMaker
from monitor.simulator.publisher import Mix, without_domains

_REPOSITORIES: Final = 500
SOURCE: Final = "simulator"


class DocumentStream:
    """`count` documents, `leaks` of them with one credential each (all different), `watched` of these in a repository of the
    first watched owner. `truth` is complete before the first is made. The same arguments give the same documents, however often it is iterated.

    Raises ValueError unless watched <= leaks <= count.
    """

    def __init__(
        self,
        count: int,
        leaks: int,
        watched: int,
        *,
        maker: SecretMaker,
        seed: int = 0,
        started_at: float = 0.0,
        mix: Mix | None = None,
    ) -> None:
        """`started_at` (epoch seconds) is when the first document was published and fetched; one follows each millisecond."""
        if not 0 <= watched <= leaks <= count:
            raise ValueError("watched <= leaks <= count is needed")
        self._count = count
        self._seed = seed
        self._started_at = started_at
        self._mix = mix or Mix()
        rng = random.Random(f"documents {seed}")
        self._corpus = Corpus(seed)
        self._people = self._corpus.people(rng, 50)
        self._repositories = [
            (person.login, f"{person.login}/{self._corpus.word(rng)}-{i}")
            for i, person in ((i, self._people[i % len(self._people)]) for i in range(_REPOSITORIES))
        ]
        self._plants: dict[int, Planted] = {}
        self.truth: list[Planting] = []
        chosen = sorted(rng.sample(range(count), leaks))
        own = set(rng.sample(chosen, watched))
        seen: set[bytes] = set()
        for serial in chosen:
            planted = self._fresh(maker, rng, seen)
            self._plants[serial] = planted
            self.truth.append(self._place(serial, planted, watched=serial in own))
        self._own = own

    def __iter__(self) -> Iterator[Document]:
        return (self._document(serial) for serial in range(self._count))

    def _fresh(self, maker: SecretMaker, rng: random.Random, seen: set[bytes]) -> Planted:
        planted = without_domains(maker(rng), self._mix.watched_domains)
        while planted.secret in seen:
            planted = without_domains(maker(rng), self._mix.watched_domains)
        seen.add(planted.secret)
        return planted

    def _place(self, serial: int, planted: Planted, *, watched: bool) -> Planting:
        document = self._document(serial, planted, own=watched)
        where = document.provenance
        return Planting(
            leak=f"leak-{len(self.truth) + 1:06d}",
            rule_id=planted.rule_id,
            secret=planted.secret,
            source=SOURCE,
            forge=where.forge,
            repository=where.repository,
            owner=where.owner,
            path=where.path,
            commit=where.commit,
            document=document.id,
            blob_sha=document.blob_sha,
            published_at=document.fetched_at,
            watched="owner" if watched else "",
        )

    def _document(self, serial: int, planted: Planted | None = None, *, own: bool | None = None) -> Document:
        rng = random.Random(serial * 1_000_003 + self._seed)
        planted = planted or self._plants.get(serial)
        own = serial in self._own if own is None else own
        file = self._corpus.file(rng, plant=planted.text if planted else b"", serial=serial)
        owner, repository = self._repositories[serial % _REPOSITORIES]
        if own:
            owner = self._mix.watched_owners[0]
            repository = f"{owner}/{repository.partition('/')[2]}"
        person = self._people[serial % len(self._people)]
        sha = blob_sha(file.content)
        at = self._started_at + serial * 0.001
        return Document(
            source=SOURCE,
            id=f"{serial}:{sha}",
            content=file.content,
            fetched_at=at,
            published_at=at,
            trace_id=f"{self._seed:08x}{serial:024x}",
            mode=Mode.LIVE,
            blob_sha=sha,
            media_type="text/plain",
            provenance=Provenance(
                forge="github.com",
                repository=repository,
                owner=owner,
                url=f"https://github.com/{repository}/blob/main/{file.path}",
                commit=sha,
                ref="refs/heads/main",
                path=file.path,
                author=person.login,
                author_email=person.email,
            ),
        )


def documents(count: int, leaks: int, watched: int, seed: int = 0, *, maker: SecretMaker) -> DocumentStream:
    """Short for `DocumentStream`: iterate it for the documents, read `.truth` for what was planted."""
    return DocumentStream(count, leaks, watched, maker=maker, seed=seed)
