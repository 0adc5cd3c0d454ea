"""Places that are looked at again: what became of each, and when the next look is due. Inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks, execute_many
from monitor.store.model import Standing
from monitor.store.tables import audit, exposures, places, sightings

WINDOW_ENDED: Final = "window_ended"  # verb of the audit log: how long it could be read, and what ended that

_COLUMNS: Final = tuple(f.name for f in fields(Standing))
_STATE: Final = ("public", "checked_at", "removed_at", "next_check", "checks")
_SAVE: Final = (
    update(sightings)
    .where(sightings.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in _STATE})
)
_SAVE_TIMES: Final = (
    update(sightings)
    .where(sightings.c.id == bindparam("row_id"))
    .values(next_check=bindparam("next_check"), checks=bindparam("checks"))
)
_SOONER: Final = (
    update(sightings)
    .where(
        sightings.c.exposure_id == bindparam("exposure"),
        or_(sightings.c.next_check.is_(None), sightings.c.next_check > bindparam("at")),
    )
    .values(next_check=bindparam("at"), checks=0)
)


@dataclass(frozen=True, slots=True)
class Due:
    """A place whose next look is due; `follow` = somebody wants to know."""

    standing: Standing
    follow: bool


async def owners(connection: AsyncConnection, place_ids: Iterable[str]) -> dict[str, str]:
    """Place id (hex) -> exposure id, of those that were counted."""
    found: dict[str, str] = {}
    for chunk in chunks(bytes.fromhex(place) for place in place_ids):
        query = select(places.c.place_id, places.c.exposure_id).where(places.c.place_id.in_(chunk))
        found.update((row[0].hex(), row[1]) for row in await connection.execute(query))
    return found


async def standings(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, list[Standing]]:
    """Exposure id -> its kept places in order; every id is there."""
    found: dict[str, list[Standing]] = {exposure_id: [] for exposure_id in ids}
    for chunk in chunks(found):
        query = (
            select(*(sightings.c[name] for name in _COLUMNS))
            .where(sightings.c.exposure_id.in_(chunk))
            .order_by(sightings.c.exposure_id, sightings.c.number)
        )
        for row in (await connection.execute(query)).mappings():
            found[row["exposure_id"]].append(_standing(row))
    return found


async def gone(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, float]:
    """Place id -> since when it is gone, of the kept places of these exposures."""
    found: dict[str, float] = {}
    for chunk in chunks(ids):
        query = select(sightings.c.place_id, sightings.c.removed_at).where(
            sightings.c.exposure_id.in_(chunk), sightings.c.removed_at.is_not(None)
        )
        found.update((row[0].hex(), row[1]) for row in await connection.execute(query))
    return found


async def save(connection: AsyncConnection, changed: Sequence[Standing]) -> None:
    """What became of places, and when they are looked at next."""
    rows = [{"row_id": each.id} | {name: getattr(each, name) for name in _STATE} for each in changed]
    await execute_many(connection, _SAVE, rows)


async def save_times(connection: AsyncConnection, changed: Sequence[Standing]) -> None:
    """When places are looked at next; what became of them meanwhile is left as it is."""
    rows = [{"row_id": each.id, "next_check": each.next_check, "checks": each.checks} for each in changed]
    await execute_many(connection, _SAVE_TIMES, rows)


async def back(connection: AsyncConnection, place_ids: Iterable[str], *, at: float) -> None:
    """They were gone and are published again: nothing is known of them but that, and the next look is at `at`."""
    for chunk in chunks(bytes.fromhex(place) for place in place_ids):
        await connection.execute(
            update(sightings)
            .where(sightings.c.place_id.in_(chunk))
            .values(public="unknown", removed_at=None, next_check=at, checks=0)
        )


async def sooner(connection: AsyncConnection, ids: Iterable[str], *, at: float) -> None:
    """Begin the schedule of these exposures' places anew: the next look is at `at` unless an earlier one is due."""
    await execute_many(connection, _SOONER, [{"exposure": exposure_id, "at": at} for exposure_id in ids])


async def due(connection: AsyncConnection, *, now: float, limit: int) -> list[Due]:
    """The longest due first."""
    query = (
        select(*(sightings.c[name] for name in _COLUMNS), _FOLLOWED.label("follow"))
        .join(exposures, exposures.c.id == sightings.c.exposure_id)
        .where(sightings.c.next_check <= now)
        .order_by(sightings.c.next_check)
        .limit(limit)
    )
    rows = (await connection.execute(query)).mappings()
    return [Due(_standing(row), bool(row["follow"])) for row in rows]


async def begin(connection: AsyncConnection, *, at: float) -> int:
    """Let everything be looked at that is followed and was never going to be (from before there was any following). How many."""
    never = select(exposures.c.id).where(exposures.c.level.in_(("proved", "claimed")), _FOLLOWED)
    result = await connection.execute(
        update(sightings)
        .where(
            sightings.c.exposure_id.in_(never),
            sightings.c.next_check.is_(None),
            sightings.c.checked_at.is_(None),
            sightings.c.checks == 0,
        )
        .values(next_check=at)
    )
    return result.rowcount


async def first_running(connection: AsyncConnection) -> float | None:
    """When the oldest window began that has no end yet, of real and attributed open exposures."""
    since = func.coalesce(exposures.c.first_published, exposures.c.first_seen)
    query = select(func.min(since)).where(
        exposures.c.level.in_(("proved", "claimed")),
        exposures.c.state == "open",
        exposures.c.mode != "exercise",
        exposures.c.removed_at.is_(None),
        exposures.c.revoked_at.is_(None),
    )
    found: float | None = (await connection.execute(query)).scalar_one()
    return found


async def ended(
    connection: AsyncConnection, *, after: int, until: float, limit: int = 10_000
) -> tuple[int, list[dict[str, Any]]]:
    """(the last entry looked at, details of windows that ended), of the `limit` entries of the audit log behind `after` that are not
    later than `until`.
    """
    query = (
        select(audit.c.id, audit.c.verb, audit.c.detail)
        .where(audit.c.id > after, audit.c.at <= until)
        .order_by(audit.c.id)
        .limit(limit)
    )
    rows = (await connection.execute(query)).all()
    return (rows[-1][0] if rows else after), [dict(row[2]) for row in rows if row[1] == WINDOW_ENDED]


# as `monitor.alerting.following.changes.is_followed` says of one
_FOLLOWED: Final[ColumnElement[bool]] = and_(
    exposures.c.level != "none",
    exposures.c.mode != "exercise",
    or_(
        exposures.c.state == "open",
        and_(exposures.c.close_reason == "removed", exposures.c.close_scope == "seen"),
    ),
)


def _standing(row: Any) -> Standing:
    values = {name: row[name] for name in _COLUMNS}
    return Standing(**{**values, "place_id": values["place_id"].hex()})
