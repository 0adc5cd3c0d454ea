"""What people are told, in words, for every notifier that writes to people. Not a notifier itself: no PLUGIN.

Everything here is raw: foreign strings pass `monitor.untrusted` at the sink, in whatever form that has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from monitor.alerting.notifiers.base import Change, Notification

HEADLINES: Final[Mapping[Change, str]] = {
    Change.OPENED: "Leak found",
    Change.REOPENED: "Leak is back",
    Change.ESCALATED: "Leak is worse than thought",
    Change.ACKNOWLEDGED: "Leak in hand",
    Change.CLOSED: "Leak closed",
}
DRILL: Final = "EXERCISE - "
REPLAYED: Final = ", found by replay"
_REASONS_SHOWN: Final = 5
_PLACES_SHOWN: Final = 3


def headline(notification: Notification) -> str:
    """What happened, in one line without the place."""
    exposure = notification.exposure
    what = exposure["what"]
    drill = DRILL if exposure["exercise"] else ""
    name = f"{what['title'] or what['rule']} ({what['severity']}){by_replay(exposure)}"
    return f"{drill}{HEADLINES[notification.change]}: {name}"


def by_replay(exposure: Mapping[str, Any]) -> str:
    """What marks an exposure that only a replay has found: it may have been out there for a day. "" for the others."""
    return REPLAYED if exposure.get("found_by") == "replay" else ""


def place_of(exposure: Mapping[str, Any]) -> str:
    """Where it was seen first: repository and path, else the source."""
    where = exposure["where"]
    return " ".join(part for part in (where["repository"], where["path"]) if part) or str(where["source"])


def facts(exposure: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, text): the value's preview, whether it is proved, where and when it was seen, who closed it."""
    pairs = [("Value", exposure["what"]["preview"]), ("Proof", exposure["proof"]["verdict"])]
    pairs += [("At", _where(place)) for place in exposure["places"][:_PLACES_SHOWN]]
    seen = f"{exposure['sightings']} place(s), first {exposure['first_seen']}, last {exposure['last_seen']}"
    pairs.append(("Seen", seen))
    if closed := exposure["closed"]:
        pairs.append(("Closed", f"{closed['reason']} by {closed['by']}"))
    return pairs


def reasons(exposure: Mapping[str, Any]) -> list[str]:
    """Why it is ours."""
    return [reason["text"] for reason in exposure["owned"]["reasons"][:_REASONS_SHOWN]]


def steps(notification: Notification) -> Sequence[str]:
    """What to do, in order; nothing when it is over."""
    return () if notification.change is Change.CLOSED else notification.exposure["steps"]


def _where(place: Mapping[str, Any]) -> str:
    name = "/".join(str(place[part]) for part in ("forge", "repository") if place.get(part))
    path = place.get("path") or ("" if name else place.get("url", ""))
    line = f" line {place['line']}" if place.get("line") else ""
    return f"{name} {path}{line}".strip()
