"""Git blobs: which leaks they hold, and where else they stand. Inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks, execute_many, insert_new, insert_or_replace
from monitor.store.tables import blob_places, blobs


async def load_blobs(
    connection: AsyncConnection, shas: Iterable[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Blob -> exposure id -> row of `blobs`."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for chunk in chunks(shas):
        query = select(blobs).where(blobs.c.blob_sha.in_(chunk))
        for row in (await connection.execute(query)).mappings():
            found.setdefault(row["blob_sha"], {})[row["exposure_id"]] = dict(row)
    return found


async def save_blobs(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of `blobs`, new ones and known ones whose `occurrences` changed."""
    await execute_many(connection, insert_or_replace(connection, blobs, "occurrences"), rows)


async def add_blob_places(connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows of `blob_places`; one that is there already is left alone."""
    await execute_many(connection, insert_new(connection, blob_places), rows)


async def load_blob_places(connection: AsyncConnection, shas: Iterable[str]) -> list[dict[str, Any]]:
    """The `event` objects kept for these blobs, the oldest first."""
    found: list[dict[str, Any]] = []
    for chunk in chunks(shas):
        query = (
            select(blob_places.c.event)
            .where(blob_places.c.blob_sha.in_(chunk))
            .order_by(blob_places.c.seen_at, blob_places.c.digest)
        )
        found.extend((await connection.execute(query)).scalars())
    return found
