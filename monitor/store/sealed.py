"""Sealed evidence in SQL: age files beside their exposures, that nothing here can open. Functions work inside a transaction of the
caller. No decision is made here but how much of one exposure is enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks, execute_many, insert_new
from monitor.store.tables import sealed

ENOUGH: Final = 10  # places of one exposure


@dataclass(frozen=True, slots=True)
class Evidence:
    """Of one place of an exposure. `recipients`: the names of the keys that open `body`, an age file."""

    place_id: str
    exposure_id: str
    at: float
    recipients: str
    body: bytes = field(repr=False)


async def keep(connection: AsyncConnection, rows: Iterable[Evidence]) -> int:
    """Store what is new, at most ENOUGH places of an exposure; how many were too many. A place that is known keeps its time, and its file
    unless it was sealed to others than this one.
    """
    wanted = {row.place_id: row for row in rows}
    known: dict[str, str] = {}
    for some in chunks(bytes.fromhex(place) for place in wanted):
        query = select(sealed.c.place_id, sealed.c.recipients).where(sealed.c.place_id.in_(some))
        known.update((place.hex(), to) for place, to in await connection.execute(query))
    held: Counter[str] = Counter()
    for ids in chunks({row.exposure_id for row in wanted.values()}):
        counts = select(sealed.c.exposure_id, func.count()).where(sealed.c.exposure_id.in_(ids))
        held.update(
            {row[0]: row[1] for row in await connection.execute(counts.group_by(sealed.c.exposure_id))}
        )
    new, other, beyond = [], [], 0
    for place, row in wanted.items():
        if place in known:
            if known[place] != row.recipients:
                other.append({"place": bytes.fromhex(place), "to": row.recipients, "file": row.body})
        elif held[row.exposure_id] >= ENOUGH:
            beyond += 1
        else:
            held[row.exposure_id] += 1
            new.append(_values(row))
    await execute_many(connection, insert_new(connection, sealed), new)
    await execute_many(connection, _RESEALED, other)
    return beyond


async def of_exposure(connection: AsyncConnection, exposure_id: str) -> Sequence[Evidence]:
    """The oldest first."""
    query = select(sealed).where(sealed.c.exposure_id == exposure_id).order_by(sealed.c.at, sealed.c.place_id)
    return [
        Evidence(row["place_id"].hex(), row["exposure_id"], row["at"], row["recipients"], row["body"])
        for row in (await connection.execute(query)).mappings()
    ]


async def count(connection: AsyncConnection, exposure_id: str) -> int:
    """How many files there are."""
    query = select(func.count()).select_from(sealed).where(sealed.c.exposure_id == exposure_id)
    found: int = (await connection.execute(query)).scalar_one()
    return found


async def erase(connection: AsyncConnection, exposure_id: str) -> int:
    """How many there were."""
    return (await connection.execute(delete(sealed).where(sealed.c.exposure_id == exposure_id))).rowcount


def _values(row: Evidence) -> dict[str, Any]:
    return {
        "place_id": bytes.fromhex(row.place_id),
        "exposure_id": row.exposure_id,
        "at": row.at,
        "recipients": row.recipients,
        "body": row.body,
    }


_RESEALED: Final = (
    update(sealed)
    .where(sealed.c.place_id == bindparam("place"))
    .values(recipients=bindparam("to"), body=bindparam("file"))
)
