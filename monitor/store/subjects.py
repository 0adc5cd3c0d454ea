"""Rows that may be about one person, and taking what is about him out of them. Inside a transaction of the caller; who is meant by which
row is decided by the caller (`monitor.privacy`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, Text, and_, cast, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks
from monitor.store.tables import (
    audit,
    blob_places,
    dead_letters_done,
    exposures,
    outbox,
    sealed,
    sightings,
    silences,
)

_PAGE: Final = 500
# table -> the columns in which somebody may be named
_TEXTS: Final[Mapping[Table, Sequence[str]]] = {
    sightings: ("place", "snippet", "document_id"),
    exposures: (
        "repository", "path", "reasons", "facts", "preview", "close_where", "close_note", "closed_by", "acknowledged_by",
    ),
    blob_places: ("event",),
    outbox: ("labels", "incident"),
    audit: ("actor", "detail"),
    silences: ("matches", "reason", "created_by", "ended_by"),
    dead_letters_done: ("actor",),
}  # fmt: skip
TABLES: Final = tuple(str(table.name) for table in _TEXTS)


async def candidates(
    connection: AsyncConnection, name: str, needles: Iterable[str]
) -> AsyncIterator[dict[str, Any]]:
    """Rows of the table `name` in which one of `needles` stands in a column that may name somebody, without case. By their primary key."""
    table = _named(name)
    texts = [cast(table.c[column], Text) for column in _TEXTS[table]]
    hit = or_(*(text.icontains(needle, autoescape=True) for text in texts for needle in sorted(needles)))
    keys = list(table.primary_key.columns)
    done: Sequence[Any] | None = None
    while True:
        query = select(table).where(hit, *([] if done is None else [_after(keys, done)]))
        rows = (await connection.execute(query.order_by(*keys).limit(_PAGE))).mappings().all()
        for row in rows:
            yield dict(row)
        if len(rows) < _PAGE:
            return
        done = [rows[-1][key.name] for key in keys]


async def again(connection: AsyncConnection, name: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """One row as it is now, which nobody else changes before the transaction ends; None = it is gone."""
    table = _named(name)
    row = (
        (await connection.execute(select(table).where(_is(table, key)).with_for_update())).mappings().first()
    )
    return None if row is None else dict(row)


async def change(
    connection: AsyncConnection, name: str, key: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Set columns of one row."""
    table = _named(name)
    await connection.execute(update(table).where(_is(table, key)).values(dict(values)))


async def remove(connection: AsyncConnection, name: str, key: Mapping[str, Any]) -> None:
    """Take one row out."""
    table = _named(name)
    await connection.execute(delete(table).where(_is(table, key)))


async def sealed_of(connection: AsyncConnection, places: Iterable[bytes]) -> list[dict[str, Any]]:
    """Sealed evidence of these places, without the files."""
    found: list[dict[str, Any]] = []
    columns = (sealed.c.place_id, sealed.c.exposure_id, sealed.c.at, sealed.c.recipients)
    for some in chunks(places):
        rows = await connection.execute(select(*columns).where(sealed.c.place_id.in_(some)))
        found.extend(dict(row) for row in rows.mappings())
    return found


async def remove_sealed(connection: AsyncConnection, places: Iterable[bytes]) -> None:
    for some in chunks(places):
        await connection.execute(delete(sealed).where(sealed.c.place_id.in_(some)))


async def with_places(connection: AsyncConnection, ids: Iterable[str]) -> set[str]:
    """Those of these exposures of which a place is kept."""
    found: set[str] = set()
    for some in chunks(ids):
        query = select(sightings.c.exposure_id).where(sightings.c.exposure_id.in_(some)).distinct()
        found.update((await connection.execute(query)).scalars())
    return found


async def levels(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, str]:
    """Whose these exposures are: id -> proved, claimed or none."""
    found: dict[str, str] = {}
    for some in chunks(ids):
        query = select(exposures.c.id, exposures.c.level).where(exposures.c.id.in_(some))
        found.update((exposure_id, level) for exposure_id, level in await connection.execute(query))
    return found


def key_of(name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The primary key of a row of the table."""
    table = _named(name)
    return {column.name: row[column.name] for column in table.primary_key.columns}


def _named(name: str) -> Table:
    return next(each for each in _TEXTS if each.name == name)


def _is(table: Table, key: Mapping[str, Any]) -> ColumnElement[bool]:
    return and_(*(table.c[name] == value for name, value in key.items()))


def _after(keys: Sequence[Any], done: Sequence[Any]) -> ColumnElement[bool]:
    """Behind `done` in the order of the keys."""
    same = [key == value for key, value in zip(keys, done, strict=True)]
    return or_(*(and_(*same[:n], key > done[n]) for n, key in enumerate(keys)))
