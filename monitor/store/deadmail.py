"""What waits in the outbox or will never be delivered as it is: for people. Inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.outbox import DROPPED, FAILED, PENDING
from monitor.store.tables import exposures, outbox

STATES: Final = (PENDING, FAILED)


async def listed(
    connection: AsyncConnection, *, states: Collection[str], notifier: str = "", limit: int
) -> list[Mapping[str, Any]]:
    """Rows with their exposure's title and severity, the oldest first."""
    columns = (
        "id",
        "notifier",
        "exposure_id",
        "opening",
        "change",
        "action",
        "created_at",
        "state",
        "attempts",
    )
    query = (
        select(
            *(outbox.c[name] for name in columns),
            outbox.c.next_try,
            outbox.c.reason,
            outbox.c.incident,
            exposures.c.title,
            exposures.c.severity,
        )
        .join(exposures, exposures.c.id == outbox.c.exposure_id)
        .where(*_meant(states, notifier, ()))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]


async def count(connection: AsyncConnection, *, states: Collection[str], notifier: str = "") -> int:
    """How many `listed` would give without a limit."""
    query = select(func.count()).select_from(outbox).where(*_meant(states, notifier, ()))
    return int((await connection.execute(query)).scalar_one())


async def retry(
    connection: AsyncConnection, *, now: float, notifier: str = "", ids: Collection[int] = ()
) -> int:
    """Make failed rows pending again: those of `ids`, or all. Returns how many."""
    failed = _meant((FAILED,), notifier, ids)
    pending = {"state": PENDING, "next_try": now}
    return (await connection.execute(update(outbox).where(*failed).values(pending))).rowcount


async def drop(connection: AsyncConnection, *, notifier: str = "", ids: Collection[int] = ()) -> int:
    """Give up failed rows: those of `ids`, or all. Returns how many."""
    failed = _meant((FAILED,), notifier, ids)
    return (await connection.execute(update(outbox).where(*failed).values(state=DROPPED))).rowcount


def _meant(states: Collection[str], notifier: str, ids: Collection[int]) -> list[ColumnElement[bool]]:
    clauses: list[ColumnElement[bool]] = [outbox.c.state.in_(states)]
    if notifier:
        clauses.append(outbox.c.notifier == notifier)
    if ids:
        clauses.append(outbox.c.id.in_(ids))
    return clauses
