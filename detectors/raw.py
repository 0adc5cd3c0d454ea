"""The Hyperscan pass: a buffer in, (expression id, end) out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import hyperscan

from detectors.buffers import Buffer
from detectors.stats import Budget

Hit = tuple[int, int]
Loud = Counter[int]
OnMatch = Callable[[int, int, int, int, Any], bool]


class RawScanner:
    """One database, which others may share, and a scratch of its own: one thread."""

    def __init__(
        self, database: hyperscan.Database, budget: Budget, scratch: hyperscan.Scratch | None = None
    ) -> None:
        """`scratch`: the database's own unless another one is given."""
        self._scan: Any = database.scan
        self._scratch = database.scratch if scratch is None else scratch
        self._budget = budget
        self._hits: list[Hit] = []
        self._on_match = _collector(self._hits, budget.hits)

    def scan(self, data: Buffer) -> list[Hit]:
        """The hits, unsorted. The list is the scanner's own and valid until the next call."""
        hits = self._hits
        hits.clear()
        try:
            self._scan(
                data, self._on_match, 0, None, self._scratch
            )  # by place: a fifth less a call than by name
        except hyperscan.ScanTerminated:  # the callback has had enough
            return hits
        return hits

    def overflowed(self) -> bool:
        """The last scan was cut at the budget."""
        return len(self._hits) > self._budget.hits

    def scan_quietly(self, data: Buffer, share: Callable[[int], int]) -> tuple[list[Hit], Loud]:
        """The second pass over a loud document: at most `share(id)` hits of each expression, the first ones, and how many
        were left out of each.
        """
        kept: list[Hit] = []
        seen: Counter[int] = Counter()
        loud: Loud = Counter()

        def on_match(identity: int, _start: int, end: int, _flags: int, _context: Any) -> bool:
            seen[identity] += 1
            if seen[identity] > share(identity):
                loud[identity] += 1
            else:
                kept.append((identity, end))
            return False

        self._scan(data, on_match, 0, None, self._scratch)
        return kept, loud


def _collector(hits: list[Hit], limit: int) -> OnMatch:
    """The callback: it appends, and stops the scan when there are too many. A closure: half the cost of a method."""
    append = hits.append

    def on_match(identity: int, _start: int, end: int, _flags: int, _context: Any) -> bool:
        append((identity, end))
        return len(hits) > limit

    return on_match
