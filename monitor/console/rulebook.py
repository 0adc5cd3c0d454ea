"""The rules page: every rule with what was found by it, what people made of that, and whether its canary came through lately."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from multidict import MultiMapping

from detectors import Rule, RuleSet
from detectors.model import Severity
from monitor.store import rule_counts
from monitor.store.engine import Store
from monitor.store.rule_counts import Count

PAGE: Final = 100  # rules
SHOWN: Final = ("all", "found", "doubtful", "silent")
_KEEP: Final = 30.0  # seconds that counts are good for
_TERM: Final = 90 * 86_400.0  # of verdicts: what a rule was a year ago says little of it
_LONGEST_TEXT: Final = 100
_CONFIRMED: Final = ("revoked", "removed")  # a person acted on it: it was a credential
_FALSE: Final = ("false_alarm",)
_DOUBTFUL: Final = 0.8  # precision


@dataclass(frozen=True, slots=True)
class RuleRow:
    """`precision`: confirmed of confirmed and false, None before anybody said. `alive`: whether its canary came through; None where none
    is planted for it.
    """

    id: str
    title: str
    provider: str
    severity: str
    kind: str
    proof: str
    open: int
    all: int
    confirmed: int
    wrong: int
    alive: bool | None

    @property
    def precision(self) -> float | None:
        said = self.confirmed + self.wrong
        return self.confirmed / said if said else None

    def is_among(self, shown: str) -> bool:
        """`shown`: a word of SHOWN."""
        match shown:
            case "found":
                return self.all > 0
            case "doubtful":
                return self.precision is not None and self.precision < _DOUBTFUL
            case "silent":
                return self.alive is False
            case _:
                return True


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked query."""

    text: str = ""
    provider: str = ""
    severities: tuple[str, ...] = ()
    shown: str = "all"
    page: int = 1

    def url(self, page: int) -> str:
        pairs = [("q", self.text), ("provider", self.provider), ("shown", self.shown), ("page", str(page))]
        pairs += [("severity", name) for name in self.severities]
        return "/rules?" + urlencode([(key, value) for key, value in pairs if value])

    def wants(self, row: RuleRow) -> bool:
        named = f"{row.id} {row.title} {row.provider}".lower()
        return (
            self.provider in ("", row.provider)
            and (not self.severities or row.severity in self.severities)
            and self.text in named
            and row.is_among(self.shown)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """One page of `total` rows; `counts`: how many rules there are, found something, are doubtful, are silent."""

    rows: Sequence[RuleRow]
    total: int
    pages: int
    providers: Sequence[str]
    counts: Mapping[str, int]


class RuleBook:
    """For the tasks of one event loop. Methods raise StoreBusy."""

    def __init__(
        self,
        store: Store,
        rules: Callable[[], RuleSet],
        *,
        clock: Callable[[], float],
        alive: Callable[[], Mapping[str, bool]],
    ) -> None:
        """`rules` blocks while it reads them, once; `alive`: rule id -> whether its canary came through, of those that have one."""
        self._store = store
        self._load = rules
        self._clock = clock
        self._alive = alive
        self._rules: Sequence[Rule] = ()
        self._kept: tuple[float, list[RuleRow]] = (0.0, [])
        self._one = asyncio.Lock()

    async def found(self, asked: Asked) -> Found:
        """Those with open exposures first, then by how much they found, then by name."""
        every = await self._rows()
        rows = [row for row in every if asked.wants(row)]
        begin = (asked.page - 1) * PAGE
        return Found(
            rows[begin : begin + PAGE],
            len(rows),
            max(1, -(-len(rows) // PAGE)),
            sorted({row.provider for row in every}),
            {name: sum(row.is_among(name) for row in every) for name in SHOWN},
        )

    async def _rows(self) -> Sequence[RuleRow]:
        async with self._one:
            now = self._clock()
            made, rows = self._kept
            if not rows or not 0.0 <= now - made < _KEEP:
                rows = await self._made(now)
                self._kept = now, rows
            return rows

    async def _made(self, now: float) -> list[RuleRow]:
        if not self._rules:
            self._rules = (await asyncio.to_thread(self._load)).rules
        async with self._store.read() as connection:
            counts = await rule_counts.by_rule(connection)
            closed = await rule_counts.closed_by_people(connection, since=now - _TERM)
        alive = self._alive()
        rows = [_row(rule, counts, closed.get(rule.id, {}), alive) for rule in self._rules]
        return sorted(rows, key=lambda row: (-row.open, -row.all, row.id))


def parse(query: MultiMapping[str]) -> Asked:
    """Raises ValueError with a sentence that names the wrong word."""
    words = tuple(severity.value for severity in Severity)
    severities = tuple(query.getall("severity", []))
    if any(name not in words for name in severities):
        raise ValueError(f"severity is one of {', '.join(words)}")
    shown, page = query.get("shown", "all"), query.get("page", "1")
    if shown not in SHOWN:
        raise ValueError(f"shown is one of {', '.join(SHOWN)}")
    if not (page.isascii() and page.isdigit() and 1 <= int(page[:6]) <= 10_000):
        raise ValueError("page is a number from 1 on")
    text = query.get("q", "").strip().lower()[:_LONGEST_TEXT]
    return Asked(text, query.get("provider", "")[:_LONGEST_TEXT], severities, shown, int(page[:6]))


def _row(
    rule: Rule, counts: Mapping[str, Count], closed: Mapping[str, int], alive: Mapping[str, bool]
) -> RuleRow:
    count = counts.get(rule.id, Count(0, 0))
    return RuleRow(
        id=rule.id,
        title=rule.title,
        provider=rule.provider,
        severity=rule.severity.value,
        kind=rule.kind.value,
        proof=rule.proof,
        open=count.open,
        all=count.all,
        confirmed=sum(closed.get(reason, 0) for reason in _CONFIRMED),
        wrong=sum(closed.get(reason, 0) for reason in _FALSE),
        alive=alive.get(rule.id),
    )
