"""One hour of GH Archive or of its mirror: gzip (of any number of members) of one JSON event a line, read in pieces.

Whatever the other side sends, memory stays small: the compressed and the uncompressed size, the ratio of the two and the length of
a line have limits. What a manifest says of the file is compared when its end is reached.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from monitor.collectors.shapes import integer, text
from monitor.inflate import BadEncoding, Inflater, Truncated

HOUR: Final = 3600
_MIB: Final = 1024 * 1024
_MAGIC: Final = b"\x1f\x8b"
_MEMBERS: Final = 1_000_000  # of one file: each may be as small as a second's events
_RATIO: Final = 100  # real hours shrink to a sixth or a tenth
_RATIO_FROM: Final = 32 * _MIB  # below this much text no ratio is looked at
_MOST_EVENTS: Final = 100_000_000  # the world has 0.6 million an hour
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def hour_of(at: float) -> int:
    """The hour that `at` (epoch seconds) lies in, counted from the epoch."""
    return int(at // HOUR)


def hour_name(hour: int) -> str:
    """`2026-11-21-9`: how its files are called, the hour without a zero in front."""
    when = datetime.fromtimestamp(hour * HOUR, UTC)
    return f"{when:%Y-%m-%d}-{when.hour}"


class BadHour(Exception):
    """The file is not what it should be. `reason` is a word: truncated, bad_encoding, bomb, too_large, bad_hash, bad_size,
    bad_manifest, changed.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the mirror says of an hour's file."""

    events: int
    size: int
    sha256: str


def parse_manifest(raw: object) -> Manifest | None:
    """None when one of its three figures is missing or nonsense: nothing can be verified by it."""
    events, size = integer(raw, "event_count"), integer(raw, "compressed_bytes")
    sha256 = text(raw, "sha256").strip().lower().removeprefix("sha256:")
    if events is None or size is None or not 0 <= events <= _MOST_EVENTS or size < 0:
        return None
    if not _SHA256.fullmatch(sha256):
        return None
    return Manifest(events, size, sha256)


@dataclass(frozen=True, slots=True)
class HourLimits:
    """In bytes. A longer line is left out, a larger file is none of an hour."""

    text: int = 16 * 1024 * _MIB
    line: int = 4 * _MIB


class HourFile:
    """The reading of one file. Feed it the body's pieces, then `finish`; all may raise BadHour. No I/O."""

    def __init__(self, limits: HourLimits | None = None) -> None:
        self.lines = 0  # that ended so far, empty and left-out ones too
        self.too_long = 0  # of them, those that were left out
        self.size = 0  # compressed bytes
        self.grown = 0  # bytes of text
        self.passed = 0  # of them, up to the end of the line that was given last
        self._limits = limits or HourLimits()
        self._hash = hashlib.sha256()
        self._head = b""
        self._inflater: Inflater | None = None
        self._rest: list[bytes] = []  # of the line that has not ended yet
        self._rest_size = 0
        self._over = False  # that line is too long already

    def feed(self, chunk: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that end in it, each with its number (from 1), without empty and too long ones."""
        self._hash.update(chunk)
        self.size += len(chunk)
        if self._inflater is None:
            self._head += chunk
            if len(self._head) < len(_MAGIC):
                return
            # a page that apologises, or an HTTP coding that we did not ask for
            if not self._head.startswith(_MAGIC):
                raise BadHour("bad_encoding")
            self._inflater = Inflater("gzip", most=_MEMBERS)
            chunk, self._head = self._head, b""
        try:
            for piece in self._inflater.feed(chunk):
                self._grow(len(piece))
                yield from self._split(piece)
        except BadEncoding:
            raise BadHour("bad_encoding") from None

    def mark(self, line: bytes) -> str:
        """What tells the place of the line that was just given from the same line number of another file."""
        return f"{self.passed}:{zlib.crc32(line)}"

    def finish(self, manifest: Manifest | None = None) -> Iterator[tuple[int, bytes]]:
        """A last line without an end, and the verdict on the whole."""
        try:
            if self._inflater is None:
                raise BadHour("truncated")
            self._inflater.finish()
        except Truncated:
            raise BadHour("truncated") from None
        if manifest is not None and self.size != manifest.size:
            raise BadHour("bad_size")
        if manifest is not None and self._hash.hexdigest() != manifest.sha256:
            raise BadHour("bad_hash")
        if self._rest or self._over:
            yield from self._end(b"")

    def _grow(self, size: int) -> None:
        self.grown += size
        if self.grown > self._limits.text:
            raise BadHour("too_large")
        if self.grown > _RATIO_FROM and self.grown > self.size * _RATIO:
            raise BadHour("bomb")

    def _split(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        *ended, rest = piece.split(b"\n")
        for line in ended:
            yield from self._end(line)
        if rest:
            self._rest_size += len(rest)
            self._over = self._over or self._rest_size > self._limits.line
            if self._over:
                self._rest.clear()
            else:
                self._rest.append(rest)

    def _end(self, line: bytes) -> Iterator[tuple[int, bytes]]:
        self.passed += self._rest_size + len(line) + 1
        if self._rest:
            line = b"".join((*self._rest, line))
            self._rest.clear()
        over, self._over, self._rest_size = self._over, False, 0
        self.lines += 1
        if over or len(line) > self._limits.line:
            self.too_long += 1
        elif line and not line.isspace():
            yield self.lines, line
