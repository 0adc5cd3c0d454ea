"""Look-up of hashes among any number of own secrets: one file, mapped into memory and shared by all scanning processes.

Made of the text files at the first start with them, kept in the cache, and made anew when one of them changes. For each text file and key id
it has the sorted hashes one behind another, where in them each first two bytes begin, and the names: 45 bytes an entry or so, of which a look-up
touches three pages.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import stat
import tempfile
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Final

import orjson

from monitor.own import ownfile
from monitor.own.ownfile import OwnFileError
from monitor.own.selectors import Selector
from monitor.own.values import DIGEST_BYTES

_MAGIC: Final = b"leakstream-own-1"
_HEAD: Final = len(_MAGIC) + 4
_PREFIXES: Final = 1 << 16
_PIECE: Final = 1 << 20


class OwnTable:
    """Immutable. Thread-safe."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        """`data` as `_packed` makes it."""
        size = int.from_bytes(data[len(_MAGIC) : _HEAD], "little")
        head = orjson.loads(data[_HEAD : _HEAD + size])
        self._data = data
        self._sections = [_Section.at(data, *place) for place in head["sections"]]
        start, length = head["selectors"]
        self._selectors = bytes(data[start : start + length])

    @classmethod
    def open(cls, paths: Sequence[Path], folder: Path) -> OwnTable:
        """Of these text files, out of the cache `folder` if it has what they say now. Blocks, for two seconds a million entries when it
        has not. Raises OwnFileError.
        """
        mark = _mark(paths)
        place = _place(paths, folder)
        if (known := _mapped(place, mark)) is not None:
            return cls(known)
        packed = _packed(paths, mark)
        _write(place, packed)
        return cls(_mapped(place, mark) or packed)  # a folder that cannot be written: kept in memory

    @classmethod
    def kept(cls, paths: Sequence[Path], folder: Path) -> OwnTable | None:
        """What the cache has of these files, whatever they say by now; None if it has nothing."""
        known = _mapped(_place(paths, folder), None)
        return cls(known) if known is not None else None

    def __len__(self) -> int:
        return sum(section.count for section in self._sections)

    @property
    def by_key(self) -> Mapping[str, int]:
        """How many entries there are under each key id."""
        counts: dict[str, int] = {}
        for section in self._sections:
            counts[section.key_id] = counts.get(section.key_id, 0) + section.count
        return counts

    def names(self, key_id: str, digest: bytes) -> Iterator[str]:
        """Of every entry with that hash under that key."""
        for section in self._sections:
            if section.key_id == key_id:
                yield from section.names(self._data, digest)

    def selectors(self) -> Iterator[Selector]:
        """Each once."""
        for line in self._selectors.splitlines():
            head, length = line.split()
            yield Selector(bytes.fromhex(head.decode()), int(length))


@dataclass(frozen=True, slots=True)
class _Section:
    """The entries of one file under one key: offsets of the table's parts."""

    key_id: str
    count: int
    digests: int
    prefixes: memoryview
    offsets: memoryview
    texts: int

    @classmethod
    def at(cls, data: bytes | mmap.mmap, key_id: str, count: int, start: int) -> _Section:
        view = memoryview(data)
        prefixes = start + count * DIGEST_BYTES
        offsets = prefixes + 4 * (_PREFIXES + 1)
        texts = offsets + 4 * (count + 1)
        return cls(
            key_id, count, start, view[prefixes:offsets].cast("I"), view[offsets:texts].cast("I"), texts
        )

    def names(self, data: bytes | mmap.mmap, digest: bytes) -> Iterator[str]:
        prefix = int.from_bytes(digest[:2], "big")
        low, high = (self.digests + DIGEST_BYTES * self.prefixes[prefix + n] for n in (0, 1))
        at = data.find(digest, low, high)
        while at >= 0:
            number, off = divmod(at - self.digests, DIGEST_BYTES)
            if off:  # over the seam of two
                at = data.find(digest, at + 1, high)
                continue
            begin, end = self.texts + self.offsets[number], self.texts + self.offsets[number + 1]
            yield data[begin:end].decode()
            at = data.find(digest, at + DIGEST_BYTES, high)


class _Growing:
    """A section while its file is read. Entries in the order of their hashes, which is that of a file as we write it, cost 45 bytes each; else
    they are sorted at the end, for three times that.
    """

    def __init__(self) -> None:
        self._digests = bytearray()
        self._ends = array("I", [0])
        self._texts = bytearray()
        self._last = b""
        self._sorted = True

    def add(self, digest: bytes, name: str) -> None:
        self._sorted = self._sorted and digest >= self._last
        self._last = digest
        self._digests += digest
        self._texts += name.encode("utf-8", "replace")
        self._ends.append(len(self._texts))

    @property
    def count(self) -> int:
        return len(self._ends) - 1

    def parts(self) -> tuple[bytes | bytearray, ...]:
        """The section's bytes, one behind another. The entries are in order."""
        counts = array("I", bytes(4 * (_PREFIXES + 1)))
        for at in range(0, len(self._digests), DIGEST_BYTES):
            counts[(self._digests[at] << 8 | self._digests[at + 1]) + 1] += 1
        starts = array("I", accumulate(counts))
        texts = self._texts + bytes(-len(self._texts) % 4)
        return self._digests, starts.tobytes(), self._ends.tobytes(), texts

    def in_order(self) -> _Growing:
        """The same entries, sorted."""
        if self._sorted:
            return self
        digests, ends, texts = bytes(self._digests), self._ends, self._texts
        ordered = _Growing()
        for n in sorted(range(self.count), key=lambda n: digests[n * DIGEST_BYTES : (n + 1) * DIGEST_BYTES]):
            name = texts[ends[n] : ends[n + 1]].decode()
            ordered.add(digests[n * DIGEST_BYTES : (n + 1) * DIGEST_BYTES], name)
        return ordered


def _packed(paths: Sequence[Path], mark: bytes) -> bytes:
    """The whole table: magic, length of the head, head, sections. Raises OwnFileError."""
    places: list[tuple[str, int, int]] = []
    parts: list[bytes | bytearray] = []
    selectors: dict[Selector, None] = {}
    at = 0
    for path in paths:
        growing: dict[str, _Growing] = {}
        for entry in ownfile.read(path):
            growing.setdefault(entry.key_id, _Growing()).add(entry.digest, entry.name)
            if entry.selector is not None:
                selectors[entry.selector] = None
        for key_id, section in growing.items():
            made = section.in_order().parts()
            places.append((key_id, section.count, at))
            parts += made
            at += sum(map(len, made))
    lines = b"".join(b"%s %d\n" % (one.head.hex().encode(), one.length) for one in selectors)
    base = 4096  # of the head, at most for a hundred sections
    while True:
        sections = [(key_id, count, start + base) for key_id, count, start in places]
        head = orjson.dumps(
            {
                "mark": mark.hex(),
                "size": base + at + len(lines),
                "sections": sections,
                "selectors": (base + at, len(lines)),
            }
        )
        if _HEAD + len(head) <= base:
            break
        base *= 2
    front = (_MAGIC + len(head).to_bytes(4, "little") + head).ljust(base, b"\0")
    return b"".join((front, *parts, lines))


def _place(paths: Sequence[Path], folder: Path) -> Path:
    return (
        folder / f"own-{hashlib.sha256(repr([str(path) for path in paths]).encode()).hexdigest()[:16]}.table"
    )


def _mark(paths: Sequence[Path]) -> bytes:
    """Of what the files say. Raises OwnFileError."""
    whole = hashlib.sha256()
    for path in paths:
        try:
            with path.open("rb") as file:
                whole.update(hashlib.file_digest(file, "sha256").digest())
        except OSError as error:
            raise OwnFileError(f"{path}: {(error.strerror or 'cannot be read').lower()}") from error
    return whole.digest()


def _mapped(place: Path, mark: bytes | None) -> mmap.mmap | None:
    """The table of the cache; None where there is none, one of other content (`mark`, if that matters), or another user could have written
    it.
    """
    try:
        handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return None
    with os.fdopen(handle, "rb") as file:
        info = os.fstat(file.fileno())
        if info.st_uid != os.geteuid() or stat.S_IMODE(info.st_mode) & 0o022 or info.st_size < _HEAD:
            return None
        data = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    size = int.from_bytes(data[len(_MAGIC) : _HEAD], "little")
    try:
        head = orjson.loads(data[_HEAD : _HEAD + size])
        good = data[: len(_MAGIC)] == _MAGIC and head["size"] == len(data)
        good = good and mark in (None, bytes.fromhex(head["mark"]))
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        data.close()
        return None
    return data


def _write(place: Path, packed: bytes) -> None:
    """Whole or not at all, mode 0600. A folder that cannot be written is no error."""
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=".new-")
        try:
            with os.fdopen(handle, "wb") as file:
                for at in range(0, len(packed), _PIECE):
                    file.write(packed[at : at + _PIECE])
            Path(name).replace(place)
        finally:
            Path(name).unlink(missing_ok=True)
