"""Compressed streams: gzip, bzip2, xz and the bare deflate of archives, read forward, a piece at a time, paid for as they grow."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Final, Protocol

from detectors.containers.base import BrokenContainer, Meter, Read

_IN: Final = 64 * 1024
_OUT: Final = 256 * 1024
_LZMA_MEMORY: Final = 96 * 1024 * 1024  # `xz -9` takes 65 MiB
_GZIP: Final = 31  # zlib's name for a window of 32 KiB in a frame of gzip
_RAW: Final = -15


class _Unpacker(Protocol):
    """What `bz2` and `lzma` share."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zlib:
    """zlib with the interface of `bz2` and `lzma`."""

    def __init__(self, window: int) -> None:
        self._object = zlib.decompressobj(window)

    @property
    def eof(self) -> bool:
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        return not self._object.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._object.decompress(self._object.unconsumed_tail + data, max_length)


UNPACKERS: Final[dict[str, Callable[[], _Unpacker]]] = {
    "gzip": lambda: _Zlib(_GZIP),
    "bzip2": bz2.BZ2Decompressor,
    "xz": lambda: lzma.LZMADecompressor(memlimit=_LZMA_MEMORY),
    "deflate": lambda: _Zlib(_RAW),
}
_AGAIN: Final = {
    "gzip": b"\x1f\x8b",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ",
}  # one stream may follow another


class Unpacked:
    """The plain bytes of a stream. `read` raises BrokenContainer and OverBudget; both are final."""

    def __init__(self, kind: str, read: Read, meter: Meter) -> None:
        self._kind = kind
        self._read = read
        self._meter = meter
        self._unpacker = UNPACKERS[kind]()
        self._waiting = b""  # read, not yet given to the unpacker

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; b"" at the end."""
        while True:
            if self._unpacker.eof and not self._next():
                return b""
            if not self._waiting and self._unpacker.needs_input:
                self._waiting = self._read(_IN)
                if not self._waiting:
                    raise BrokenContainer
            most = min(size, _OUT, self._meter.bytes_left + 1)
            data, self._waiting = self._waiting, b""
            try:
                plain = self._unpacker.decompress(data, most)
            except (OSError, EOFError, ValueError, MemoryError, zlib.error, lzma.LZMAError) as error:
                raise BrokenContainer from error
            if plain:
                self._meter.pay(len(plain))
                return plain

    def _next(self) -> bool:
        """Whether another stream follows; it is begun."""
        again = _AGAIN.get(self._kind)
        rest = self._unpacker.unused_data
        if again is None:
            return False
        rest = rest or self._read(_IN)
        if not rest.startswith(again):
            return False
        self._meter.pay_member()
        self._unpacker = UNPACKERS[self._kind]()
        self._waiting = rest
        return True
