"""The durable outbox: one row for each thing to be told to one notifier, leased with a fencing number.

States: pending -> delivered, or failed (no try can succeed with this configuration; kept, and pending again by `retry_failed`).
Of one exposure and notifier only the oldest pending row can be leased, so that a person reads things in their order.
All functions work inside a transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, exists, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import execute_many, insert_new
from monitor.store.model import Leased, Telling
from monitor.store.tables import outbox

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"

_earlier: Final = outbox.alias("earlier")
_IS_HEAD: Final = ~exists().where(
    _earlier.c.exposure_id == outbox.c.exposure_id,
    _earlier.c.notifier == outbox.c.notifier,
    _earlier.c.state == PENDING,
    _earlier.c.id < outbox.c.id,
)


def _due(notifier: str, now: float) -> tuple[ColumnElement[bool], ...]:
    return (
        outbox.c.notifier == notifier,
        outbox.c.state == PENDING,
        outbox.c.next_try <= now,
        outbox.c.lease_until <= now,
    )


class Backlog(NamedTuple):
    """Of one notifier: rows pending and failed, and when the oldest pending one was made."""

    pending: int
    failed: int
    oldest: float | None


async def enqueue(connection: AsyncConnection, tellings: Sequence[Telling]) -> None:
    """Add rows, due at once. A row with the same key and notifier is left as it is: nobody is told twice."""
    rows = [
        asdict(telling)
        | {"state": PENDING, "attempts": 0, "next_try": telling.created_at}
        | {"lease_until": 0.0, "fence": 0, "reason": ""}
        for telling in tellings
    ]
    await execute_many(connection, insert_new(connection, outbox), rows)


async def is_due(connection: AsyncConnection, notifier: str, *, now: float) -> bool:
    """Whether `lease` may find something: a look that takes no lock."""
    query = select(outbox.c.id).where(*_due(notifier, now)).limit(1)
    return (await connection.execute(query)).first() is not None


async def lease(
    connection: AsyncConnection, notifier: str, *, now: float, until: float, limit: int
) -> list[Leased]:
    """Take up to `limit` due rows, each of another exposure. A lease that ran out is taken over."""
    due = (
        select(outbox)
        .where(*_due(notifier, now), _IS_HEAD)
        .order_by(outbox.c.next_try, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = (await connection.execute(due)).mappings().all()
    if rows:
        ids = [row["id"] for row in rows]
        await connection.execute(
            update(outbox)
            .where(outbox.c.id.in_(ids))
            .values(fence=outbox.c.fence + 1, lease_until=until, attempts=outbox.c.attempts + 1)
        )
    return [
        Leased(
            id=row["id"],
            key=row["key"],
            notifier=row["notifier"],
            exposure_id=row["exposure_id"],
            opening=row["opening"],
            change=row["change"],
            created_at=row["created_at"],
            fetched_at=row["fetched_at"],
            attempts=row["attempts"] + 1,
            fence=row["fence"] + 1,
            lease_until=until,
        )
        for row in rows
    ]


async def settle_undelivered(
    connection: AsyncConnection, row: Leased, *, state: str, reason: str, next_try: float = 0.0
) -> bool:
    """Write why a leased row is pending or failed and give the lease back. False: it is another's now, nothing was written."""
    result = await connection.execute(
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.fence == row.fence, outbox.c.state == PENDING)
        .values(state=state, reason=reason, next_try=next_try, lease_until=0.0)
    )
    return bool(result.rowcount == 1)


async def settle_delivered(connection: AsyncConnection, rows: Sequence[Leased], *, at: float) -> set[int]:
    """Mark rows as delivered; the ids of those whose lease was still ours, of the others nothing was written."""
    if not rows:
        return set()
    held = tuple_(outbox.c.id, outbox.c.fence).in_([(row.id, row.fence) for row in rows])
    await connection.execute(
        update(outbox)
        .where(held, outbox.c.state == PENDING)
        .values(state=DELIVERED, reason="", lease_until=0.0, delivered_at=at)
    )
    # not RETURNING: SQLite 3.34, still around, does not know it
    return set(
        (await connection.execute(select(outbox.c.id).where(held, outbox.c.state == DELIVERED))).scalars()
    )


async def release(connection: AsyncConnection, rows: Sequence[Leased]) -> None:
    """Give back leases of rows that were not tried."""
    for row in rows:
        await connection.execute(
            update(outbox)
            .where(outbox.c.id == row.id, outbox.c.fence == row.fence, outbox.c.state == PENDING)
            .values(lease_until=0.0, attempts=outbox.c.attempts - 1)
        )


async def retry_failed(connection: AsyncConnection, *, now: float, notifier: str | None = None) -> int:
    """Make failed rows pending again: after the configuration changed, or by hand. Returns how many."""
    statement = update(outbox).where(outbox.c.state == FAILED).values(state=PENDING, next_try=now)
    if notifier is not None:
        statement = statement.where(outbox.c.notifier == notifier)
    return (await connection.execute(statement)).rowcount


async def retry_now(connection: AsyncConnection, notifier: str, *, now: float) -> None:
    """Make everything that waits for its next try due: the notifier is back."""
    await connection.execute(
        update(outbox)
        .where(outbox.c.notifier == notifier, outbox.c.state == PENDING, outbox.c.next_try > now)
        .values(next_try=now)
    )


async def told_of(connection: AsyncConnection, exposure_id: str, opening: int) -> list[str]:
    """The notifiers that were, or are going to be, told of this opening."""
    query = (
        select(outbox.c.notifier)
        .where(outbox.c.exposure_id == exposure_id, outbox.c.opening == opening)
        .distinct()
        .order_by(outbox.c.notifier)
    )
    return list((await connection.execute(query)).scalars())


async def backlog(connection: AsyncConnection, notifiers: Collection[str] = ()) -> dict[str, Backlog]:
    """Of every notifier that has rows, and of `notifiers` in any case (they may have been removed from the config)."""
    found = dict.fromkeys(notifiers, Backlog(0, 0, None))
    for name, state, count, oldest in await connection.execute(
        select(outbox.c.notifier, outbox.c.state, func.count(), func.min(outbox.c.created_at))
        .where(outbox.c.state.in_((PENDING, FAILED)))
        .group_by(outbox.c.notifier, outbox.c.state)
    ):
        known = found.get(name, Backlog(0, 0, None))
        found[name] = (
            known._replace(pending=count, oldest=oldest) if state == PENDING else known._replace(failed=count)
        )
    return found
