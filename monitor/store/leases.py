"""Leases: what only one process should do at a time. Functions work inside a transaction of the caller.

A lease is held until its time runs out; its fencing number grows with every new holder, so that a late one can be told from the
present one. The times are the callers' clocks: hosts whose clocks are apart by more than a lease lasts share it badly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import insert_new
from monitor.store.tables import leases


@dataclass(frozen=True, slots=True)
class Lease:
    """Held by the caller until `until` (epoch seconds)."""

    name: str
    fence: int
    until: float


async def is_free(connection: AsyncConnection, name: str, *, now: float) -> bool:
    """Whether `take` may succeed: a look that takes no lock."""
    until = (
        await connection.execute(select(leases.c.until).where(leases.c.name == name))
    ).scalar_one_or_none()
    return until is None or until <= now


async def take(
    connection: AsyncConnection, name: str, *, holder: str, now: float, until: float
) -> Lease | None:
    """The lease, with the next fencing number, if nobody holds it. `holder` is shown to people, nothing more."""
    first = {"name": name, "holder": "", "fence": 0, "until": 0.0}
    await connection.execute(insert_new(connection, leases), first)
    free = (leases.c.name == name, leases.c.until <= now)
    taken = await connection.execute(
        update(leases).where(*free).values(holder=holder, fence=leases.c.fence + 1, until=until)
    )
    if taken.rowcount != 1:
        return None
    fence = (await connection.execute(select(leases.c.fence).where(leases.c.name == name))).scalar_one()
    return Lease(name, fence, until)


async def renew(connection: AsyncConnection, lease: Lease, *, until: float) -> Lease | None:
    """The same lease for longer, even if it ran out; None when somebody else has taken it since."""
    held = (leases.c.name == lease.name, leases.c.fence == lease.fence)
    renewed = await connection.execute(update(leases).where(*held).values(until=until))
    return replace(lease, until=until) if renewed.rowcount == 1 else None


async def release(connection: AsyncConnection, lease: Lease) -> None:
    """Let the next one have it at once. Nothing happens when somebody else has taken it since."""
    held = (leases.c.name == lease.name, leases.c.fence == lease.fence)
    await connection.execute(update(leases).where(*held).values(until=0.0))
