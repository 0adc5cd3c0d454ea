"""The life of an exposure as moments in their order, and the picture of it: stations on a line, whose distances grow with the logarithm
of the time between, so that the seconds from publication to page are seen beside the days until the revocation. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from monitor.console.words import seconds_of, span

WIDTH: Final = 960.0
_LEFT: Final = 70.0  # half of a label's width
_GAP: Final = 90.0  # the least between two stations
_MOST: Final = 9  # stations: more would not be read
_PLACES: Final = 30  # further places as moments of their own
_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    "acknowledged": ("acknowledged", "taken in hand"),
    "revoked": ("revoked", "marked as revoked at its provider"),
    "closed": ("closed", "closed"),
    "reopened": ("reopened", "opened again"),
    "window_ended": ("ended", "the window ended"),
    "checked": ("checked", "looked at again"),
    "attributed": ("checked", "found to be ours"),
    "ticked": ("ticked", "step done"),
    "unticked": ("ticked", "step not done after all"),
    "took_evidence": ("checked", "the sealed evidence was taken out"),
    "erased_evidence": ("checked", "the sealed evidence was erased"),
}
STEPS: Final[Mapping[str, str]] = {
    "stop": "stop the abuse",
    "rotate": "put a new one in its place",
    "check": "look for what was left behind",
    "audit": "look for use",
    "tell": "tell people",
    "place": "take it out of the place",
    "close": "close",
}
# what the picture shows, and by which word; of these the first of a kind
_STATIONS: Final[Mapping[str, str]] = {
    "published": "published",
    "seen": "seen",
    "told": "told",
    "acknowledged": "in hand",
    "cleaned": "cleaned",
    "removed": "removed",
    "revoked": "revoked",
    "closed": "closed",
    "reopened": "reopened",
    "now": "now",
}
_SAME_SECOND: Final = {"published": -1, "closed": 1}  # what comes first, and last, of what has one time
_ENDS: Final = ("removed", "revoked")  # of the window


@dataclass(frozen=True, slots=True)
class Moment:
    """`time` as the exposure's object writes it; `kind` is out of a closed set, a class of the style sheet; `what` and `who` quote
    foreign text.
    """

    time: str
    kind: str
    what: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class Station:
    """A moment's place in the picture. `since`: how long after the one before, "" at the first; `exposed`: the line up to the next one
    is drawn as exposed.
    """

    x: float
    kind: str
    label: str
    time: str
    since: str
    middle: float
    exposed: bool


def moments(exposure: Mapping[str, Any]) -> list[Moment]:
    """Oldest first."""
    found = [
        Moment(exposure["first_seen"], "seen", f"seen first by the source {exposure['where']['source']}")
    ]
    if exposure["first_published"]:
        found.append(Moment(exposure["first_published"], "published", "published, as the place itself says"))
    changes = exposure["changes"]
    verbs = {entry["verb"] for entry in changes}
    if exposure["removed_at"]:
        found.append(Moment(exposure["removed_at"], "removed", "stands at none of its known places any more"))
    if exposure["public"] == "cleaned" and exposure["checked_at"]:
        found.append(Moment(exposure["checked_at"], "cleaned", "gone from the head, still in the history"))
    if exposure["revoked_at"] and "revoked" not in verbs:
        found.append(Moment(exposure["revoked_at"], "revoked", "revoked"))
    if exposure["acknowledged"] and "acknowledged" not in verbs:
        taken = exposure["acknowledged"]
        found.append(Moment(taken["at"], "acknowledged", "taken in hand", taken["by"]))
    found += _further(exposure["places"])
    found += [_told(each) for each in exposure["told"]]
    found += [_changed(entry) for entry in changes]
    return sorted(found, key=lambda moment: (moment.time, _SAME_SECOND.get(moment.kind, 0)))


def told_first(exposure: Mapping[str, Any]) -> tuple[str, float | None] | None:
    """Who was told first in this opening, and how many seconds after the publication (None where that is not known)."""
    told = [
        each for each in exposure["told"] if each["delivered_at"] and each["opening"] == exposure["opening"]
    ]
    if not told:
        return None
    first = min(told, key=lambda each: (each["delivered_at"], each["notifier"]))
    if exposure["opening"] > 1 or not exposure["first_published"]:
        return first["notifier"], None
    return first["notifier"], seconds_of(first["delivered_at"]) - seconds_of(exposure["first_published"])


def stations(found: Sequence[Moment], now: str = "") -> list[Station]:
    """The picture's. `now` where the exposure is still open."""
    shown: dict[str, Moment] = {}
    for moment in found:
        if moment.kind in _STATIONS:
            shown.setdefault(moment.kind, moment)
    line = sorted(shown.values(), key=lambda moment: seconds_of(moment.time))[: _MOST - 1]
    if now:
        line.append(Moment(now, "now", ""))
    times = [seconds_of(moment.time) for moment in line]
    steps = [max(0.0, after - before) for before, after in pairwise(times)]
    room = max(0.0, WIDTH - 2 * _LEFT - _GAP * len(steps))
    weights = [math.log10(1.0 + step) for step in steps]
    total = sum(weights) or 1.0
    places = [_LEFT]
    for weight in weights:
        places.append(places[-1] + _GAP + room * weight / total)
    end = next((n for n, moment in enumerate(line) if moment.kind in _ENDS), len(line))
    return [
        Station(
            x=round(x, 1),
            kind=moment.kind,
            label=_STATIONS[moment.kind],
            time=moment.time,
            since=f"+{span(steps[n - 1])}" if n else "",
            middle=round((x + places[n - 1]) / 2, 1) if n else 0.0,
            exposed=n < end,
        )
        for n, (moment, x) in enumerate(zip(line, places, strict=True))
    ]


def _further(places: Sequence[Mapping[str, Any]]) -> Iterable[Moment]:
    for place in places[1:_PLACES]:
        where = place.get("repository") or place.get("url") or place.get("forge") or place["source"]
        yield Moment(place["seen_at"], "place", f"seen at a further place: {where}")


def _told(each: Mapping[str, Any]) -> Moment:
    what = f"{each['notifier']}: {each['change']}, {each['action']}"
    if each["delivered_at"]:
        return Moment(each["delivered_at"], "told", f"told {what}")
    why = f" ({each['reason'].replace('_', ' ')})" if each["reason"] else ""
    state = "waits for" if each["state"] == "pending" else f"{each['state']}:"
    return Moment(each["made_at"], "untold", f"{state} {what}{why}")


def _changed(entry: Mapping[str, Any]) -> Moment:
    kind, text = _VERBS.get(entry["verb"], ("checked", entry["verb"].replace("_", " ")))
    detail = entry["detail"]
    step = detail.get("step", "")
    words = [f"{text}: {STEPS.get(step, step)}" if step else text]
    for key, lead in (("reason", ""), ("public", "is "), ("ended_by", "by being ")):
        if detail.get(key):
            words.append(f"{lead}{detail[key]}".replace("_", " "))
    if detail.get("note"):
        words.append(f"“{detail['note']}”")
    return Moment(entry["at"], kind, ", ".join(words), entry["actor"])
