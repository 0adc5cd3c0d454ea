"""One finding for one piece of text: of findings that share bytes the most specific stays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detectors.expressions import facts
from detectors.model import Confidence, Finding, Kind, Verdict

_KINDS: Final = {Kind.TOKEN: 3, Kind.STRUCTURE: 2, Kind.CONTEXT: 1, Kind.RECORDS: 0}
_CONFIDENCES: Final = {Confidence.HIGH: 2, Confidence.MEDIUM: 1, Confidence.LOW: 0}


def resolve(findings: Iterable[Finding]) -> tuple[list[Finding], int]:
    """The findings that stay, by offset, and how many were dropped.

    Proved before unproved, a provider before a generic rule, as it stands before decoded, the more telling kind, the surer,
    the longer (of two dumps the one with the longer least line); the rule id decides what is left, so that the outcome does not hang on the order. Findings of one decoded
    run share its span and do not exclude each other: they were resolved inside it. Nor does a dump exclude what is in it.
    """
    ranked = sorted(findings, key=_rank)
    kept: list[Finding] = []
    dropped = 0
    for finding in ranked:
        if any(_excludes(other, finding) for other in kept):
            dropped += 1
        else:
            kept.append(finding)
    kept.sort(key=lambda f: (f.start, f.end, f.rule.id, f.secret))
    return kept, dropped


def _rank(finding: Finding) -> tuple[object, ...]:
    rule = finding.rule
    return (
        finding.proof.verdict is not Verdict.PROVED,
        rule.provider == "generic",
        len(finding.decoded),
        -_KINDS[rule.kind],
        -_CONFIDENCES[finding.confidence],
        -facts(rule.pattern, caseless=rule.caseless).minimum if finding.records else 0,
        finding.start - finding.end,
        rule.id,
        finding.start,
    )


def _excludes(kept: Finding, other: Finding) -> bool:
    if kept.start >= other.end or other.start >= kept.end:
        return False
    if kept.records or other.records:
        return bool(kept.records and other.records)
    if kept.decoded and other.decoded:
        return (kept.start, kept.end, kept.decoded) != (other.start, other.end, other.decoded)
    return True
