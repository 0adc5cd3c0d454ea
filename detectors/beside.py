"""A finder beside the rules: whoever uses the library may know values that no rule can describe.

It sees every text that the rules see, decoded runs and members of containers included, and what it finds goes the rules' way: into the same
list, with the same places. Where both find one value, a provider's rule tells more and stays, a rule that names nobody gives way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, Protocol

from detectors.buffers import Buffer
from detectors.model import Finding
from detectors.overlaps import NOBODYS, by_offset
from detectors.raw import Hit

FIRST: Final = 1 << 21  # the numbers of a finder's hits: from here, behind every expression's of the rules


class Finder(Protocol):
    """One a scanner: not for several threads. Total, as the scanner is."""

    def begin(self) -> None:
        """A new document: whatever it may cost is its own."""

    def look(self, data: Buffer) -> Sequence[Hit]:
        """Where something may stand: (FIRST or more, end). One pass."""

    def findings(
        self, buffer: Buffer, low: int, high: int, hits: Sequence[Hit], dropped: Counter[str]
    ) -> list[Finding]:
        """What does stand in the text buffer[low:high], offsets from `low`; `hits` are those that end in it. What is left out is counted."""


def apart(hits: list[Hit]) -> tuple[list[Hit], list[Hit]]:
    """The rules' hits and the finder's, which stand behind them."""
    if not hits or hits[-1][0] < FIRST:  # nearly always
        return hits, []
    return [hit for hit in hits if hit[0] < FIRST], [hit for hit in hits if hit[0] >= FIRST]


def together(told: Sequence[Finding], beside: Sequence[Finding]) -> list[Finding]:
    """The findings of the rules with those of the finder, by offset; a value is told once."""
    kept = list(told)
    if not beside:
        return kept
    for finding in beside:
        there = [one for one in kept if one.start < finding.end and finding.start < one.end]
        if any(_says_more(one, finding) for one in there):
            continue
        gone = {id(one) for one in there if one.rule.provider in NOBODYS and not one.records}
        kept = [one for one in kept if id(one) not in gone]
        kept.append(finding)
    return sorted(kept, key=by_offset)


def _says_more(one: Finding, beside: Finding) -> bool:
    """Whether it tells of the same value, and of whose it is."""
    values = (one.secret, *(part.secret for part in one.parts))
    return beside.secret in values and one.rule.provider not in NOBODYS
