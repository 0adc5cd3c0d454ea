"""One sighting of a leak as the life of an exposure needs it, whatever it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.ownership import Attribution
from monitor.contracts import FindingEvent, Mode, Sighting
from monitor.store.model import Exposure


class Public(StrEnum):
    """Whether a leak still stands where it was seen; of an exposure with several places the worst that cannot be ruled out."""

    UNKNOWN = "unknown"  # nobody has looked, or there is nothing to look at
    PUBLIC = "public"
    CLEANED = "cleaned"  # not at the head any more, but the history shows it to everybody
    REMOVED = "removed"  # the place is gone


@dataclass(frozen=True, slots=True)
class Seen:
    """As `exposures.apply` takes it."""

    exposure_id: str
    new_place: bool
    seen_at: float
    published_at: float | None
    mode: Mode
    severity: Severity
    verdict: Verdict
    confidence: Confidence
    source: str
    repository: str
    path: str
    attribution: Attribution
    about: Mapping[str, Any] = field(repr=False)  # what names the leak: the columns of _ABOUT
    back: bool = False  # a known place that was gone, published again since
    people: int = 0  # whose data stands at the place


_ABOUT: Final = (
    "rule",
    "provider",
    "family",
    "title",
    "check",
    "set_id",
    "parts",
    "facts",
    "preview",
    "revoke",
)


def seen_of_finding(
    event: FindingEvent, exposure_id: str, attribution: Attribution, *, new_place: bool, back: bool = False
) -> Seen:
    """Raises ValueError when a word of the event is none that this version knows."""
    return Seen(
        exposure_id=exposure_id,
        new_place=new_place,
        seen_at=event.fetched_at,
        published_at=event.published_at,
        mode=Mode(event.mode),
        severity=Severity(event.severity),
        verdict=Verdict(event.verdict),
        confidence=Confidence(event.confidence),
        source=event.source,
        repository=event.place.repository,
        path=event.place.path or event.place.url,
        attribution=attribution,
        about={name: getattr(event, name) for name in _ABOUT},
        back=back,
        people=max(event.records, len(event.people)),
    )


def seen_of_sighting(
    row: Exposure, sighting: Sighting, attribution: Attribution, *, new_place: bool, back: bool = False
) -> Seen:
    """A known blob of `row` stands at one more place."""
    return Seen(
        exposure_id=row.id,
        new_place=new_place,
        seen_at=sighting.seen_at,
        published_at=sighting.published_at,
        mode=Mode(row.mode),
        severity=Severity(row.severity),
        verdict=Verdict(row.verdict),
        confidence=Confidence(row.confidence),
        source=sighting.source,
        repository=sighting.place.repository,
        path=sighting.place.path or sighting.place.url,
        attribution=attribution,
        about={name: getattr(row, name) for name in _ABOUT},
        back=back,
    )
