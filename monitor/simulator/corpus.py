"""Synthetic source code, prose and commit messages with places to plant. Pure; the same seed gives the same text.

Blocks are made once (some thousand of them); a file is a join of a few, so that tens of thousands a second can be made.
"""

from __future__ import annotations

import base64
import itertools
import random
import string
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from monitor.simulator.model import Person
from monitor.simulator.snippets import FIRST_NAMES, LANGUAGES, LAST_NAMES, VERBS, WORDS, Language

_BLOCKS_EACH: Final = 96
_EXTENSIONS: Final = {language.extension: language for language in LANGUAGES}


@dataclass(frozen=True, slots=True)
class SourceFile:
    path: str
    content: bytes
    language: Language


class Corpus:
    """The text of the small internet. Thread-safe once made (the generators are the callers')."""

    def __init__(self, seed: int = 0) -> None:
        rng = random.Random(f"corpus {seed}")
        self._weighted = tuple(
            itertools.chain.from_iterable([language] * language.weight for language in LANGUAGES)
        )
        self._heads = {
            language: [_fill(rng, language.head).encode() for _ in range(_BLOCKS_EACH)]
            for language in LANGUAGES
        }
        self._blocks = {
            language: [
                _fill(rng, language.blocks[i % len(language.blocks)]).encode() for i in range(_BLOCKS_EACH)
            ]
            for language in LANGUAGES
        }

    def language(self, rng: random.Random) -> Language:
        return self._weighted[int(rng.random() * len(self._weighted))]

    def path(self, rng: random.Random, language: Language) -> str:
        a, b, c = (WORDS[int(rng.random() * len(WORDS))] for _ in range(3))
        if language.extension == "env":
            return f"{a}/.env" if rng.random() < 0.5 else f"deploy/{a}.env"
        return f"{a}/{b}_{c}.{language.extension}"

    def file(
        self,
        rng: random.Random,
        *,
        plant: bytes = b"",
        blocks: int = 0,
        serial: int | None = None,
        language: Language | None = None,
    ) -> SourceFile:
        """A file of `blocks` blocks (1 to 12 unless told); `plant` stands on lines of its own between two of them.

        `serial` makes the text unlike any other's.
        """
        language = language or self.language(rng)
        pool = self._blocks[language]
        count = blocks or 1 + int(rng.random() * 12)
        pieces = [pool[int(rng.random() * _BLOCKS_EACH)] for _ in range(count)]
        if plant:
            pieces.insert(int(rng.random() * (count + 1)), plant.rstrip(b"\n") + b"\n\n")
        pieces.insert(0, self._heads[language][int(rng.random() * _BLOCKS_EACH)])
        if serial is not None:
            pieces.insert(0, b"%s part %d\n" % (language.comment.encode(), serial))
        return SourceFile(self.path(rng, language), b"".join(pieces), language)

    def edit(self, rng: random.Random, path: str, content: bytes, *, plant: bytes = b"") -> bytes:
        """`content` with a block more (and `plant` in it), below its first or at its end: never inside what was planted before."""
        language = _EXTENSIONS.get(path.rpartition(".")[2], LANGUAGES[0])
        piece = self._blocks[language][int(rng.random() * _BLOCKS_EACH)]
        if plant:
            piece = plant.rstrip(b"\n") + b"\n\n" + piece
        parts = content.split(b"\n\n")
        at = 1 if rng.random() < 0.5 else len(parts)
        parts.insert(at, piece.rstrip(b"\n"))
        return b"\n\n".join(parts)

    def word(self, rng: random.Random) -> str:
        return WORDS[int(rng.random() * len(WORDS))]

    def message(self, rng: random.Random) -> str:
        """A commit's message."""
        subject = f"{rng.choice(VERBS)} {rng.choice(WORDS)} {rng.choice(WORDS)}"
        return subject if rng.random() < 0.8 else f"{subject}\n\n{self.prose(rng)}"

    def prose(self, rng: random.Random, *, plant: bytes = b"") -> str:
        """What people write into issues and comments."""
        lines = [
            f"The {rng.choice(WORDS)} of our {rng.choice(WORDS)} does not {rng.choice(VERBS)} the {rng.choice(WORDS)}.",
            f"Seen since {_fill(rng, '{sha1}')}, request {_fill(rng, '{uuid}')}.",
        ]
        if plant:
            lines.insert(1, f"This is what I run:\n\n```\n{plant.decode('utf-8', 'replace').rstrip()}\n```\n")
        return "\n".join(lines)

    def people(self, rng: random.Random, count: int) -> Sequence[Person]:
        """Made-up people at reserved domains."""
        people = []
        for number in range(1, count + 1):
            first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
            login = f"{first}-{last}-{number}".lower()
            people.append(Person(number, login, f"{first} {last}", f"{login}@mail.example.net"))
        return people


def _fill(rng: random.Random, template: str) -> str:
    words = rng.sample(WORDS, 4)
    return template.format(
        a=words[0],
        b=words[1],
        c=words[2],
        d=words[3],
        n=rng.randrange(1, 9),
        sha1=rng.randbytes(20).hex(),
        sha256=rng.randbytes(32).hex(),
        md5=rng.randbytes(16).hex(),
        uuid=uuid.UUID(bytes=rng.randbytes(16), version=4),
        sri="sha512-" + base64.b64encode(rng.randbytes(64)).decode(),
        b64="".join(rng.choices(string.ascii_letters + string.digits, k=43)),
    )
