"""Records of the three topics that alerting reads, turned into events; what breaks its contract goes to the dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.exposures.seen import Public
from monitor.alerting.following.asking import place_of
from monitor.alerting.following.changes import Look
from monitor.alerting.selftest import is_planted
from monitor.bus.base import DeadLetter, Record
from monitor.contracts import (
    COVERAGE,
    FINDINGS,
    SIGHTINGS,
    CoverageEvent,
    FindingEvent,
    InvalidRecord,
    Mode,
    Sighting,
)

TOPICS: Final = (FINDINGS, SIGHTINGS, COVERAGE)
FOREIGN_KEY: Final = "foreign_key"
_VERDICTS: Final = frozenset({"", Public.PUBLIC, Public.CLEANED, Public.REMOVED})


@dataclass(slots=True)
class Intake:
    """One batch, in the order of the records."""

    findings: list[FindingEvent] = field(default_factory=list)
    planted: list[FindingEvent] = field(default_factory=list)  # by the self-test: no exposures
    sightings: list[Sighting] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)  # answers to our requests
    coverage: list[CoverageEvent] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


def read(records: Sequence[Record], keys: frozenset[str]) -> Intake:
    """`keys` are the ids of the fingerprint keys that this store knows. A finding under none of them is a dead letter (FOREIGN_KEY):
    nothing that is known could be recognised in it, so every leak would open anew and page. Raises UpgradeNeeded.
    """
    intake = Intake()
    for record in records:
        try:
            _sort(record, intake, keys)
        except InvalidRecord as error:
            intake.dead.append(DeadLetter(record, error.reason))
    return intake


def _sort(record: Record, intake: Intake, keys: frozenset[str]) -> None:
    if record.topic == FINDINGS:
        event = FindingEvent.read(record)
        if not _is_usable(event):
            raise InvalidRecord("malformed")
        if keys.isdisjoint(event.leak):  # while a key is rotated one known one is enough
            raise InvalidRecord(FOREIGN_KEY)
        (intake.planted if is_planted(event) else intake.findings).append(event)
    elif record.topic == SIGHTINGS:
        sighting = Sighting.read(record)
        if sighting.answers:
            intake.looks.append(_look(sighting))
        else:
            intake.sightings.append(sighting)
    elif record.topic == COVERAGE:
        intake.coverage.append(CoverageEvent.read(record))
    else:
        raise InvalidRecord("unknown_topic")


def _look(answer: Sighting) -> Look:
    """Raises InvalidRecord."""
    place = place_of(answer.answers)
    if not place or answer.public not in _VERDICTS:
        raise InvalidRecord("malformed")
    return Look(place, Public(answer.public) if answer.public else None, answer.seen_at)


def _is_usable(event: FindingEvent) -> bool:
    """Whether the words and digests are such as the store relies on."""
    try:
        Severity(event.severity), Confidence(event.confidence), Verdict(event.verdict), Mode(event.mode)
        digests = [(event.place_id, 32), *((fingerprint, 64) for fingerprint in event.leak.values())]
        return all(len(text) == size and len(bytes.fromhex(text)) * 2 == size for text, size in digests)
    except (TypeError, ValueError):
        return False
