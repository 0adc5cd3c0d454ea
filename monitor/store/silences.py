"""When nobody is told of what: the table `silences`. Inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.model import Silence
from monitor.store.tables import silences

_COLUMNS: Final = tuple(f.name for f in fields(Silence))


async def add(
    connection: AsyncConnection,
    *,
    since: float,
    until: float,
    matches: Mapping[str, str],
    even_critical: bool,
    reason: str,
    at: float,
    by: str,
) -> int:
    """Returns its number."""
    row: dict[str, Any] = {
        "since": since,
        "until": until,
        "matches": dict(matches),
        "even_critical": even_critical,
        "reason": reason,
        "created_at": at,
        "created_by": by,
    }
    (number,) = (await connection.execute(insert(silences).values(row))).inserted_primary_key or (0,)
    return int(number)


async def active(connection: AsyncConnection, now: float) -> list[Silence]:
    """Those that hold now."""
    query = select(silences).where(silences.c.until > now, silences.c.since <= now).order_by(silences.c.id)
    return [_silence(row) for row in (await connection.execute(query)).mappings()]


async def listed(connection: AsyncConnection, *, ending_after: float, limit: int = 1000) -> list[Silence]:
    """The newest first, those to come too."""
    query = (
        select(silences).where(silences.c.until > ending_after).order_by(silences.c.id.desc()).limit(limit)
    )
    return [_silence(row) for row in (await connection.execute(query)).mappings()]


async def end(connection: AsyncConnection, number: int, *, at: float, by: str) -> bool:
    """End it now. False: there is none, or it has ended."""
    running = (silences.c.id == number, silences.c.until > at)
    ended = await connection.execute(update(silences).where(*running).values(until=at, ended_by=by))
    return bool(ended.rowcount == 1)


def _silence(row: RowMapping) -> Silence:
    return Silence(**{name: row[name] for name in _COLUMNS})
