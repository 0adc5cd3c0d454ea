"""From hits to findings: what the window around each hit confirms, unless everybody has the value, it is none, or its proof fails."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from detectors import filters, known, surroundings
from detectors.buffers import Buffer
from detectors.confirm import Confirmer, Match, Miss
from detectors.costs import Costs
from detectors.model import UNPROVABLE, Confidence, Finding, Kind, Rule, Verdict
from detectors.proofs import proofs
from detectors.raw import Hit
from detectors.records import confirm_records
from detectors.ruleset import RuleSet


class Judge:
    """Not thread-safe: one a scanner. Confirmers are made when their rule is hit first."""

    def __init__(self, rules: RuleSet, *, keep_refuted: bool = False, keep_known: bool = False) -> None:
        """`keep_refuted`, `keep_known`: as for `Scanner`."""
        self._rules = rules.rules
        self._keep_refuted = keep_refuted
        self._keep_known = keep_known
        self._confirmers: dict[int, Confirmer] = {}
        self.costs = Costs()

    def findings(
        self, buffer: Buffer, low: int, high: int, hits: Iterable[Hit], dropped: Counter[str]
    ) -> tuple[list[Finding], list[Hit]]:
        """The confirmed values of the text buffer[low:high], offsets from `low`; and the hits behind the rules: (number of the trigger, end).

        What does not become a finding is counted in `dropped`.
        """
        by_rule: dict[int, set[int]] = defaultdict(set)
        for identity, end in hits:
            by_rule[identity].add(end)
        found: list[Finding] = []
        triggered: list[Hit] = []
        self.costs.begin()
        for identity in sorted(by_rule):
            ends = sorted(by_rule[identity])
            if identity >= len(self._rules):
                triggered += [(identity - len(self._rules), end) for end in ends]
                continue
            if self._rules[identity].kind is Kind.RECORDS:
                found += _records(self._rules[identity], buffer, low, high, ends, dropped)
            else:
                found += self._of_rule(identity, buffer, low, high, ends, dropped)
            self.costs.add(identity, len(ends))
        return found, triggered

    def _of_rule(
        self, identity: int, buffer: Buffer, low: int, high: int, ends: Iterable[int], dropped: Counter[str]
    ) -> list[Finding]:
        rule = self._rules[identity]
        confirmer = self._confirmers.get(identity)
        if confirmer is None:
            confirmer = self._confirmers[identity] = Confirmer(rule)
        found: list[Finding] = []
        done = low
        for end in ends:
            if end <= done:
                continue
            outcome = confirmer.confirm(buffer, low, high, end, done)
            done = max(done, outcome.stop)
            if isinstance(outcome, Miss):
                dropped[outcome.reason] += 1
            elif why := known.reason_of(outcome.secret):
                found += self._known(_finding(rule, outcome, low), why, dropped)
            elif reason := filters.reason(rule, outcome.secret, scope=outcome.scope):
                dropped[reason] += 1
            else:
                finding = _finding(rule, outcome, low)
                if reason := _out_of_place(finding, buffer, low, high):
                    dropped[reason] += 1
                else:
                    found += self._judged(finding, dropped)
        return found

    def _known(self, finding: Finding, why: str, dropped: Counter[str]) -> list[Finding]:
        """What everybody has, if it is asked for: with the least confidence, whatever its proof says."""
        if self._keep_known:
            return [replace(finding, confidence=Confidence.LOW, known=why)]
        dropped["public"] += 1
        return []

    def _judged(self, finding: Finding, dropped: Counter[str]) -> list[Finding]:
        """The finding unless its proof refutes it (and these are not asked for), or names a key that everybody has."""
        if why := known.reason_of(finding.proof.facts.get("fingerprint", "").encode()):
            return self._known(finding, why, dropped)
        if finding.proof.verdict is not Verdict.REFUTED or self._keep_refuted:
            return [finding]
        dropped["refuted"] += 1
        return []


def _out_of_place(finding: Finding, buffer: Buffer, low: int, high: int) -> str:
    """Why the text right around the value says that it is none, whatever it looks like; what is proved is one everywhere."""
    if not finding.rule.placeholders or finding.proof.verdict is Verdict.PROVED:
        return ""
    start, end = low + finding.start, low + finding.end
    return surroundings.reason(
        bytes(buffer[max(low, start - surroundings.BEFORE) : start]),
        finding.secret,
        bytes(buffer[end : min(high, end + surroundings.BEHIND)]),
    )


def _records(
    rule: Rule, buffer: Buffer, low: int, high: int, ends: Sequence[int], dropped: Counter[str]
) -> list[Finding]:
    finding = confirm_records(rule, buffer, low, high, ends)
    if finding is None:
        dropped["few_records"] += 1
        return []
    return [replace(finding, start=finding.start - low, end=finding.end - low)]


def _finding(rule: Rule, match: Match, low: int) -> Finding:
    """A proof is worth more than the syntax around the value."""
    proof = proofs()[rule.proof].check(match.secret) if rule.proof else UNPROVABLE
    proved = proof.verdict is Verdict.PROVED
    return Finding(
        rule=rule,
        start=match.start - low,
        end=match.end - low,
        secret=match.secret,
        severity=rule.severity,
        confidence=match.syntax.confidence if match.syntax and not proved else Confidence.HIGH,
        proof=proof,
        syntax=match.syntax or "",
        name=match.name.decode("latin-1"),
        scope=match.scope,
    )
