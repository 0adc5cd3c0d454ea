"""One finding for one piece of text: of findings that share bytes the most specific stays."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

from detectors.expressions import facts
from detectors.model import Confidence, Finding, Kind, Rule, Verdict

_SPEAKS_FOR_ITSELF: Final = 3  # fixed characters in a value that say whose it is
_KINDS: Final = {Kind.TOKEN: 1, Kind.STRUCTURE: 1, Kind.CONTEXT: 2, Kind.RECORDS: 3}
_CONFIDENCES: Final = {Confidence.HIGH: 2, Confidence.MEDIUM: 1, Confidence.LOW: 0}
# What these decode is wrong as it stands: half a value, an encoded value beside its name, a value with `&quot;` behind it.
_REVEALING: Final = frozenset({"joined", "kubernetes", "entities", "quoted-printable"})
# What carries credentials of any provider: whoever names the provider says more.
NOBODYS: Final = frozenset({"generic", "git", "http", "jwt", "netrc", "oauth"})
_Way = tuple[str, ...]


def resolve(findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
    """The findings that stay and those that do not, both by offset.

    Refuted last, proved before unproved, a provider before a rule that names none, a complete set before a value, low confidence last, as it
    stands before decoded, what speaks for itself, the more telling kind, the surer, the longer shape, the narrower expression, the longer
    name, the longer value; the rule id decides what is left, so that the outcome does not hang on the order. Findings of one decoded run
    share its span and do not exclude each other: they were resolved inside it. Dumps exclude dumps only.
    """
    kept: list[Finding] = []
    lost: list[Finding] = []
    values, dumps = _Taken(), _Taken()
    for finding in sorted(findings, key=_rank):
        taken = dumps if finding.records else values
        run = finding.decoded[:1]  # the outermost: what it holds further in was resolved there
        if any(taken.clashes(start, end, run) for start, end in _spans(finding)):
            lost.append(finding)
            continue
        kept.append(finding)
        for start, end in _spans(finding):
            taken.add(start, end, run)
    return sorted(kept, key=by_offset), sorted(lost, key=by_offset)


def speaks_for_itself(rule: Rule) -> bool:
    """Whether a value of this rule says by fixed characters of its own whose it is."""
    return facts(rule.pattern, caseless=rule.caseless).own_literal >= _SPEAKS_FOR_ITSELF


def by_offset(finding: Finding) -> tuple[int, int, str, bytes]:
    """The order in which findings are reported."""
    return (finding.start, finding.end, finding.rule.id, finding.secret)


def _spans(finding: Finding) -> Iterator[tuple[int, int]]:
    yield finding.start, finding.end
    for part in finding.parts:
        yield part.start, part.end


def _rank(finding: Finding) -> tuple[object, ...]:
    rule = finding.rule
    known = facts(rule.pattern, caseless=rule.caseless)
    return (
        finding.proof.verdict is Verdict.REFUTED,
        finding.proof.verdict is not Verdict.PROVED,
        rule.provider in NOBODYS,
        not finding.set_id,
        rule.provider == "generic",
        finding.confidence is Confidence.LOW,  # as it stands by chance, perhaps
        sum(-1 if way in _REVEALING else 1 for way in finding.decoded),
        not speaks_for_itself(rule),
        # a shared prefix: the name beside it decides
        not (rule.kind is Kind.CONTEXT and speaks_for_itself(rule)),
        _KINDS[rule.kind],
        -_CONFIDENCES[finding.confidence],
        0 if rule.kind is Kind.CONTEXT else -known.minimum,
        known.maximum - known.minimum,
        len(known.alphabet),
        -len(finding.name),
        finding.start - finding.end,
        rule.id,
        finding.start,
        finding.secret,
    )


class _Taken:
    """Disjoint spans in order, found by bisection: a hostile text has thousands. One span may be taken again by the same run."""

    def __init__(self) -> None:
        self._spans: list[tuple[int, int, _Way]] = []

    def clashes(self, start: int, end: int, way: _Way) -> bool:
        at = bisect_left(self._spans, (start, -1, ()))
        near = self._spans[max(0, at - 1) : at + 1]
        return any(
            a < end and start < b and not (way and (a, b, by) == (start, end, way)) for a, b, by in near
        )

    def add(self, start: int, end: int, way: _Way) -> None:
        at = bisect_left(self._spans, (start, end, way))
        if self._spans[at : at + 1] != [(start, end, way)]:
            self._spans.insert(at, (start, end, way))
