"""Findings of what a drill planted: known by their fingerprint, which was written down before the planting.

Up to here a drill's leak travelled as any other: no source, no sender and no text can declare a finding to be an exercise. A canary
whose fingerprint no drill wrote down (somebody else's copy of the format) stays a finding like others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.ownership import Ownership
from monitor.alerting.policy.cases import case_of_finding
from monitor.alerting.policy.table import Policy
from monitor.canary import RULE
from monitor.contracts import FindingEvent, Mode
from monitor.store import drills
from monitor.store.drills import Drill

_SHOWN = ("rule", "provider", "title", "severity", "revoke", "facts")  # what a practice may make look real


@dataclass(frozen=True, slots=True)
class Drilled:
    """One batch: `findings` in their order, a drill's among them as exercises; `seen` are the drills that they prove."""

    findings: list[FindingEvent]
    seen: Sequence[tuple[Drill, FindingEvent]] = ()


async def recognise(connection: AsyncConnection, findings: list[FindingEvent]) -> Drilled:
    """Costs nothing where no canary is among `findings`."""
    canaries = {
        fingerprint
        for event in findings
        if (event.rule, event.verdict) == (RULE, Verdict.PROVED)
        for fingerprint in event.leak.values()
    }
    if not canaries:
        return Drilled(findings)
    known = await drills.with_fingerprints(connection, canaries)
    seen: list[tuple[Drill, FindingEvent]] = []
    told: list[FindingEvent] = []
    for event in findings:
        drill = next((known[f] for f in event.leak.values() if f in known), None)
        if drill is not None:
            event = _exercise(event, drill)  # noqa: PLW2901
            seen.append((drill, event))
        told.append(event)
    return Drilled(told, seen)


def _exercise(event: FindingEvent, drill: Drill) -> FindingEvent:
    """It stands for the worst, so that the way of the worst is tried; a practice shows what a leak of another rule would."""
    shown: dict[str, Any] = {
        name: value for name, value in dict(drill.detail.get("shown", {})).items() if name in _SHOWN
    }
    worst = {"severity": Severity.CRITICAL.value, "confidence": Confidence.HIGH.value}
    return replace(event, mode=Mode.EXERCISE.value, **(worst | shown))


async def note(
    connection: AsyncConnection,
    drilled: Drilled,
    ownership: Ownership,
    policy: Policy,
    exposure_ids: Sequence[str],
    *,
    now: float,
) -> None:
    """Write down that they came, and what the policy would have made of a real leak there. `exposure_ids`: as in `drilled.seen`."""
    for (drill, event), exposure_id in zip(drilled.seen, exposure_ids, strict=True):
        owner = ownership.of(event)
        decision = policy.decide(case_of_finding(replace(event, mode=Mode.LIVE.value), owner, now=now))
        detail = {
            "exposure": exposure_id,
            "trace": event.trace_id,
            "collected_by": event.source,
            "fetched_at": event.fetched_at,
            "matched_at": event.matched_at,
            "owned": owner.level.value,
            "action": decision.action.value,
            "decision": decision.reason,
        }
        await drills.note_seen(connection, drill.id, at=now, detail=detail)
