"""Reading and writing exposures, many at a time, inside a transaction of the caller. No decision is made here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks, execute_many, insert_new
from monitor.store.model import Exposure, NewSighting
from monitor.store.tables import aliases, exposures, places, sightings

KEEP_FIRST: Final = 20
KEEP_LAST: Final = 100

_COLUMNS: Final = tuple(f.name for f in fields(Exposure))
_UPDATE: Final = (
    update(exposures)
    .where(exposures.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in _COLUMNS if name != "id"})
)


def to_exposure(row: RowMapping) -> Exposure:
    """A row of `exposures` as its object."""
    values = {name: row[name] for name in _COLUMNS}
    values["parts"] = tuple(values["parts"])
    values["reasons"] = tuple(values["reasons"])
    return Exposure(**values)


async def find_aliases(connection: AsyncConnection, fingerprints: Iterable[str]) -> dict[str, str]:
    """Fingerprint -> exposure id, of those that are known."""
    found: dict[str, str] = {}
    for chunk in chunks(fingerprints):
        query = select(aliases.c.fingerprint, aliases.c.exposure_id).where(aliases.c.fingerprint.in_(chunk))
        found.update((row[0], row[1]) for row in await connection.execute(query))
    return found


async def load(connection: AsyncConnection, ids: Iterable[str], *, lock: bool = False) -> dict[str, Exposure]:
    """Id -> exposure, of those that exist; with `lock` nobody else changes them before the transaction ends."""
    found: dict[str, Exposure] = {}
    for chunk in chunks(sorted(ids)):  # sorted: two writers lock in one order
        query = select(exposures).where(exposures.c.id.in_(chunk)).order_by(exposures.c.id)
        if lock:
            query = query.with_for_update()
        for row in (await connection.execute(query)).mappings():
            exposure = to_exposure(row)
            found[exposure.id] = exposure
    return found


async def known_places(connection: AsyncConnection, place_ids: Iterable[str]) -> set[str]:
    """Those of `place_ids` (hex) that were counted before."""
    known: set[str] = set()
    for chunk in chunks(bytes.fromhex(place) for place in place_ids):
        query = select(places.c.place_id).where(places.c.place_id.in_(chunk))
        known.update(place.hex() for place in (await connection.execute(query)).scalars())
    return known


async def save(connection: AsyncConnection, *, new: Sequence[Exposure], changed: Sequence[Exposure]) -> None:
    """Insert and update whole rows."""
    await execute_many(connection, insert(exposures), [_values(row) for row in new])
    rows = []
    for exposure in changed:
        row = _values(exposure)
        row["row_id"] = row.pop("id")
        rows.append(row)
    await execute_many(connection, _UPDATE, rows)


def _values(exposure: Exposure) -> dict[str, Any]:
    # not dataclasses.asdict: it copies every nested value
    return {name: getattr(exposure, name) for name in _COLUMNS}


async def add_aliases(connection: AsyncConnection, rows: Iterable[tuple[str, str, str]]) -> None:
    """(fingerprint, key id, exposure id), known fingerprints left as they are."""
    values = [{"fingerprint": f, "key_id": key, "exposure_id": exposure} for f, key, exposure in rows]
    await execute_many(connection, insert_new(connection, aliases), values)


async def add_sightings(
    connection: AsyncConnection, new: Sequence[NewSighting], counts: Mapping[str, int]
) -> None:
    """Store new places. `counts` has the exact count after this call of each exposure in `new`; what falls between the first 20
    and the last 100 keeps only its place id.
    """
    groups: dict[str, list[NewSighting]] = defaultdict(list)
    for item in new:
        groups[item.exposure_id].append(item)
    place_rows = []
    detail_rows = []
    overflow = []
    for exposure_id, items in groups.items():
        total = counts[exposure_id]
        for number, item in enumerate(items, total - len(items) + 1):
            place = bytes.fromhex(item.place_id)
            place_rows.append({"place_id": place, "exposure_id": exposure_id})
            if number <= KEEP_FIRST or number > total - KEEP_LAST:
                row = {name: getattr(item, name) for name in _DETAILS}
                detail_rows.append({**row, "place_id": place, "number": number})
        if total > KEEP_FIRST + KEEP_LAST:
            overflow.append({"exposure": exposure_id, "last": total - KEEP_LAST})
    await execute_many(connection, insert_new(connection, places), place_rows)
    await execute_many(connection, insert(sightings), detail_rows)
    await execute_many(connection, _OVERFLOW, overflow)


_DETAILS: Final = tuple(f.name for f in fields(NewSighting) if f.name != "place_id")
_OVERFLOW: Final = delete(sightings).where(
    sightings.c.exposure_id == bindparam("exposure"),
    sightings.c.number > KEEP_FIRST,
    sightings.c.number <= bindparam("last"),
)
