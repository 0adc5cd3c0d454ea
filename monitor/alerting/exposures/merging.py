"""What is known of an exposure, and how one more sighting adds to it. Pure.

Everything merged is a minimum, a maximum or a union, so that order and repetition of sightings make no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.exposures.seen import Public, Seen
from monitor.alerting.ownership import Level, combine
from monitor.alerting.policy.table import CONFIDENCES, Action
from monitor.contracts import Mode
from monitor.store.model import Exposure

_OPEN: Final = "open"
_MODES: Final = (Mode.EXERCISE, Mode.REPLAY, Mode.LIVE)
_VERDICTS: Final = (Verdict.REFUTED, Verdict.UNPROVABLE, Verdict.PROVED)


def rank(*, mode: Mode, level: Level, severity: Severity, verdict: Verdict) -> int:
    """How bad: a real one above an exercise, then whose it is, then the severity, then whether it is proved. Above 0."""
    real = 1000 * (mode is not Mode.EXERCISE)
    return 1 + real + 100 * level.rank + 10 * severity.rank + 5 * (verdict is Verdict.PROVED)


def first(seen: Seen, now: float) -> Exposure:
    """The exposure that a first sighting makes; its action is the policy's to say."""
    owner = seen.attribution
    return Exposure(
        id=seen.exposure_id,
        state=_OPEN,
        mode=seen.mode.value,
        opening=1,
        rank=rank(mode=seen.mode, level=owner.level, severity=seen.severity, verdict=seen.verdict),
        told=0,
        action=Action.RECORD.value,
        decision="",
        severity=seen.severity.value,
        verdict=seen.verdict.value,
        confidence=seen.confidence.value,
        **seen.about,
        source=seen.source,
        repository=seen.repository,
        path=seen.path,
        level=owner.level.value,
        score=owner.score,
        reasons=owner.reasons,
        first_published=seen.published_at,
        first_seen=seen.seen_at,
        last_seen=seen.seen_at,
        sightings=int(seen.new_place),
        opened_at=now,
        people=seen.people,
        unwatched_since=now if owner.level is Level.NONE else None,
    )


def merge(row: Exposure, seen: Seen, now: float) -> Exposure:
    """`row` with one more sighting of it."""
    owner = combine(row.reasons, seen.attribution.reasons)
    mode = max(Mode(row.mode), seen.mode, key=_MODES.index)
    severity = max(Severity(row.severity), seen.severity, key=lambda s: s.rank)
    verdict = max(Verdict(row.verdict), seen.verdict, key=_VERDICTS.index)
    confidence = max(Confidence(row.confidence), seen.confidence, key=CONFIDENCES.index)
    published = [t for t in (row.first_published, seen.published_at) if t is not None]
    unwatched = None
    if owner.level is Level.NONE:
        unwatched = now if row.unwatched_since is None and seen.new_place else row.unwatched_since
    was_drill = row.mode == Mode.EXERCISE and mode is not Mode.EXERCISE
    return replace(
        row,
        mode=mode.value,
        told=0 if was_drill else row.told,  # who was told of a drill was not told of a leak
        rank=max(row.rank, rank(mode=mode, level=owner.level, severity=severity, verdict=verdict)),
        severity=severity.value,
        verdict=verdict.value,
        confidence=confidence.value,
        **_about(row, seen),
        **_where(row, seen),
        level=owner.level.value,
        score=owner.score,
        reasons=owner.reasons,
        first_published=min(published, default=None),
        first_seen=min(row.first_seen, seen.seen_at),
        last_seen=max(row.last_seen, seen.seen_at),
        sightings=row.sightings + seen.new_place,
        **_still_there(row, seen),
        # the largest of all places, not their sum: copies of one dump name the same people. So it means "at least"
        people=max(row.people, seen.people),
        unwatched_since=unwatched,
    )


def _about(row: Exposure, seen: Seen) -> Mapping[str, Any]:
    """The description of the severest rule that found it, a complete set's before a single one's."""
    known = (Severity(row.severity).rank, bool(row.set_id), row.rule)
    other = (seen.severity.rank, bool(seen.about["set_id"]), seen.about["rule"])
    return seen.about if other > known or (other == known and _is_reduced(row)) else {}


def _where(row: Exposure, seen: Seen) -> Mapping[str, Any]:
    """The place it was seen first."""
    known = (row.first_seen, row.source, row.repository, row.path)
    other = (seen.seen_at, seen.source, seen.repository, seen.path)
    if other >= known and not _is_reduced(row):
        return {}
    return {"source": seen.source, "repository": seen.repository, "path": seen.path}


def _still_there(row: Exposure, seen: Seen) -> Mapping[str, Any]:
    """At a place that nobody has looked at it may stand, whatever is known of the others."""
    if not (seen.new_place or seen.back):
        return {}
    public = row.public if row.public == Public.PUBLIC else Public.UNKNOWN.value
    return {"public": public, "removed_at": None}


def _is_reduced(row: Exposure) -> bool:
    """Whether the janitor has left only fingerprint, rule, source and day of it."""
    return row.level == Level.NONE and row.unwatched_since is None
