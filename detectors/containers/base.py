"""What a container is: a document of other documents, and what unpacking one may cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

PART: Final = 8 * 1024 * 1024  # bytes of a member that are handed on at once
OVERLAP: Final = 16 * 1024  # longer than the longest token: what ends in it is told twice, never cut
Read = Callable[[int], bytes]  # up to so many bytes of a stream; b"" at its end


class Source(Protocol):
    """A container's bytes: a file opened for reading, or `io.BytesIO`."""

    def read(self, size: int, /) -> bytes: ...
    def seek(self, at: int, whence: int = 0, /) -> int: ...


class BrokenContainer(Exception):
    """It does not keep to its format, or in a way nobody here can read. What came out before is good."""


class OverBudget(Exception):
    """It holds more than its budget. What came out before is good."""


@dataclass(frozen=True, slots=True)
class Member:
    """A document in a container, or a part of a large one (the parts overlap). The name is only told, never opened."""

    name: str
    data: bytes = field(repr=False)


class Meter:
    """What one container may give. Everything that is unpacked is paid for before it is looked at."""

    def __init__(self, *, most_bytes: int, most_members: int) -> None:
        self._bytes = most_bytes
        self._members = most_members

    @property
    def bytes_left(self) -> int:
        return self._bytes

    def pay(self, size: int) -> None:
        """Raises OverBudget."""
        if size > self._bytes:
            raise OverBudget
        self._bytes -= size

    def pay_member(self) -> None:
        """Raises OverBudget."""
        if not self._members:
            raise OverBudget
        self._members -= 1


def exactly(read: Read, size: int) -> bytes:
    """Up to `size` bytes, fewer only where the stream ends."""
    pieces, left = [], size
    while left > 0 and (piece := read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def in_parts(name: str, read: Read) -> Iterator[Member]:
    """A stream as one member, or as several that overlap. What the stream's end raises is raised behind what came before it."""
    held = b""
    while True:
        fresh, error = _until_error(read, PART - len(held))
        data = held + fresh
        if fresh:
            yield Member(name, data)
        if error is not None:
            raise error
        if len(data) < PART:
            return
        held = data[-OVERLAP:]


def _until_error(read: Read, size: int) -> tuple[bytes, Exception | None]:
    pieces: list[bytes] = []
    left = size
    while left > 0:
        try:
            piece = read(left)
        except (BrokenContainer, OverBudget) as error:
            return b"".join(pieces), error
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces), None
