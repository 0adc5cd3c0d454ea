"""Reading exposures for people: lists with filters and pages, one with its places, counts. Inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks
from monitor.store.exposures import to_exposure
from monitor.store.model import Exposure
from monitor.store.tables import aliases, exposures, sightings

SHORTEST_ID: Final = 6  # characters of a fingerprint that a person must type at least


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list. Empty = everything. `text` is looked for in the id, rule, title, repository and path, without case."""

    state: str = ""
    severities: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    rule: str = ""
    source: str = ""
    text: str = ""
    exercises: bool = False  # drills are listed only on request


def _where(wanted: Filter) -> list[ColumnElement[bool]]:
    table = exposures.c
    clauses: list[ColumnElement[bool]] = []
    for column, value in (
        (table.state, wanted.state),
        (table.rule, wanted.rule),
        (table.source, wanted.source),
    ):
        if value:
            clauses.append(column == value)
    for column, values in (
        (table.severity, wanted.severities),
        (table.level, wanted.levels),
        (table.action, wanted.actions),
    ):
        if values:
            clauses.append(column.in_(values))
    if wanted.text:
        shown = and_(
            table.level != "none",  # what is not shown cannot be searched either
            or_(
                table.repository.icontains(wanted.text, autoescape=True),
                table.path.icontains(wanted.text, autoescape=True),
            ),
        )
        clauses.append(
            or_(
                table.id.startswith(wanted.text.lower(), autoescape=True),
                table.rule.icontains(wanted.text, autoescape=True),
                table.title.icontains(wanted.text, autoescape=True),
                shown,
            )
        )
    if not wanted.exercises:
        clauses.append(table.mode != "exercise")
    return clauses


async def list_exposures(
    connection: AsyncConnection, wanted: Filter, *, limit: int, after: tuple[float, str] | None = None
) -> list[Exposure]:
    """The last seen first. `after` is (last_seen, id) of the last one of the page before."""
    order = tuple_(exposures.c.last_seen, exposures.c.id)
    query = select(exposures).where(*_where(wanted))
    if after is not None:
        query = query.where(order < tuple_(*after))
    query = query.order_by(exposures.c.last_seen.desc(), exposures.c.id.desc()).limit(limit)
    return [to_exposure(row) for row in (await connection.execute(query)).mappings()]


async def count_exposures(connection: AsyncConnection, wanted: Filter) -> int:
    """How many `list_exposures` would give in all."""
    query = select(func.count()).select_from(exposures).where(*_where(wanted))
    return int((await connection.execute(query)).scalar_one())


async def find_ids(connection: AsyncConnection, prefix: str, *, limit: int = 5) -> list[str]:
    """Exposures one of whose fingerprints, under any key, begins with `prefix`."""
    query = (
        select(aliases.c.exposure_id)
        .where(
            aliases.c.fingerprint >= prefix, aliases.c.fingerprint < prefix + "g"
        )  # "g" is behind every hex digit
        .distinct()
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def sightings_of(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """Exposure id -> its kept sightings in order; every id is there."""
    found: dict[str, list[dict[str, Any]]] = {exposure_id: [] for exposure_id in ids}
    for chunk in chunks(found):
        query = (
            select(sightings)
            .where(sightings.c.exposure_id.in_(chunk))
            .order_by(sightings.c.exposure_id, sightings.c.number)
        )
        for row in (await connection.execute(query)).mappings():
            found[row["exposure_id"]].append(dict(row))
    return found


async def open_counts(connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """(severity, level) -> open exposures, drills left out."""
    table = exposures.c
    query = (
        select(table.severity, table.level, func.count())
        .where(table.state == "open", table.mode != "exercise")
        .group_by(table.severity, table.level)
    )
    return {(severity, level): count for severity, level, count in await connection.execute(query)}
