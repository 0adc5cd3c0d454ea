"""Where the second look goes: the surroundings of the gates' hits (detectors.gates) as one text, and back from it into the buffer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from detectors.buffers import Buffer

GATE: Final = (
    1 << 20
)  # the number that all gates have among the expressions: behind every rule's and trigger's
BEFORE: Final = 192  # bytes before the end of a gate's hit: the longest name, what may stand behind it, and the value's beginning
BEHIND: Final = 256  # the rest of the longest value, and a name behind it


@dataclass(frozen=True, slots=True)
class Spots:
    """Where the windows of a text that is made of them stand in the buffer."""

    inside: Sequence[int]  # where each begins in the text
    outside: Sequence[int]  # and in the buffer

    def end(self, end: int) -> int:
        """Of a hit that ends at `end` > 0 of the text, where it ends in the buffer."""
        at = bisect_left(self.inside, end) - 1
        return self.outside[at] + end - self.inside[at]


def around(data: Buffer, ends: Iterable[int]) -> tuple[bytes, Spots]:
    """The windows around the hits that end at `ends` as one text, a line each. A match over the seam of two is told from a real one
    by its confirmation, which reads the buffer.
    """
    spans = windows(ends, len(data))
    inside, at = [], 0
    for low, high in spans:
        inside.append(at)
        at += high - low + 1
    view = memoryview(data)  # type: ignore[arg-type]  # a Buffer is one by its protocol
    return b"\n".join([view[low:high] for low, high in spans]), Spots(inside, [low for low, _ in spans])


def windows(ends: Iterable[int], size: int) -> list[tuple[int, int]]:
    """The parts of a buffer of `size` bytes that stand around the hits which end at `ends`, in order and disjoint."""
    found: list[tuple[int, int]] = []
    for end in sorted(ends):
        low, high = max(0, end - BEFORE), min(size, end + BEHIND)
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return found
