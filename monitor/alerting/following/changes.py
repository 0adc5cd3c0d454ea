"""What a look at a place changes. Pure.

    place       unknown --> public <--> cleaned        removed --> public | cleaned: it is back
                   any --> removed                      looked at a few times more, since things come back
    exposure    the worst of its places that cannot be ruled out: public, unknown, cleaned, removed
                all places removed: it closes itself       a removed place is public again: it opens again

The newest look at a place wins, whatever order the answers come in; an answer that comes twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.alerting.exposures.seen import Public
from monitor.alerting.exposures.states import CLOSED, OPEN, SYSTEM, CloseReason, Scope, close
from monitor.alerting.ownership import Level
from monitor.contracts import Mode
from monitor.store.model import Exposure, Standing

FIRST: Final = 120.0  # seconds until the first look: most of what is taken back at all is taken back at once
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_LOOKS: Final = (FIRST, 10 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 6 * _HOUR, *[_DAY] * 14)
_LATER: Final = 7 * _DAY
_GONE_LOOKS: Final = (10 * _MINUTE, 2 * _HOUR, _DAY, 7 * _DAY, 30 * _DAY)
_NO_ANSWER: Final = 30 * _MINUTE  # a server that does not say: not so soon again, and no step of the schedule

# what these read may never have been public (a mirror with its own credential, a webhook of a private repository): that
# strangers do not see it is then no removal
_UNSURE: Final = frozenset({"git", "ingest", "directory", "stdin"})
_WORST: Final = (Public.PUBLIC, Public.UNKNOWN, Public.CLEANED, Public.REMOVED)


@dataclass(frozen=True, slots=True)
class Look:
    """What a collector says of one place. `public` is None when the server did not say."""

    place_id: str
    public: Public | None
    at: float


@dataclass(frozen=True, slots=True)
class Followed:
    """An exposure after looks: its row, the places that changed, and whether it ended or began again by them."""

    row: Exposure
    changed: Sequence[Standing]
    closed: bool = False
    back: bool = False  # it is to be opened again


def is_followed(row: Exposure) -> bool:
    """Whether its places are looked at: open and somebody's, or closed because it was gone. A drill stands nowhere."""
    over = row.close_reason == CloseReason.REMOVED and row.close_scope == Scope.SEEN
    return row.level != Level.NONE and row.mode != Mode.EXERCISE and (row.state == OPEN or over)


def asked(standing: Standing, *, now: float) -> Standing:
    """A look was asked for; the next one is further away, or is none."""
    checks = standing.checks + 1
    looks = _GONE_LOOKS if standing.public == Public.REMOVED else _LOOKS
    later = None if standing.public == Public.REMOVED else now + _LATER
    return replace(standing, checks=checks, next_check=now + looks[checks] if checks < len(looks) else later)


def looked(row: Exposure, standings: Sequence[Standing], looks: Iterable[Look], *, now: float) -> Followed:
    """`standings` are all kept places of `row`. A look at a place holds for the leak wherever in that text it stands."""
    known = {each.place_id: each for each in standings}
    before = dict(known)
    for look in sorted(looks, key=lambda each: each.at):
        at = known.get(look.place_id)
        for each in standings:
            if at is not None and text_of(each) == text_of(at):
                known[each.place_id] = _judged(known[each.place_id], look, now)
    changed = [each for name, each in known.items() if each != before[name]]
    if not changed:
        return Followed(row, ())
    return _summed(row, before, list(known.values()), changed, now)


def _summed(
    row: Exposure,
    before: dict[str, Standing],
    standings: Sequence[Standing],
    changed: Sequence[Standing],
    now: float,
) -> Followed:
    public = _worst(row, standings)
    checked = max((each.checked_at for each in standings if each.checked_at is not None), default=None)
    is_gone = public is Public.REMOVED
    removed = max((each.removed_at or 0.0 for each in standings), default=0.0) if is_gone else None
    summed = replace(row, public=public.value, checked_at=checked, removed_at=removed)
    if row.removed_at is not None and (is_gone or not _is_back(row, before, changed)):
        # who said that it is gone is believed until a look shows it, and the first time stands
        summed = replace(summed, removed_at=row.removed_at)
    if row.state == OPEN and is_gone and row.removed_at is None:
        # what is dead needs nobody's attention when it is seen again
        scope = Scope.LEAK if row.revoked_at is not None else Scope.SEEN
        return Followed(
            close(summed, CloseReason.REMOVED, by=SYSTEM, at=now, scope=scope), changed, closed=True
        )
    muted = row.close_reason != CloseReason.REMOVED or row.close_scope != Scope.SEEN
    if row.state == CLOSED and not muted and _is_back(row, before, changed):
        return Followed(replace(summed, removed_at=None), changed, back=True)
    return Followed(summed, changed)


def _judged(known: Standing, look: Look, now: float) -> Standing:
    if known.checked_at is not None and look.at <= known.checked_at:
        return known
    if look.public is None:
        again = now + _NO_ANSWER
        is_sooner = known.next_check is not None and known.next_check > again
        return replace(known, next_check=again, checks=max(0, known.checks - 1)) if is_sooner else known
    checked = replace(known, public=look.public.value, checked_at=look.at)
    if look.public is Public.REMOVED and known.public == Public.UNKNOWN and known.source in _UNSURE:
        return replace(known, checked_at=look.at, next_check=None)
    if look.public is Public.REMOVED and known.public != Public.REMOVED:
        return replace(checked, removed_at=look.at, checks=0, next_check=now + _GONE_LOOKS[0])
    if look.public is not Public.REMOVED and known.public == Public.REMOVED:
        return replace(checked, removed_at=None, checks=0, next_check=now + FIRST)
    return checked


def _worst(row: Exposure, standings: Sequence[Standing]) -> Public:
    words = {Public(each.public) for each in standings}
    if len(standings) < row.sightings or not words:  # of the others only the number is kept
        words.add(Public.UNKNOWN)
    return next(word for word in _WORST if word in words)


def _is_back(row: Exposure, before: dict[str, Standing], changed: Sequence[Standing]) -> bool:
    """Whether a look shows what was said to be gone: where it was seen to be gone, or after a person said so."""
    for each in changed:
        old = before[each.place_id]
        if each.checked_at == old.checked_at:  # nobody looked: only the next look moved
            continue
        after = row.closed_at is not None and (each.checked_at or 0.0) > row.closed_at
        if old.public == Public.REMOVED and each.public in (Public.PUBLIC, Public.CLEANED):
            return True
        if each.public == Public.PUBLIC and after and row.closed_by != SYSTEM:
            return True
    return False


def text_of(standing: Standing) -> tuple[str, ...]:
    """What names the text at a place: the same for every occurrence of a leak in it."""
    place = standing.place
    names = ("forge", "repository", "url", "commit", "path")
    return (standing.blob_sha, *(str(place.get(name, "")) for name in names))
