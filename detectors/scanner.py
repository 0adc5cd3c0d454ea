"""Scanner.scan(data) -> findings."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from detectors import compiler, filters
from detectors.confirm import Buffer, Confirmer, Match, Miss
from detectors.model import UNPROVABLE, Confidence, Finding, Rule
from detectors.proofs import proofs
from detectors.ruleset import RuleSet

Hit = tuple[int, int]  # expression id, end
_JOINT: Final = b"\n\n"


@dataclass(slots=True)
class ScanStats:
    """What one call did. `dropped` counts candidates by reason."""

    hits: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    refuted: list[Finding] = field(default_factory=list)


class Scanner:
    """One per thread."""

    def __init__(self, rules: RuleSet, *, cache_dir: Path | None = None) -> None:
        self.rules = rules
        self._db = compiler.database(rules, (), cache_dir=cache_dir)
        self._confirmers: dict[int, Confirmer] = {}
        self._hits: list[Hit] = []
        self.last = ScanStats()

    def _on_match(self, rule: int, start: int, end: int, flags: int, _: Any) -> bool | None:
        self._hits.append((rule, end))
        return None

    def scan(self, data: Buffer) -> tuple[Finding, ...]:
        hits = self._hits
        hits.clear()
        self._db.scan(data, match_event_handler=self._on_match)
        if not hits:
            return ()
        return self._findings(data, 0, len(data), hits)

    def _findings(self, data: Buffer, low: int, high: int, hits: Sequence[Hit]) -> tuple[Finding, ...]:
        self.last = ScanStats(hits=len(hits))
        found: list[Finding] = []
        done: dict[int, int] = {}
        for rule_index, end in sorted(set(hits)):
            if end <= done.get(rule_index, -1):
                continue
            rule = self.rules.rules[rule_index]
            confirmer = self._confirmers.get(rule_index)
            if confirmer is None:
                confirmer = self._confirmers[rule_index] = Confirmer(rule)
            outcome = confirmer.confirm(data, low, high, end, done.get(rule_index, 0))
            if isinstance(outcome, Miss):
                self.last.dropped[outcome.reason] += 1
                done[rule_index] = max(outcome.stop, done.get(rule_index, 0))
                continue
            done[rule_index] = outcome.stop
            reason = self._rejected(rule, outcome)
            if reason:
                self.last.dropped[reason] += 1
                continue
            found.append(self._finding(rule, outcome))
        return tuple(found)

    def _rejected(self, rule: Rule, match: Match) -> str:
        secret = match.secret
        if rule.public and hashlib.sha256(secret).hexdigest() in rule.public:
            return "public"
        if any(re.search(text.encode("latin-1"), secret) for text in rule.reject):
            return "rejected"
        if rule.placeholders and (reason := filters.dummy(rule, secret)):
            return reason
        if rule.entropy and filters.entropy(secret) < rule.entropy:
            return "low_entropy"
        return ""

    def _finding(self, rule: Rule, match: Match) -> Finding:
        proof = proofs()[rule.proof].check(match.secret) if rule.proof else UNPROVABLE
        confidence = match.syntax.confidence if match.syntax else Confidence.HIGH
        return Finding(
            rule=rule, start=match.start, end=match.end, secret=match.secret, severity=rule.severity,
            confidence=confidence, proof=proof, syntax=match.syntax or "", scope=match.scope,
        )  # fmt: skip
