"""What a policy is asked about: one exposure as it is known now, reduced to what a row may state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.ownership import Attribution, Level
from monitor.contracts import FindingEvent, Mode
from monitor.store.model import Exposure

_PERSONAL: Final = ("pii-", "data-dump-")  # how the rules of personal data are named


@dataclass(frozen=True, slots=True)
class Case:
    """`age` in seconds since it was first published (else seen); `people`: whose data it holds, at least."""

    level: Level
    severity: Severity
    verdict: Verdict
    confidence: Confidence
    mode: Mode
    score: int = 100
    source: str = ""
    personal: bool = False
    people: int = 0
    age: float = 0.0


def case_of(row: Exposure, *, now: float) -> Case:
    """As the exposure stands."""
    since = row.first_seen if row.first_published is None else min(row.first_published, row.first_seen)
    return Case(
        level=Level(row.level),
        severity=Severity(row.severity),
        verdict=Verdict(row.verdict),
        confidence=Confidence(row.confidence),
        mode=Mode(row.mode),
        score=row.score,
        source=row.source,
        personal=is_personal(row.rule, row.people),
        people=row.people,
        age=max(0.0, now - since),
    )


def case_of_finding(event: FindingEvent, owner: Attribution, *, now: float) -> Case:
    """As an exposure that this finding alone would open. Raises ValueError when a word of the event is none that this version knows."""
    since = event.fetched_at if event.published_at is None else min(event.published_at, event.fetched_at)
    return Case(
        level=owner.level,
        severity=Severity(event.severity),
        verdict=Verdict(event.verdict),
        confidence=Confidence(event.confidence),
        mode=Mode(event.mode),
        score=owner.score,
        source=event.source,
        personal=is_personal(event.rule, max(event.records, len(event.people))),
        people=max(event.records, len(event.people)),
        age=max(0.0, now - since),
    )


def is_personal(rule: str, people: int) -> bool:
    """Whether what leaked is data of people rather than a credential of a service."""
    return people > 0 or rule.startswith(_PERSONAL)
