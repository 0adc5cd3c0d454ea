"""The Hyperscan pass: a buffer in, (expression id, end) out. Where a gate opens, a second one around it (detectors.gates)."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol

import hyperscan

from detectors.buffers import Buffer
from detectors.secondlook import GATE, around
from detectors.stats import Budget

Hit = tuple[int, int]
Loud = Counter[int]
OnMatch = Callable[[int, int, int, int, Any], bool]


class Looks(Protocol):
    """The databases of one rule set."""

    @property
    def first(self) -> hyperscan.Database:
        """For every byte."""

    @property
    def second(self) -> hyperscan.Database:
        """For what stands around the gates' hits."""


class RawScanner:
    """Two databases, which others may share, and scratch of its own: one thread."""

    def __init__(self, databases: Looks, budget: Budget) -> None:
        """The second database is asked for when the first text needs it."""
        self._databases = databases
        self._first = _Look(databases.first)
        self._budget = budget
        self._hits: list[Hit] = []
        self._on_match = _collector(self._hits, budget.hits)

    @cached_property
    def _second(self) -> _Look:
        return _Look(self._databases.second)

    def scan(self, data: Buffer) -> list[Hit]:
        """The hits, unsorted. The list is the scanner's own and valid until the next call."""
        hits = self._hits
        hits.clear()
        try:
            self._first.scan(data, self._on_match)
            if hits and (ends := _gates(hits)):
                self._look_again(data, ends)
        except hyperscan.ScanTerminated:  # the callback has had enough
            return hits
        return hits

    def overflowed(self) -> bool:
        """The last scan was cut at the budget."""
        return len(self._hits) > self._budget.hits

    def scan_quietly(self, data: Buffer, share: Callable[[int], int]) -> tuple[list[Hit], Loud]:
        """The second pass over a loud document: at most `share(id)` hits of each expression, the first ones, and how many
        were left out of each. Of gates every hit counts.
        """
        kept: list[Hit] = []
        seen: Counter[int] = Counter()
        loud: Loud = Counter()
        ends: list[int] = []

        def take(identity: int, end: int) -> None:
            seen[identity] += 1
            if seen[identity] > share(identity):
                loud[identity] += 1
            else:
                kept.append((identity, end))

        def on_match(identity: int, _start: int, end: int, _flags: int, _context: Any) -> bool:
            if identity == GATE:
                ends.append(end)
            else:
                take(identity, end)
            return False

        self._first.scan(data, on_match)
        if ends:
            text, spots = around(data, ends)
            again: list[Hit] = []
            self._second.scan(text, _collector(again, sys.maxsize))
            for identity, end in again:
                take(identity, spots.end(end))
        return kept, loud

    def _look_again(self, data: Buffer, ends: Sequence[int]) -> None:
        """The hits of the second database take the place of the gates' hits."""
        hits = self._hits
        text, spots = around(data, ends)
        own = {hit for hit in hits if hit[0] != GATE}
        hits.clear()
        hits.extend(own)
        first = len(hits)
        try:
            self._second.scan(text, self._on_match)
        finally:
            hits[first:] = [
                hit
                for hit in {(identity, spots.end(end)) for identity, end in hits[first:]}
                if hit not in own
            ]


class _Look:
    """One database with a scratch for one thread."""

    def __init__(self, database: hyperscan.Database) -> None:
        self._scan: Any = database.scan
        self._scratch = hyperscan.Scratch(database)

    def scan(self, data: Buffer, on_match: OnMatch) -> None:
        self._scan(data, on_match, 0, None, self._scratch)  # by place: a fifth less a call than by name


def _gates(hits: Sequence[Hit]) -> list[int]:
    return [end for identity, end in hits if identity == GATE]


def _collector(hits: list[Hit], limit: int) -> OnMatch:
    """The callback: it appends, and stops the scan when there are too many. A closure: half the cost of a method."""
    append = hits.append

    def on_match(identity: int, _start: int, end: int, _flags: int, _context: Any) -> bool:
        append((identity, end))
        return len(hits) > limit

    return on_match
