"""What the paging bar sends, and which keys must come of it: made out by the bar itself, from what the contract of a page promises.

Leaks are of four kinds. Most are uniform. Some are found with two ranks: whoever is told of the lower one first is told once more when the
higher one comes. Some are closed by a person after the first pass and found at a new place in the last one: they end and reopen. Some
are a stranger's: of these nobody is ever told.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from benchmarks.bars.alerters import Leak
from benchmarks.bars.stream import OWNER

PASSES: Final = 4  # the first, and three times again
_STRANGER: Final = "a-stranger"
_RANK: Final = 1 + 1000 + 200 + 10 * 4 + 5  # real, proved to be ours, critical, proved


class Found(NamedTuple):
    """One finding: which leak, at which of its places, and whether with the lower rank."""

    leak: int
    place: int
    lower: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """`first` is the order of the first pass; the others have an order of their own. For one seed always the same."""

    seed: int
    leaks: int
    first: Sequence[Found]
    ranked: frozenset[int]
    closing: frozenset[int]
    strangers: frozenset[int]

    def passes(self) -> Iterator[list[Found]]:
        """Each in its own order; with the last one come the new places of what was closed."""
        for number in range(PASSES):
            found = list(self.first)
            if number:
                random.Random(f"{self.seed} {number}").shuffle(found)
            if number == PASSES - 1:
                found += [Found(leak, -1, lower=False) for leak in sorted(self.closing)]
            yield found

    def leak(self, found: Found) -> Leak:
        owner = _STRANGER if found.leak in self.strangers else OWNER
        if found.lower:
            return Leak(found.leak, owner, severity="high", verdict="unprovable")
        return Leak(found.leak, owner)

    def expected(self) -> dict[str, str]:
        """Every key that the webhook must be sent -> what it tells."""
        first = dict[int, bool]()
        ranks: dict[int, set[bool]] = defaultdict(set)
        for found in self.first:
            first.setdefault(found.leak, found.lower)
            ranks[found.leak].add(found.lower)
        keys: dict[str, str] = {}
        for number in first.keys() - self.strangers:
            name = Leak(number, OWNER).fingerprint
            keys[key(name, 1, "opened")] = "opened"
            if first[number] and ranks[number] == {True, False}:
                keys[key(name, 1, "escalated", _RANK)] = "escalated"
            if number in self.closing:
                keys[key(name, 1, "closed")] = "closed"
                keys[key(name, 2, "reopened")] = "reopened"
        return keys

    def alerts(self) -> dict[str, str]:
        """Every key under which an alert must stand at the Alertmanager: that of the first page of each opening."""
        return {name: change for name, change in self.expected().items() if change in ("opened", "reopened")}

    def openings(self) -> list[set[str]]:
        """Of each leak of ours, the keys under which its openings may stand."""
        alerts = self.alerts()
        every = sorted({found.leak for found in self.first} - self.strangers)
        names = [Leak(number, OWNER).fingerprint for number in every]
        return [{key(n, 1, "opened"), key(n, 2, "reopened")} & alerts.keys() for n in names]

    def counted(self) -> dict[str, int]:
        return dict(Counter(self.expected().values()))


def key(exposure: str, opening: int, change: str, state: int = 0) -> str:
    """As docs/decisions/0005-exposures.md has it: one for every opening and state of an exposure."""
    return hashlib.sha256(f"{exposure}\0{opening}\0{change}\0{state}\0".encode()).hexdigest()[:32]


def plan(*, leaks: int, findings: int, seed: int = 6) -> Plan:
    """A tenth of the leaks are strangers', a tenth come with two ranks, one in 25 is closed. A quarter of the findings say the same again."""
    rng = random.Random(seed)
    numbers = list(range(leaks))
    rng.shuffle(numbers)
    tenth, few = leaks // 10, leaks // 25
    strangers, ranked = frozenset(numbers[:tenth]), frozenset(numbers[tenth : 2 * tenth])
    closing = frozenset(numbers[2 * tenth : 2 * tenth + few])
    found = [Found(number, 0, lower=number in ranked) for number in numbers]
    while len(found) < findings:
        number = rng.randrange(leaks)
        if rng.random() < 0.25:
            found.append(rng.choice(found))
        else:
            place = rng.randrange(1, max(2, 2 * findings // leaks))
            found.append(Found(number, place, lower=number in ranked and rng.random() < 0.5))
    rng.shuffle(found)
    return Plan(seed, leaks, found, ranked, closing, strangers)
