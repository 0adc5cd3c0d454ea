"""Everything that one store holds, put into an empty one: from a SQLite file to PostgreSQL, or back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from sqlalchemy import ColumnElement, Table, func, insert, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.engine import Store
from monitor.store.errors import StoreRefused
from monitor.store.tables import (
    collector_blobs,
    collector_cursors,
    collector_requests,
    collector_seen,
    exposure_counts,
    exposure_kinds,
    exposure_words,
    exposures,
    leases,
    meta,
    metadata,
)

OnRows = Callable[[str, int, int], None]
_ROWS: Final = 1000  # of one statement
_MADE: Final = (exposure_counts, exposure_kinds, exposure_words)  # the new store's triggers make them
_PROCESSES: Final = (leases,)  # of processes that have ended
_MEMORY: Final = (collector_blobs, collector_cursors, collector_requests, collector_seen)
_TABLES: Final = tuple(
    table for table in metadata.sorted_tables if table not in (*_MADE, *_PROCESSES, *_MEMORY)
)


async def transfer(
    source: Store,
    target: Store,
    *,
    now: float,
    on_rows: OnRows | None = None,
) -> dict[str, int]:
    """All rows of `source` as they are at this moment, in one transaction: all of them or none. `on_rows` is told the table, how many of its
    rows are there and how many there will be. Rows by table.

    What collectors remember stays where it is. Raises StoreRefused: a process works on `source`, or `target` holds something; StoreBusy.
    """
    async with source.read() as reading, target.write() as writing:
        if holder := await reading.scalar(select(leases.c.holder).where(leases.c.until > now).limit(1)):
            raise StoreRefused(
                f"{holder} works on the old store: stop the service, wait a minute, and try again"
            )
        for table in _TABLES:
            if table is not meta and await writing.scalar(
                select(literal_column("1")).select_from(table).limit(1)
            ):
                raise StoreRefused(
                    f"the new store holds something already ({table.name}): begin with an empty database"
                )
        await writing.execute(meta.delete())
        return {table.name: await _copy(reading, writing, table, on_rows or _nobody) for table in _TABLES}


async def _copy(reading: AsyncConnection, writing: AsyncConnection, table: Table, on_rows: OnRows) -> int:
    columns: list[ColumnElement[object]] = [
        column for column in table.columns if column is not exposures.c.kind
    ]
    count = await reading.scalar(select(func.count()).select_from(table)) or 0
    done = 0
    on_rows(table.name, done, count)
    found = await reading.stream(select(*columns))
    async for rows in found.mappings().partitions(_ROWS):
        await writing.execute(insert(table), [dict(row) for row in rows])
        done += len(rows)
        on_rows(table.name, done, count)
    if done and writing.dialect.name == "postgresql" and table.autoincrement_column is not None:
        name = table.autoincrement_column.name
        number = f"SELECT setval(pg_get_serial_sequence('{table.name}', '{name}'), (SELECT max({name}) FROM {table.name}))"  # noqa: S608
        await writing.execute(text(number))
    return done


def _nobody(*_: object) -> None:
    """Is told."""
