"""Merkle trees as RFC 6962 hashes them (section 2.1): a day's entries under one root, and for each the short path that shows it is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

EMPTY: Final = hashlib.sha256(b"").digest()  # the root over no entries


class Tree:
    """Over `leaves` (each 32 bytes: an entry's hash). Keeps every level: twice the room of the leaves."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [[_leaf(leaf) for leaf in leaves]]
        while len(level := self._levels[-1]) > 1:
            pairs = [_node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
            # one that is left over goes up as it is: the same tree as the RFC's split at a power of two
            self._levels.append([*pairs, *level[len(pairs) * 2 :]])

    @property
    def root(self) -> bytes:
        return self._levels[-1][0] if self._levels[0] else EMPTY

    def path(self, index: int) -> list[bytes]:
        """The siblings on the way from leaf `index` (from 0) to the root. Raises IndexError."""
        if not 0 <= index < len(self._levels[0]):
            raise IndexError(index)
        found = []
        for level in self._levels[:-1]:
            if (sibling := index ^ 1) < len(level):
                found.append(level[sibling])
            index //= 2
        return found


def root_by(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that `path` leads to from the entry hash `leaf`, number `index` of `size`.

    Raises ValueError where a tree of that size has no such path.
    """
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    rest, last, found = list(reversed(path)), size - 1, _leaf(leaf)
    while last:
        if index % 2:
            found = _node(_next(rest), found)
        elif index < last:
            found = _node(found, _next(rest))
        index, last = index // 2, last // 2
    if rest:
        raise ValueError("the path is too long")
    return found


def _next(rest: list[bytes]) -> bytes:
    if not rest:
        raise ValueError("the path is too short")
    return rest.pop()


def _leaf(value: bytes) -> bytes:
    return hashlib.sha256(b"\0" + value).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
