"""A stream of bytes as its pieces between separators, each of bounded length. Pure."""

from __future__ import annotations


class Pieces:
    """For one stream. A piece that grows beyond `most` bytes is thrown away up to its end and counted in `too_large`."""

    def __init__(self, separator: bytes, most: int) -> None:
        self.too_large = 0
        self._separator = separator
        self._most = most
        self._begun: list[bytes] = []  # of the piece that has no end yet
        self._size = 0
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The pieces that end in `data` (one byte long separators), empty ones left out."""
        first, *others = data.split(self._separator)
        self._grow(first)
        whole: list[bytes] = []
        for piece in others:
            whole += self.end()
            self._grow(piece)
        return whole

    def end(self) -> list[bytes]:
        """The last piece, when the stream ended without a separator."""
        piece = b"".join(self._begun)
        self._begun, self._size, self._skipping = [], 0, False
        return [piece] if piece else []

    def _grow(self, data: bytes) -> None:
        if self._skipping or not data:
            return
        self._size += len(data)
        if self._size > self._most:
            self.too_large += 1
            self._begun, self._skipping = [], True
        else:
            self._begun.append(data)
