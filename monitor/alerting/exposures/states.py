"""The life of an exposure as a pure function: (what is known, what was seen) -> (what is known now, what changed, who hears of it).

    nothing --opened--> open --closed--> closed --reopened--> open (the next opening)
                         open: repeated | escalated          closed: repeated (the close mutes it)

A close mutes its scope only (this leak everywhere, one repository, or the places seen so far); a sighting that ranks higher than
everything before always reopens. Somebody is told once for each opening and once more for each rise of the rank. That somebody
has acknowledged it, and that the secret is dead (revoked), are marks on an exposure and no states: neither ends it, neither keeps
anybody from being told. How sightings add up is in `merging`, what a look at a place does in `following`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from monitor.alerting.exposures.merging import first, merge
from monitor.alerting.exposures.seen import Seen
from monitor.alerting.notifiers.base import Change
from monitor.alerting.ownership import Level
from monitor.alerting.policy.cases import case_of
from monitor.alerting.policy.table import CLAIMED_STORM, Action, Decision, Policy
from monitor.contracts import Mode
from monitor.store.model import Exposure

OPEN: Final = "open"
CLOSED: Final = "closed"


class Kind(StrEnum):
    """What happened to an exposure; a metric label."""

    OPENED = "opened"
    REPEATED = "repeated"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    CLOSED = "closed"
    DROPPED = "dropped"


class CloseReason(StrEnum):
    """Why it is over."""

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


# what a close says of the rule that found it
VERDICTS: Final[Mapping[CloseReason, str]] = {
    CloseReason.REVOKED: "confirmed",
    CloseReason.REMOVED: "confirmed",
    CloseReason.FALSE_ALARM: "false_positive",
    CloseReason.TEST: "other",
    CloseReason.NOT_OURS: "other",
}


SYSTEM: Final = "system"  # who closed it, when nobody did


class WrongState(ValueError):
    """Closing what is closed, reopening what is open, acknowledging what is over, revoking what is revoked."""


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


def apply(
    row: Exposure | None,
    seen: Seen,
    policy: Policy,
    *,
    now: float,
    room: Callable[[], bool] = lambda: True,
) -> Step:
    """One sighting of a leak of which `row` is known. `room`: whether one more ticket may begin of what is only claimed."""
    merged = first(seen, now) if row is None else merge(row, seen, now)
    decision = policy.decide(case_of(merged, now=now))
    if row is None and decision.action is Action.DROP:
        return Step(None, Kind.DROPPED, decision.reason, decision)
    merged = replace(merged, action=decision.action.value, decision=decision.reason)
    kind, reason = _transition(row, seen, merged)
    if kind is Kind.REOPENED:
        merged = _opened_again(merged, now)
    told, tell = _telling(merged, decision)
    if tell is not None and _is_new_claim(merged, decision) and not room():
        decision = Decision(Action.RECORD, CLAIMED_STORM)
        told, tell = replace(merged, action=decision.action.value, decision=decision.reason), None
    return Step(told, kind, reason, decision, tell)


def close(
    row: Exposure, reason: CloseReason, *, by: str, at: float, scope: Scope, where: str = "", note: str = ""
) -> Exposure:
    """`where` is the repository of Scope.REPOSITORY. Who says that it was revoked, or is gone, says so as of `at` unless it is known
    to be so for longer. Raises WrongState.
    """
    if row.state == CLOSED:
        raise WrongState(f"closed already, by {row.closed_by}: {row.close_reason}")
    return replace(
        row,
        revoked_at=_since(row.revoked_at, at) if reason is CloseReason.REVOKED else row.revoked_at,
        removed_at=_since(row.removed_at, at) if reason is CloseReason.REMOVED else row.removed_at,
        state=CLOSED,
        closed_at=at,
        closed_by=by,
        close_reason=reason.value,
        close_scope=scope.value,
        close_where=where,
        close_note=note,
    )


def acknowledge(row: Exposure, *, by: str, at: float) -> Exposure:
    """Somebody has it in hand. The first one stands: an opening has one owner. Raises WrongState."""
    if row.state == CLOSED:
        raise WrongState(f"closed already, by {row.closed_by}: {row.close_reason}")
    if row.acknowledged_at is not None:
        raise WrongState(f"acknowledged already, by {row.acknowledged_by}")
    return replace(row, acknowledged_at=at, acknowledged_by=by)


def revoke(row: Exposure, *, at: float) -> Exposure:
    """The secret is dead since `at`, though the text may stand where it stood. Open or closed. Raises WrongState."""
    if row.revoked_at is not None:
        raise WrongState("revoked already")
    return replace(row, revoked_at=at)


def reopen(row: Exposure, *, at: float) -> Reopened:
    """Told like any other opening if the last decision tells anybody. Raises WrongState."""
    if row.state == OPEN:
        raise WrongState("open already")
    decision = Decision(Action(row.action), row.decision)
    opened = _opened_again(row, at)
    return Reopened(*_telling(opened, decision), decision)


def idempotency_key(row: Exposure, change: Change) -> str:
    """32 hex: one for every opening and state of an exposure, the same whoever makes it and however often."""
    state = row.rank if change is Change.ESCALATED else 0
    realm = "exercise" if row.mode == Mode.EXERCISE else ""
    text = f"{row.id}\0{row.opening}\0{change.value}\0{state}\0{realm}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _transition(row: Exposure | None, seen: Seen, merged: Exposure) -> tuple[Kind, str]:
    if row is None:
        return Kind.OPENED, "new"
    if merged.rank > row.rank:
        return (Kind.REOPENED if row.state == CLOSED else Kind.ESCALATED), "ranks_higher"
    if row.state != CLOSED:
        return Kind.REPEATED, "new_place" if seen.new_place else "known_place"
    if seen.new_place and not _muted(row, seen):
        return Kind.REOPENED, "outside_scope"
    if seen.back and row.close_scope == Scope.SEEN:
        return Kind.REOPENED, "public_again"
    return Kind.REPEATED, "muted"


def _muted(row: Exposure, seen: Seen) -> bool:
    if row.close_scope == Scope.REPOSITORY:
        return seen.repository == row.close_where
    return row.close_scope == Scope.LEAK


def _is_new_claim(row: Exposure, decision: Decision) -> bool:
    return row.told == 0 and row.level == Level.CLAIMED and decision.action is Action.TICKET


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
        acknowledged_at=None,
        acknowledged_by="",
        closed_at=None,
        closed_by="",
        close_reason="",
        close_scope="",
        close_where="",
        close_note="",
    )


def _since(known: float | None, at: float) -> float:
    return at if known is None else known
