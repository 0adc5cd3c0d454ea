"""One exposure as an object: what `leakstream exposures show --json` prints, what the console shows, what a notifier is given.

Masked by the matcher already. Foreign texts (places, titles, authors) are raw: whoever shows them passes them through
`monitor.untrusted`. Of what nobody watches neither places nor preview are given, ever. Times are ISO 8601, UTC.

    id, short          fingerprint under the first key, its first 12 characters (commands take either)
    url                the console's page of it; only if the console's address is configured
    state, opening     open | closed; 1 at first, +1 with every reopening
    action, decision   what the policy makes of it: page | ticket | record, and the row that decided
    exercise           true for a drill
    what               rule, provider, family, title, severity, confidence, preview, set, parts, facts
    proof              verdict (proved | unprovable), check
    owned              level (proved | claimed | none), score (0 to 100), reasons: [{kind, entry, found, proof, weight, file, text}]
    first_published, first_seen, last_seen, opened_at
    sightings          the exact count of distinct places
    places             first 20 and last 100: number, seen_at, published_at, source, snippet, public, checked_at, removed_at and the
                       place's own fields
    people             whose data it holds, at least; 0 for a credential
    public             whether it still stands somewhere: unknown | public | cleaned (not at the head, but in the history) | removed
    checked_at         when somebody looked last
    removed_at, revoked_at   since when it stands nowhere, and is dead; null
    acknowledged       null, or at, by
    window             null for what nobody watches, or since, until (null while it runs), seconds, ended_by ("" | revoked | removed)
    closed             null, or at, by, reason, scope, where, note
    revoke, revoke_url the rule's line on revoking; where the first step is taken, or ""
    steps              what to do, in order: at most seven sentences that quote foreign texts
    audit_log          the step that says where use of it shows; who_to_tell: whom to tell, and by when
    personal           null, or of leaked personal data: data, people (at least, 0 = not counted), law, authority, contact, aware, deadline
    evidence           only when one is shown: how many sealed files there are of it (`leakstream evidence`)
    history            only when one is shown: at, actor, verb, detail of the newest 100 entries of its audit log
    changes            only when one is shown: the same without the looks, of which there may be many
    told               only when one is shown: notifier, change, action, opening, state, reason, tries, made_at, delivered_at (null) of what was to be told
    checklist          only when one is shown: step (its name), text, done (null, or at, by) for each of `steps`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from monitor.alerting.containment.checklist import Tick
from monitor.alerting.containment.duty import GDPR, Duty, PrivacySettings
from monitor.alerting.drills.exercises import todo
from monitor.alerting.exposures.windows import window_of
from monitor.alerting.ownership import Level, reason_text
from monitor.store.model import Exposure


def summary_object(row: Exposure, *, console: str = "", now: float | None = None) -> dict[str, Any]:
    """Everything but places and steps: a line of a list. `console` is the console's base address, "" for none. Without `now` a window
    that runs has no seconds.
    """
    watched = row.level != Level.NONE
    summary = {
        "id": row.id,
        "short": row.id[:12],
        "state": row.state,
        "opening": row.opening,
        "action": row.action,
        "decision": row.decision,
        "exercise": row.mode == "exercise",
        "found_by": row.mode,
        "what": {
            "rule": row.rule,
            "provider": row.provider,
            "family": row.family,
            "title": row.title,
            "severity": row.severity,
            "confidence": row.confidence,
            "preview": row.preview if watched else "",
            "set": row.set_id,
            "parts": list(row.parts),
            "facts": dict(row.facts) if watched else {},
        },
        "proof": {"verdict": row.verdict, "check": row.check},
        "owned": {
            "level": row.level,
            "score": row.score,
            "reasons": [{**reason, "text": reason_text(reason)} for reason in row.reasons],
        },
        "where": {
            "source": row.source,
            "repository": row.repository if watched else "",
            "path": row.path if watched else "",
        },
        "first_published": _time(row.first_published, exact=watched),
        "first_seen": _time(row.first_seen, exact=watched),
        "last_seen": _time(row.last_seen, exact=watched),
        "opened_at": _time(row.opened_at, exact=watched),
        "sightings": row.sightings,
        "people": row.people,
        "public": row.public if watched else "unknown",
        "checked_at": _time(row.checked_at) if watched else None,
        "removed_at": _time(row.removed_at) if watched else None,
        "revoked_at": _time(row.revoked_at) if watched else None,
        "acknowledged": _acknowledged(row),
        "window": _window(row, now) if watched else None,
        "closed": _closed(row),
        "revoke": row.revoke,
    }
    if console:
        summary["url"] = f"{console.rstrip('/')}/exposures/{row.id}"
    return summary


def exposure_object(
    row: Exposure,
    places: Iterable[Mapping[str, Any]],
    *,
    console: str = "",
    now: float | None = None,
    privacy: PrivacySettings = GDPR,
) -> dict[str, Any]:
    """The whole of it. `places` are rows of `sightings` in their order; `now` as for the summary; `privacy`: whose clock runs."""
    shown = [_place(place) for place in places] if row.level != Level.NONE else []
    doing = todo(row, privacy)
    return {
        **summary_object(row, console=console, now=now),
        "places": shown,
        "steps": list(doing.steps),
        "audit_log": doing.audit_log,
        "who_to_tell": doing.who_to_tell,
        "revoke_url": doing.revoke_url,
        "personal": _personal(doing.duty),
    }


def _personal(duty: Duty | None) -> dict[str, Any] | None:
    if duty is None:
        return None
    return {
        "data": duty.data,
        "people": duty.people,
        "law": duty.law,
        "authority": duty.authority,
        "contact": duty.contact,
        "aware": _time(duty.aware),
        "deadline": _time(duty.deadline),
    }


def _place(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "number": row["number"],
        "seen_at": _time(row["seen_at"]),
        "published_at": _time(row["published_at"]),
        "source": row["source"],
        "snippet": row["snippet"],
        "blob_sha": row["blob_sha"],
        "public": row["public"],
        "checked_at": _time(row["checked_at"]),
        "removed_at": _time(row["removed_at"]),
        **row["place"],
    }


def history_object(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the audit log, without the address it came from: that is for `leakstream privacy log`."""
    return {
        "at": _time(entry["at"]),
        "actor": entry["actor"],
        "verb": entry["verb"],
        "detail": {key: value for key, value in entry["detail"].items() if key != "origin"},
    }


def told_object(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the outbox."""
    return {
        "notifier": row["notifier"],
        "change": row["change"],
        "action": row["action"],
        "opening": row["opening"],
        "state": row["state"],
        "reason": row["reason"],
        "tries": row["attempts"],
        "made_at": _time(row["created_at"]),
        "delivered_at": _time(row["delivered_at"]),
    }


def checklist(row: Exposure, ticks: Mapping[str, Tick], privacy: PrivacySettings) -> list[dict[str, Any]]:
    """The steps, each with who has done it and when."""
    doing = todo(row, privacy)
    return [
        {"step": name, "text": text, "done": _done(ticks.get(name))}
        for name, text in zip(doing.names, doing.steps, strict=True)
    ]


def _done(tick: Tick | None) -> dict[str, Any] | None:
    return {"at": _time(tick.at), "by": tick.by} if tick else None


def _acknowledged(row: Exposure) -> dict[str, Any] | None:
    if row.acknowledged_at is None:
        return None
    return {"at": _time(row.acknowledged_at), "by": row.acknowledged_by}


def _window(row: Exposure, now: float | None) -> dict[str, Any]:
    window = window_of(row)
    at = window.until if now is None else now
    return {
        "since": _time(window.since),
        "until": _time(window.until),
        "seconds": None if at is None else window.seconds(at),
        "ended_by": window.ended_by,
    }


def _closed(row: Exposure) -> dict[str, Any] | None:
    if row.closed_at is None:
        return None
    return {
        "at": _time(row.closed_at),
        "by": row.closed_by,
        "reason": row.close_reason,
        "scope": row.close_scope,
        "where": row.close_where,
        "note": row.close_note,
    }


def _time(seconds: float | None, *, exact: bool = True) -> str | None:
    if seconds is None:
        return None
    when = datetime.fromtimestamp(seconds, UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ" if exact else "%Y-%m-%d")
