"""The way of a drill in words: which stages it passed and when, and how a practice went on."""

from __future__ import annotations

from typing import Any, NamedTuple

from monitor.store.drills import Drill

STAGES = ("planted", "fetched", "matched", "stored", "told")


class Answer(NamedTuple):
    """What people did with the page, epoch seconds; None = not yet."""

    acknowledged_at: float | None = None
    closed_at: float | None = None


def stages(drill: Drill) -> list[tuple[str, float]]:
    """(stage, seconds since the planting), as far as it came, in order."""
    known = drill.detail
    times = (drill.planted_at, known.get("fetched_at"), known.get("matched_at"), drill.seen_at, _last(drill))
    return [
        (name, max(0.0, at - drill.planted_at))
        for name, at in zip(STAGES, times, strict=True)
        if at is not None
    ]


def drill_object(drill: Drill, answer: Answer | None = None) -> dict[str, Any]:
    """What `leakstream drill --json` prints: times are epoch seconds, `stages` and `notifiers` seconds since the planting."""
    told = drill.detail
    shown: dict[str, Any] = {
        "id": drill.id,
        "trace": drill.id,
        "source": drill.source,
        "state": drill.state,
        "practice": drill.practice,
        "by": told.get("by", ""),
        "planted_at": drill.planted_at,
        "due": drill.due,
        "stages": dict(stages(drill)),
        "notifiers": dict(told.get("notifiers", {})),
        "exposure": told.get("exposure", ""),
        "collected_by": told.get("collected_by", ""),
        "policy": {name: told.get(name, "") for name in ("owned", "action", "decision")},
        "stuck": told.get("stuck", ""),
        "why": told.get("failed", ""),
        "waiting": dict(told.get("waiting", {})),
        "look": told.get("look", ""),
    }
    if drill.practice and answer is not None:
        shown["acknowledged_after"] = _since(drill, answer.acknowledged_at)
        shown["closed_after"] = _since(drill, answer.closed_at)
    return shown


def _since(drill: Drill, at: float | None) -> float | None:
    """Seconds since the team was told."""
    begun = _last(drill) or drill.planted_at
    return None if at is None else max(0.0, at - begun)


def _last(drill: Drill) -> float | None:
    """When the last notifier had its page, also of a drill that was missed for another reason."""
    if drill.told_at is not None:
        return drill.told_at
    told = drill.detail.get("notifiers", {})
    return None if not told or drill.detail.get("waiting") else drill.planted_at + max(told.values())
