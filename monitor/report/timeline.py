"""What happened to an exposure, in order: out of its row, its history and what the notifiers took. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from monitor.alerting.exposures.desk import LOOKS
from monitor.store.model import Exposure
from monitor.store.outbox import DROPPED, FAILED, PENDING, SKIPPED

_UNTOLD: Final[Mapping[str, str]] = {
    FAILED: "not told: it refused the message for good",
    SKIPPED: "not told: a silence held it until it was over",
    DROPPED: "not told: somebody gave the message up",
}
_VERBS: Final[Mapping[str, str]] = {
    "acknowledged": "acknowledged",
    "revoked": "marked as revoked",
    "closed": "closed",
    "reopened": "reopened",
    "window_ended": "the window ended",
    "checked": "looked at again",
    "attributed": "found to be ours",
    "took_evidence": "the sealed evidence was taken out",
    "erased_evidence": "the sealed evidence was erased",
    "ticked": "a step was done",
    "unticked": "a step was found not to be done",
}


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """`at` in epoch seconds; `what` and `who` quote foreign text."""

    at: float
    what: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class ToldOnce:
    """What one notifier was told, or not: `state` is that of the outbox, `delivered_at` None unless it took it."""

    notifier: str
    change: str
    action: str
    created_at: float
    delivered_at: float | None
    state: str = PENDING


def timeline(row: Exposure, told: Iterable[ToldOnce], history: Iterable[Mapping[str, Any]]) -> list[Event]:
    """Oldest first. `history`: rows of the audit log, in any order."""
    events = [Event(row.first_seen, f"seen first by the source {row.source}", "leakstream")]
    if row.first_published is not None:
        events.append(Event(row.first_published, "published (as the place itself says)"))
    if row.removed_at is not None:
        events.append(
            Event(row.removed_at, "found to stand at none of its known places any more", "leakstream")
        )
    if row.revoked_at is not None and not any(each["verb"] == "revoked" for each in history):
        events.append(Event(row.revoked_at, "revoked"))
    events += [_told(each) for each in told]
    events += [_done(each) for each in history if each["verb"] not in LOOKS]
    return sorted(events)


def looks(history: Sequence[Mapping[str, Any]]) -> int:
    """How often somebody looked at it."""
    return sum(entry["verb"] in LOOKS for entry in history)


def _told(each: ToldOnce) -> Event:
    if each.delivered_at is None:
        why = _UNTOLD.get(each.state, "not told yet")
        return Event(
            each.created_at, f"{each.change}, {each.action}: {each.notifier} was {why}", "leakstream"
        )
    return Event(each.delivered_at, f"told {each.notifier}: {each.change}, {each.action}", "leakstream")


def _done(entry: Mapping[str, Any]) -> Event:
    detail = entry["detail"]
    words = [_VERBS.get(entry["verb"], entry["verb"].replace("_", " "))]
    if detail.get("reason"):
        words.append(f"reason {detail['reason']}".replace("_", " "))
    if detail.get("was") and detail.get("public"):
        words.append(f"was {detail['was']}, is {detail['public']}")
    if detail.get("ended_by"):
        words.append(f"by being {detail['ended_by']}")
    if detail.get("step"):
        words.append(f"step {detail['step']}")
    if detail.get("note"):
        words.append(f"note: {detail['note']}")
    return Event(entry["at"], ", ".join(words), entry["actor"])
