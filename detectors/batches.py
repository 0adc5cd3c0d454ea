"""Several texts scanned in one call, and which of them a hit belongs to."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from detectors.raw import Hit

_JOINT: Final = b"\n\n"  # between documents scanned in one call: no rule matches over it


def joined(texts: Sequence[bytes]) -> tuple[bytes, list[int], list[int]]:
    """The texts as one, and where each begins and ends in it."""
    starts, ends, at = [], [], 0
    for text in texts:
        starts.append(at)
        ends.append(at + len(text))
        at += len(text) + len(_JOINT)
    return _JOINT.join(texts), starts, ends


def by_document(hits: Iterable[Hit], starts: Sequence[int], ends: Sequence[int]) -> dict[int, list[Hit]]:
    """The hits of each document that has some, in the documents' order; a hit between two documents is none."""
    found: dict[int, list[Hit]] = defaultdict(list)
    for hit in hits:
        index = bisect_right(starts, hit[1] - 1) - 1
        if index >= 0 and hit[1] <= ends[index]:
            found[index].append(hit)
    return dict(sorted(found.items()))
