"""What a decoder is, and the words that all decoders look for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from detectors import expressions
from detectors.buffers import Buffer
from detectors.model import Kind
from detectors.ruleset import RuleSet

RUN_CAP: Final = 64 * 1024  # bytes of a run that are decoded, to each side of the hit
_SHORTEST_PREFIX: Final = 4
_LONGEST_PREFIX: Final = 8
# What credentials stand beside when they have no literal of their own.
SECRET_WORDS: Final = (
    b"password", b"Password", b"PASSWORD", b"passwd", b"secret", b"Secret", b"SECRET", b"token", b"Token", b"TOKEN", b"api_key",
    b"apiKey", b"apikey", b"API_KEY", b"private_key", b"PRIVATE KEY", b"Authorization", b"Bearer ", b"client_id", b"credential",
    b"mongodb", b"postgres", b"mysql://", b"redis://",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Trigger:
    """One expression in the rules' database and the plain text it stands for."""

    decoder: str
    expression: str
    plain: bytes = b""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the bytes of a decoded text stand in the encoded one: pieces in order, each copied as it stood or written anew.

    Piece i begins at `decoded[i]` of the one and at `source[i]` of the other; the last one is empty and ends both.
    """

    decoded: Sequence[int]
    source: Sequence[int]
    copied: Sequence[bool]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The encoded bytes that say decoded[start:end], which is not empty."""
        first, last = self._piece(start), self._piece(end - 1)
        begin = self.source[first] + (start - self.decoded[first] if self.copied[first] else 0)
        if self.copied[last]:
            return begin, self.source[last] + end - self.decoded[last]
        return begin, self.source[last + 1]

    def _piece(self, at: int) -> int:
        return bisect_right(self.decoded, at) - 1


@dataclass(frozen=True, slots=True)
class Run:
    """An encoded run of the buffer (offsets are the buffer's) and what it says.

    `places` works out where each byte of it stood; without it everything stands where the run does. It is asked only for findings.
    """

    encoding: str
    start: int
    end: int
    data: bytes = field(repr=False)
    places: Callable[[], Places] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where data[start:end] stands in the buffer."""
        if self.places is None or not start < end:
            return self.start, self.end
        return self.places().span(start, end)


def _no_whole(buffer: Buffer, low: int, high: int) -> Run:
    raise NotImplementedError  # a decoder without marks is never asked


@dataclass(frozen=True, slots=True)
class Decoder:
    """One encoding.

    `take(buffer, low, high, hit, trigger)` returns the run around the hit, within low and high, or None when the hit stands
    in none. It looks at no more than RUN_CAP bytes to each side and never raises. `marks` are the two first bytes of
    documents that are encoded whole; `take_all` decodes those.
    """

    name: str
    triggers: Callable[[RuleSet], tuple[Trigger, ...]]
    take: Callable[[Buffer, int, int, int, Trigger], Run | None]
    marks: tuple[bytes, ...] = ()
    take_all: Callable[[Buffer, int, int], Run] = _no_whole


def plain_words(ruleset: RuleSet) -> Iterator[bytes]:
    """The fixed beginnings of the rules' own values, and the secret words; each once, in a fixed order."""
    seen = dict.fromkeys(SECRET_WORDS)
    for rule in ruleset.rules:
        if rule.kind in (Kind.TOKEN, Kind.STRUCTURE) and not rule.caseless:
            prefix = expressions.prefix(rule.pattern)[:_LONGEST_PREFIX]
            if len(prefix) >= _SHORTEST_PREFIX:
                seen[prefix] = None
    yield from seen
