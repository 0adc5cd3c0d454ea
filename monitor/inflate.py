"""HTTP content codings, undone in small pieces, so that a compression bomb is noticed before it has grown."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

_PIECE: Final = 64 * 1024
_MAX_MEMBERS: Final = 64  # of a concatenated gzip; real answers have one
_WBITS: Final = {
    "": None,
    "identity": None,
    "gzip": 16 + zlib.MAX_WBITS,
    "x-gzip": 16 + zlib.MAX_WBITS,
    "deflate": zlib.MAX_WBITS,
}


class BadEncoding(ValueError):
    """A coding that we do not know, or a broken one."""


class Truncated(ValueError):
    """The compressed text stops before its end."""


class Inflater:
    """For one body. Raises BadEncoding when the `Content-Encoding` is not gzip, deflate or none. `most` members, or more with an error."""

    def __init__(self, encoding: str, *, most: int = _MAX_MEMBERS) -> None:
        name = encoding.strip().lower()
        if name not in _WBITS:
            raise BadEncoding(encoding)
        self._wbits = _WBITS[name]
        self._inner = zlib.decompressobj(self._wbits) if self._wbits is not None else None
        self._members = 1
        self._most = most
        self._fed = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Pieces of at most 64 KiB for compressed text, else the chunk itself. Raises BadEncoding."""
        if self._inner is None or self._wbits is None:
            yield chunk
            return
        self._fed = True
        while chunk:
            if self._inner.eof:
                self._members += 1
                if self._members > self._most:
                    raise BadEncoding("members")
                self._inner = zlib.decompressobj(self._wbits)
            try:
                piece = self._inner.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise BadEncoding("broken") from error
            chunk = self._inner.unused_data if self._inner.eof else self._inner.unconsumed_tail
            if piece:
                yield piece

    def finish(self) -> None:
        """Raises Truncated. An empty body is whole."""
        if self._inner is not None and self._fed and not self._inner.eof:
            raise Truncated
