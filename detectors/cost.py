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
from detectors.ruleset import RuleSet
from detectors.scanner import Scanner


@dataclass(frozen=True, slots=True)
class Loud:
    """One expression of the database (a rule's, or a decoder's trigger) and how often it hits."""

    name: str
    hits_per_mb: float


def loudest(scanner: Scanner, documents: Sequence[bytes], *, count: int = 10) -> list[Loud]:
    """The expressions that hit most, the loudest first. Blocking: the time of one raw pass."""
    hits: Counter[int] = Counter()

    def on_match(identity: int, _start: int, _end: int, _flags: int, _context: Any) -> None:
        hits[identity] += 1

    database: Any = scanner.database
    for document in documents:
        database.scan(document, match_event_handler=on_match)
    megabytes = sum(map(len, documents)) / 1e6
    return [Loud(scanner.expression_name(identity), n / megabytes) for identity, n in hits.most_common(count)]


def seconds(database: hyperscan.Database, documents: Sequence[bytes], *, rounds: int = 3) -> float:
    """CPU seconds of the fastest raw pass over the documents."""
    scan: Callable[..., Any] = database.scan
    times = []
    for _ in range(rounds):
        began = time.thread_time()
        for document in documents:
            scan(document, match_event_handler=_ignore)
        times.append(time.thread_time() - began)
    return min(times)


def alone(rules: Sequence[Rule], documents: Sequence[bytes], *, whole: float) -> float:
    """The share (see above) of these rules in `whole` seconds of the whole database on the same documents."""
    ruleset = RuleSet(tuple(rules), (), "")
    database = compiler.build(compiler.expressions_of(ruleset, ()), ruleset.rules)
    return seconds(database, documents) / whole if whole else 0.0


def _ignore(_identity: int, _start: int, _end: int, _flags: int, _context: Any) -> None:
    return None
