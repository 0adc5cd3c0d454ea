"""How a record's headers lie in a row, and which partition a key belongs to. Both are part of the file format."""

from __future__ import annotations

import struct
import zlib
from typing import Final

from monitor.bus.base import Headers

# one header: length of the name, length of the value, then both
_LENGTHS: Final = struct.Struct("<BI")


def encode_headers(headers: Headers) -> bytes:
    """Raises ValueError for a name over 255 bytes of UTF-8 or a value over 4 GiB."""
    parts: list[bytes] = []
    for name, value in headers.items():
        raw = name.encode()
        try:
            parts += (_LENGTHS.pack(len(raw), len(value)), raw, value)
        except struct.error as error:
            raise ValueError(f"the header {name[:64]!r} is too long") from error
    return b"".join(parts)


def decode_headers(raw: bytes) -> dict[str, bytes]:
    """The inverse of `encode_headers`."""
    headers: dict[str, bytes] = {}
    at = 0
    while at < len(raw):
        name_length, value_length = _LENGTHS.unpack_from(raw, at)
        value_at = at + _LENGTHS.size + name_length
        at = value_at + value_length
        headers[raw[value_at - name_length : value_at].decode()] = raw[value_at:at]
    return headers


def partition_of(key: bytes, partitions: int) -> int:
    """Stable over processes, versions and machines; as even as the keys are."""
    return zlib.crc32(key) % partitions
