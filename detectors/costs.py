"""What each rule costs after the Hyperscan pass: its raw matches, and the time that confirming them took."""

from __future__ import annotations

from collections import defaultdict
from time import perf_counter
from typing import NamedTuple


class Cost(NamedTuple):
    """Of one rule; seconds of wall clock."""

    hits: int
    seconds: float


class Costs:
    """An account that grows until it is taken. One clock reading a rule and text: a fiftieth of what a raw match costs."""

    def __init__(self) -> None:
        self._hits: defaultdict[int, int] = defaultdict(int)
        self._seconds: defaultdict[int, float] = defaultdict(float)
        self._since = 0.0

    def begin(self) -> None:
        """What follows is a rule's."""
        self._since = perf_counter()

    def add(self, identity: int, hits: int) -> None:
        """The time since the last call was spent on this rule's `hits`."""
        now = perf_counter()
        self._hits[identity] += hits
        self._seconds[identity] += now - self._since
        self._since = now

    def take(self) -> dict[int, Cost]:
        """By the rule's number; the account is empty then."""
        taken = {identity: Cost(hits, self._seconds[identity]) for identity, hits in self._hits.items()}
        self._hits.clear()
        self._seconds.clear()
        return taken
