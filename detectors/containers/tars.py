"""Tar archives, read forward: old, ustar, GNU and pax headers; only their regular files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from detectors.containers.base import BrokenContainer, Member, Meter, Read, exactly, in_parts

_BLOCK: Final = 512
_FILES: Final = (b"0", b"\0", b"7")
_NAMES: Final = (b"L", b"x")  # the next member's long name, GNU's and pax's
_LONGEST_NAME: Final = 16 * 1024
_SKIP: Final = 256 * 1024


def is_tar(head: bytes) -> bool:
    return head[257:262] == b"ustar"


def members(read: Read, meter: Meter) -> Iterator[Member]:
    """Raises BrokenContainer, OverBudget. What `read` gives is not paid for here."""
    long_name = ""
    while True:
        header = exactly(read, _BLOCK)
        if len(header) < _BLOCK or not header.strip(b"\0"):
            return
        if not is_tar(header) and not _sums_up(header):
            raise BrokenContainer
        size, kind = _number(header[124:136]), header[156:157]
        if size < 0:
            raise BrokenContainer
        body = _Body(read, size)
        if kind in _NAMES:
            text = body.read(min(size, _LONGEST_NAME))
            long_name = _long_name(kind, text) or long_name
        elif kind in _FILES:
            meter.pay_member()
            yield from in_parts(long_name or _text(header[:100]), body.read)
            long_name = ""
        else:
            long_name = ""
        body.skip()


class _Body:
    """The bytes of one member, and those that fill its last block."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._left = size
        self._padding = -size % _BLOCK

    def read(self, size: int) -> bytes:
        data = self._read(min(size, self._left)) if self._left else b""
        self._left -= len(data)
        return data

    def skip(self) -> None:
        """To the next header. Raises BrokenContainer where the archive ends before."""
        left = self._left + self._padding
        while left:
            data = self._read(min(left, _SKIP))
            if not data:
                if self._left:
                    raise BrokenContainer
                return
            left -= len(data)


def _number(field: bytes) -> int:
    """Octal, or base 256 where the first bit is set; -1 where it is neither."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        return -1


def _sums_up(header: bytes) -> bool:
    """The checksum of an old header, which has no magic."""
    return _number(header[148:156]) == sum(header) - sum(header[148:156]) + 8 * 0x20


def _long_name(kind: bytes, text: bytes) -> str:
    if kind == b"L":
        return _text(text)
    _, found, rest = text.partition(b" path=")
    return _text(rest.partition(b"\n")[0]) if found else ""


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
