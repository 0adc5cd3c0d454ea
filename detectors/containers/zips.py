"""Zip archives (jar, war, whl, office files): read by their directory, one member at a time."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detectors.containers.base import (
    BrokenContainer,
    Member,
    Meter,
    OverBudget,
    Read,
    Source,
    exactly,
    in_parts,
)
from detectors.containers.streams import Unpacked

_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_ENTRY: Final = struct.Struct("<4s4B4HL2L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_COMMENT: Final = 65_535
_DIRECTORY: Final = 16 * 1024 * 1024  # bytes of directory that are read
_STORED, _DEFLATED, _BZIP2, _XZ = 0, 8, 12, 95
_METHODS: Final = {_DEFLATED: "deflate", _BZIP2: "bzip2", _XZ: "xz"}
_ENCRYPTED: Final = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the directory."""

    name: str
    method: int
    flags: int
    packed: int  # bytes in the archive
    at: int  # where its local header stands


def entries(file: Source, meter: Meter) -> Iterator[Entry]:
    """The directory, folders left out. Raises BrokenContainer, OverBudget."""
    start, size, shift = _directory(file)
    if size > _DIRECTORY:
        raise OverBudget
    file.seek(start)
    text = exactly(file.read, size)
    at = 0
    while at + _ENTRY.size <= len(text) and text.startswith(b"PK\1\2", at):
        fields = _ENTRY.unpack_from(text, at)
        flags, method = fields[5], fields[6]
        packed, plain = fields[10], fields[11]
        name_size, extra_size, comment_size = fields[12:15]
        local = fields[18]
        name = text[at + _ENTRY.size : at + _ENTRY.size + name_size]
        extra = text[at + _ENTRY.size + name_size :][:extra_size]
        packed, local = _wide(extra, plain, packed, local)
        at += _ENTRY.size + name_size + extra_size + comment_size
        if not name.endswith(b"/"):
            meter.pay_member()
            yield Entry(name.decode("utf-8", "replace"), method, flags, packed, local + shift)


def members(file: Source, entry: Entry, meter: Meter) -> Iterator[Member]:
    """The member, in parts if it is large. Raises BrokenContainer, OverBudget."""
    return in_parts(entry.name, _reader(file, entry, meter))


def _reader(file: Source, entry: Entry, meter: Meter) -> Read:
    if entry.flags & _ENCRYPTED or (entry.method not in _METHODS and entry.method != _STORED):
        raise BrokenContainer
    file.seek(entry.at)
    header = exactly(file.read, _LOCAL.size)
    if len(header) < _LOCAL.size or not header.startswith(b"PK\3\4"):
        raise BrokenContainer
    name_size, extra_size = _LOCAL.unpack(header)[-2:]
    raw = _Range(file, entry.at + _LOCAL.size + name_size + extra_size, entry.packed)
    if entry.method in _METHODS:
        return Unpacked(_METHODS[entry.method], raw.read, meter).read

    def stored(size: int) -> bytes:
        data = raw.read(size)
        meter.pay(len(data))
        return data

    return stored


class _Range:
    """Bytes of a file that others seek in, too."""

    def __init__(self, file: Source, at: int, size: int) -> None:
        self._file = file
        self._at = at
        self._left = size

    def read(self, size: int) -> bytes:
        if not self._left:
            return b""
        self._file.seek(self._at)
        data = self._file.read(min(size, self._left))
        self._at += len(data)
        self._left -= len(data)
        return data


def _directory(file: Source) -> tuple[int, int, int]:
    """Where it begins, its size, and how many bytes stand before the archive (a start script, say)."""
    length = file.seek(0, 2)
    tail_at = max(0, length - _END.size - _COMMENT)
    file.seek(tail_at)
    tail = exactly(file.read, length - tail_at)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        raise BrokenContainer
    size, start = _END.unpack_from(tail, at)[5:7]
    end = tail_at + at
    wide = tail.rfind(b"PK\6\6", 0, at)
    if wide >= 0 and wide + _END64.size <= len(tail) and 0xFFFFFFFF in (size, start):
        size, start = _END64.unpack_from(tail, wide)[8:10]
        end = tail_at + wide
    shift = end - size - start
    if size < 0 or start < 0 or shift < 0:
        raise BrokenContainer
    return start + shift, size, shift


def _wide(extra: bytes, plain: int, packed: int, local: int) -> tuple[int, int]:
    """Sizes over 4 GiB stand in the extra field, those that are needed only."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == 1:
            numbers = list(
                struct.unpack(
                    f"<{size // 8}Q", extra[at + 4 : at + 4 + size // 8 * 8].ljust(size // 8 * 8, b"\0")
                )
            )
            if plain == 0xFFFFFFFF and numbers:
                numbers.pop(0)
            if packed == 0xFFFFFFFF and numbers:
                packed = numbers.pop(0)
            if local == 0xFFFFFFFF and numbers:
                local = numbers.pop(0)
        at += 4 + size
    return packed, local
