"""What rules cost on a sample of text: how often Hyperscan reports them, and how long it takes for them alone.

`alone` is the time of a database with nothing but that rule over the time of the whole database, on the same text: the most that the whole
could win without it (rules share the literal matcher, so the parts add up to more than the whole).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import hyperscan

from detectors import compiler
from detectors.model import Rule
from detectors.raw import RawScanner
from detectors.ruleset import RuleSet
from detectors.scanner import Scanner
from detectors.secondlook import GATE
from detectors.stats import Budget


@dataclass(frozen=True, slots=True)
class _Built:
    """The databases of a few rules, kept nowhere."""

    first: hyperscan.Database
    second: hyperscan.Database


@dataclass(frozen=True, slots=True)
class Loud:
    """One expression of the database (a rule's, or a decoder's trigger) and how often it hits."""

    name: str
    hits_per_mb: float


def loudest(scanner: Scanner, documents: Sequence[bytes], *, count: int = 10) -> list[Loud]:
    """The expressions that hit most, the loudest first, the gates among them. Blocking: the time of two raw passes."""
    hits: Counter[int] = Counter()

    def on_match(identity: int, _start: int, _end: int, _flags: int, _context: Any) -> None:
        hits[identity] += identity == GATE

    first: Any = scanner.databases.first
    scratch = hyperscan.Scratch(first)
    for document in documents:
        first.scan(document, on_match, 0, None, scratch)
        hits.update(identity for identity, _ in scanner.hits(document))
    megabytes = sum(map(len, documents)) / 1e6
    return [Loud(scanner.expression_name(identity), n / megabytes) for identity, n in hits.most_common(count)]


def seconds(look: Callable[[bytes], object], documents: Sequence[bytes], *, rounds: int = 3) -> float:
    """CPU seconds of the fastest raw pass over the documents; `look` is `Scanner.hits` or `RawScanner.scan`."""
    times = []
    for _ in range(rounds):
        began = time.thread_time()
        for document in documents:
            look(document)
        times.append(time.thread_time() - began)
    return min(times)


def alone(rules: Sequence[Rule], documents: Sequence[bytes], *, whole: float) -> float:
    """The share (see above) of these rules in `whole` seconds of the whole database on the same documents."""
    ruleset = RuleSet(tuple(rules), (), "")
    databases = _Built(
        compiler.build(compiler.first_look(ruleset, ())), compiler.build(list(compiler.second_look(ruleset)))
    )
    return seconds(RawScanner(databases, Budget()).scan, documents) / whole if whole else 0.0
