"""The life of an exposure as a pure function: (what is known, what was seen) -> (what is known now, what changed, who hears of it).

    nothing --opened--> open --closed--> closed --reopened--> open (the next opening)
                         open: repeated | escalated          closed: repeated (the close mutes it)

Everything merged is a minimum, a maximum or a union, so that order and repetition of sightings make no difference. A close mutes
its scope only (this leak everywhere, one repository, or the places seen so far); a sighting that ranks higher than everything
before always reopens. Somebody is told once for each opening and once more for each rise of the rank.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.notifiers.base import Change
from monitor.alerting.ownership import Level, combine
from monitor.alerting.policy import CONFIDENCES, Action, Decision, Policy
from monitor.alerting.seen import Seen
from monitor.contracts import Mode
from monitor.store.model import Exposure

OPEN: Final = "open"
CLOSED: Final = "closed"
_MODES: Final = (Mode.EXERCISE, Mode.REPLAY, Mode.LIVE)
_VERDICTS: Final = (Verdict.REFUTED, Verdict.UNPROVABLE, Verdict.PROVED)


class Kind(StrEnum):
    """What happened to an exposure; a metric label."""

    OPENED = "opened"
    REPEATED = "repeated"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    CLOSED = "closed"
    DROPPED = "dropped"


class CloseReason(StrEnum):
    """Why a person closed it."""

    REVOKED = "revoked"
    REMOVED = "removed"
    FALSE_ALARM = "false_alarm"
    TEST = "test"
    NOT_OURS = "not_ours"


class Scope(StrEnum):
    """What a close mutes."""

    LEAK = "leak"  # this leak wherever it is seen
    REPOSITORY = "repository"  # this leak in one repository
    SEEN = "seen"  # the places seen so far: a new one reopens


DEFAULT_SCOPE: Final[Mapping[CloseReason, Scope]] = {
    CloseReason.REVOKED: Scope.LEAK,
    CloseReason.REMOVED: Scope.SEEN,
    CloseReason.FALSE_ALARM: Scope.LEAK,
    CloseReason.TEST: Scope.LEAK,
    CloseReason.NOT_OURS: Scope.LEAK,
}


class WrongState(ValueError):
    """Closing what is closed, or reopening what is open."""


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome. `row` is None when the policy drops what was unknown. `reason` is a word out of a closed set; `tell` says
    what a notifier is told, None for nothing.
    """

    row: Exposure | None
    kind: Kind
    reason: str
    decision: Decision
    tell: Change | None = None


@dataclass(frozen=True, slots=True)
class Reopened:
    """The outcome of a person's reopening."""

    row: Exposure
    tell: Change | None
    decision: Decision


def apply(row: Exposure | None, seen: Seen, policy: Policy, *, now: float) -> Step:
    """One sighting of a leak of which `row` is known."""
    merged = _first(seen, now) if row is None else _merge(row, seen, now)
    decision = policy.decide(
        level=Level(merged.level),
        severity=Severity(merged.severity),
        verdict=Verdict(merged.verdict),
        confidence=Confidence(merged.confidence),
        mode=Mode(merged.mode),
    )
    if row is None and decision.action is Action.DROP:
        return Step(None, Kind.DROPPED, decision.reason, decision)
    merged = replace(merged, action=decision.action.value, decision=decision.reason)
    kind, reason = _transition(row, seen, merged)
    if kind is Kind.REOPENED:
        merged = _opened_again(merged, now)
    merged, tell = _telling(merged, decision)
    return Step(merged, kind, reason, decision, tell)


def close(
    row: Exposure, reason: CloseReason, *, by: str, at: float, scope: Scope, where: str = "", note: str = ""
) -> Exposure:
    """`where` is the repository of Scope.REPOSITORY. Raises WrongState."""
    if row.state == CLOSED:
        raise WrongState(f"closed already, by {row.closed_by}: {row.close_reason}")
    return replace(
        row,
        state=CLOSED,
        closed_at=at,
        closed_by=by,
        close_reason=reason.value,
        close_scope=scope.value,
        close_where=where,
        close_note=note,
    )


def reopen(row: Exposure, *, at: float) -> Reopened:
    """By a person's hand; told like any other opening if the last decision tells anybody. Raises WrongState."""
    if row.state == OPEN:
        raise WrongState("open already")
    decision = Decision(Action(row.action), row.decision)
    opened = _opened_again(row, at)
    return Reopened(*_telling(opened, decision), decision)


def rank(*, mode: Mode, level: Level, severity: Severity, verdict: Verdict) -> int:
    """How bad: a real one above an exercise, then whose it is, then the severity, then whether it is proved. Above 0."""
    real = 1000 * (mode is not Mode.EXERCISE)
    return 1 + real + 100 * level.rank + 10 * severity.rank + 5 * (verdict is Verdict.PROVED)


def idempotency_key(row: Exposure, change: Change) -> str:
    """32 hex: one for every opening and state of an exposure, the same whoever makes it and however often."""
    state = row.rank if change is Change.ESCALATED else 0
    realm = "exercise" if row.mode == Mode.EXERCISE else ""
    text = f"{row.id}\0{row.opening}\0{change.value}\0{state}\0{realm}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _transition(row: Exposure | None, seen: Seen, merged: Exposure) -> tuple[Kind, str]:
    if row is None:
        return Kind.OPENED, "new"
    if row.state == CLOSED:
        if merged.rank > row.rank:
            return Kind.REOPENED, "ranks_higher"
        if seen.new_place and not _muted(row, seen):
            return Kind.REOPENED, "outside_scope"
        return Kind.REPEATED, "muted"
    if merged.rank > row.rank:
        return Kind.ESCALATED, "ranks_higher"
    return Kind.REPEATED, "new_place" if seen.new_place else "known_place"


def _muted(row: Exposure, seen: Seen) -> bool:
    if row.close_scope == Scope.REPOSITORY:
        return seen.repository == row.close_where
    return row.close_scope == Scope.LEAK


def _telling(row: Exposure, decision: Decision) -> tuple[Exposure, Change | None]:
    """The row as told, and as what; unchanged and None when nobody has to hear of it."""
    if row.state == CLOSED or row.rank <= row.told or decision.action.rank < Action.TICKET.rank:
        return row, None
    first = Change.OPENED if row.opening == 1 else Change.REOPENED
    return replace(row, told=row.rank), Change.ESCALATED if row.told else first


def _opened_again(row: Exposure, at: float) -> Exposure:
    return replace(
        row,
        state=OPEN,
        opening=row.opening + 1,
        told=0,
        opened_at=at,
        closed_at=None,
        closed_by="",
        close_reason="",
        close_scope="",
        close_where="",
        close_note="",
    )


def _first(seen: Seen, now: float) -> Exposure:
    owner = seen.attribution
    return Exposure(
        id=seen.exposure_id,
        state=OPEN,
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
        unwatched_since=now if owner.level is Level.NONE else None,
    )


def _merge(row: Exposure, seen: Seen, now: float) -> Exposure:
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


def _is_reduced(row: Exposure) -> bool:
    """Whether the janitor has left only fingerprint, rule, source and day of it."""
    return row.level == Level.NONE and row.unwatched_since is None
