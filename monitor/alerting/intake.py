"""Records of the three topics that alerting reads, turned into events; what breaks its contract goes to the dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from detectors.model import Confidence, Severity, Verdict
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


@dataclass(slots=True)
class Intake:
    """One batch, in the order of the records."""

    findings: list[FindingEvent] = field(default_factory=list)
    planted: list[FindingEvent] = field(default_factory=list)  # by the self-test: no exposures
    sightings: list[Sighting] = field(default_factory=list)
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
        intake.sightings.append(Sighting.read(record))
    elif record.topic == COVERAGE:
        intake.coverage.append(CoverageEvent.read(record))
    else:
        raise InvalidRecord("unknown_topic")


def _is_usable(event: FindingEvent) -> bool:
    """Whether the words and digests are such as the store relies on."""
    try:
        Severity(event.severity), Confidence(event.confidence), Verdict(event.verdict), Mode(event.mode)
        digests = [(event.place_id, 32), *((fingerprint, 64) for fingerprint in event.leak.values())]
        return all(len(text) == size and len(bytes.fromhex(text)) * 2 == size for text, size in digests)
    except (TypeError, ValueError):
        return False
