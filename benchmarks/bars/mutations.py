"""Broken texts: the rules' examples, plain and encoded, changed in a few places."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Sequence
from typing import Final

from detectors.model import CredentialSet, Rule
from detectors.ruleset import RuleSet
from detectors.synthetic import SEEDS, checked_sample

LONGEST: Final = 2_000  # bytes of one
_INTERESTING: Final = (
    b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r\n", b"\r", b"\\n", b"\\", b"%", b"%00", b"\\u0000", b"=", b"==", b":", b"@", b"://",
    b"-----BEGIN ", b"-----END ", b"eyJ", b"\x80", b"\xc3", b"'", b'"', b"`", b"{{", b"}}", b"${", b"<", b"+", b"@@ -1,2 +1,2 @@\n",
)  # fmt: skip


def corpus(rules: RuleSet, *, seed: int) -> list[bytes]:
    """Every example, as it stands and in one of the encodings that the decoders read."""
    rng = random.Random(seed)
    entries: tuple[Rule | CredentialSet, ...] = (*rules.rules, *rules.sets)
    drawn = SEEDS[
        seed % len(SEEDS)
    ]  # of those that the rule check judges: another may make no value by chance
    texts = [checked_sample(text, entry, rules, drawn).text for entry in entries for text in entry.examples]
    return [*texts, *(rng.choice(_ENCODINGS)(text) for text in texts)]


def _utf16(text: bytes) -> bytes:
    return b"\xff\xfe" + text.decode("latin-1").encode("utf-16-le")


_ENCODINGS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    base64.b64encode,
    lambda text: base64.b64encode(base64.b64encode(text)),
    lambda text: text.hex().encode(),
    lambda text: b"".join(b"%%%02x" % byte for byte in text),
    lambda text: b"".join(b"\\x%02x" % byte for byte in text),
    _utf16,
)


def mutated(texts: Sequence[bytes], rng: random.Random) -> bytes:
    """One text of the corpus, changed in one to six places."""
    data = bytearray(rng.choice(texts)[:LONGEST])
    for _ in range(rng.randint(1, 6)):
        rng.choice(_MUTATIONS)(data, rng, texts)
    return bytes(data[:LONGEST])


def _flip(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _set(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _insert(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    data[at:at] = rng.choice(_INTERESTING) * rng.choice((1, 1, 1, 2, 30))


def _delete(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    del data[at : at + rng.randint(1, 12)]


def _double(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    at = rng.randint(0, len(data))
    piece = data[at : at + rng.randint(1, 60)]
    data[at:at] = piece * rng.choice((1, 1, 2, 8))


def _cut(data: bytearray, rng: random.Random, _texts: Sequence[bytes]) -> None:
    if rng.random() < 0.5:
        del data[rng.randint(0, len(data)) :]
    else:
        del data[: rng.randint(0, len(data))]


def _splice(data: bytearray, rng: random.Random, texts: Sequence[bytes]) -> None:
    other = rng.choice(texts)[:LONGEST]
    at = rng.randint(0, len(data))
    data[at:] = other[rng.randint(0, len(other)) :] if rng.random() < 0.5 else other


_MUTATIONS: Final = (_flip, _set, _insert, _delete, _double, _cut, _splice)
