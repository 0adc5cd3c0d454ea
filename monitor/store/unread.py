"""What waits for somebody: open exposures that page or have a ticket and that nobody has taken in hand. Inside a transaction of the caller."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import one_of
from monitor.store.tables import exposure_kinds, exposures


@dataclass(frozen=True, slots=True)
class Unread:
    """`count`: how many, drills left out; `id` and `since` (epoch seconds: when it was opened) of the oldest, "" and 0.0 where there is none."""

    count: int
    id: str = ""
    since: float = 0.0


async def unread(connection: AsyncConnection) -> Unread:
    row, kind = exposures.c, exposure_kinds.c
    query = select(kind.id).where(
        kind.state == "open", kind.mode != "exercise", kind.action.in_(("page", "ticket"))
    )
    kinds = (await connection.execute(query)).scalars().all()
    where = (one_of(connection, row.kind, kinds), row.acknowledged_at.is_(None))
    oldest = select(row.id, row.opened_at).where(*where).order_by(row.opened_at, row.id).limit(1)
    first = (await connection.execute(oldest)).one_or_none()
    if first is None:
        return Unread(0)
    count = (await connection.execute(select(func.count()).select_from(exposures).where(*where))).scalar_one()
    return Unread(int(count), first.id, first.opened_at)
