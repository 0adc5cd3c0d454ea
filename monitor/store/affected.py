"""People whose data went to the wrong place, as keyed hashes: each is counted once. Functions work inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks, execute_many, insert_new
from monitor.store.tables import affected, exposures


async def add(connection: AsyncConnection, people: Mapping[str, set[str]]) -> None:
    """Exposure id -> hashes (32 hex). The exposures are there; their `people` says afterwards how many there are of each, all told."""
    rows = [
        {"exposure_id": exposure, "person": bytes.fromhex(person)}
        for exposure, persons in sorted(people.items())
        for person in sorted(persons)
    ]
    await execute_many(connection, insert_new(connection, affected), rows)
    for ids in chunks(people):
        count = select(affected.c.exposure_id, func.count()).where(affected.c.exposure_id.in_(ids))
        found = await connection.execute(count.group_by(affected.c.exposure_id))
        await execute_many(connection, _COUNTED, [{"row_id": row[0], "count": row[1]} for row in found])


_COUNTED = update(exposures).where(exposures.c.id == bindparam("row_id")).values(people=bindparam("count"))
