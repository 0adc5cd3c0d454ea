"""Reading exposures for people: lists with filters and pages, one with its places, counts. Inside a transaction of the caller.

What is filtered by makes an exposure's *kind* (`exposure_kinds`); how many there are of each is kept. So a count reads some thousands of
rows however many exposures there are, and says which way a list is found quickest.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks, one_of
from monitor.store.exposures import load
from monitor.store.model import Exposure
from monitor.store.tables import (
    aliases,
    exposure_counts,
    exposure_kinds,
    exposure_words,
    exposures,
    sightings,
)

SHORTEST_ID: Final = 6  # characters of a fingerprint that a person must type at least
_ID: Final = re.compile(rf"[0-9a-f]{{{SHORTEST_ID},}}")
_SAME_BEGINNING: Final = 1000  # exposures; of a million one begins with the six digits of another
_MANY: Final = 2000  # exposures that a text is found in
_MOST: Final = 10_000  # exposures that a text is in, or a time, are counted: nobody reads on, and all would cost a tenth of a second
_FEW: Final = 20_000  # exposures that are found by what they are; more are found by walking through all, from the newest on


@dataclass(frozen=True, slots=True)
class Total:
    """How many there are in all: exactly, or where a text or a time has very many, at least."""

    number: int
    exact: bool = True

    def __str__(self) -> str:
        return f"{self.number:,}" if self.exact else f"more than {self.number:,}"


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list. Empty = everything. `text` is looked for in rule, title, repository and path, without case, and from six hex digits on
    it is also the beginning of an id. `since`: seen last then or later, epoch seconds.
    """

    state: str = ""
    severities: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    rule: str = ""
    source: str = ""
    text: str = ""
    exercises: bool = False  # drills are listed only on request
    modes: tuple[str, ...] = ()  # of these; drills with them, if they are named
    since: float = 0.0


async def list_exposures(
    connection: AsyncConnection, wanted: Filter, *, limit: int, after: tuple[float, str] | None = None
) -> list[Exposure]:
    """The last seen first. `after` is (last_seen, id) of the last one of the page before."""
    return (await list_and_count(connection, wanted, limit=limit, after=after))[0]


async def list_and_count(
    connection: AsyncConnection, wanted: Filter, *, limit: int, after: tuple[float, str] | None = None
) -> tuple[list[Exposure], Total]:
    """What `list_exposures` and `count_exposures` give, for little more than the price of one."""
    found = await _sorted_out(connection, wanted)
    if found.few:
        keys = await _gathered(connection, found, limit=limit, after=after)
    else:
        keys = await _walked(connection, found, limit=limit, after=after)
    rows, total = await load(connection, (key[1] for key in keys)), found.total
    if not total.exact:
        total = Total(max(total.number, len(keys)), exact=False)
    return [rows[key[1]] for key in keys], total


async def count_exposures(connection: AsyncConnection, wanted: Filter) -> Total:
    """How many `list_exposures` would give in all, exactly up to 10,000 of a text or since a time."""
    return (await _sorted_out(connection, wanted)).total


@dataclass(frozen=True, slots=True)
class _Found:
    """Which exposures are wanted: all of the kinds that `named` says, those of `searched` in whose words `pattern` is (only where they
    are many; then `of_words` counts them, to one more than _MOST, and with `since` it is None: a look at each would take too long), and
    `ids`. What was seen last before `since` is not wanted; `of_kinds` then counts to one more than _MOST.
    """

    named: Sequence[ColumnElement[bool]]
    of_kinds: int  # how many these are
    searched: Sequence[int] = ()
    pattern: str = ""
    of_words: int | None = 0
    ids: Sequence[str] = ()
    since: float = 0.0

    @property
    def total(self) -> Total:
        of_kinds = min(self.of_kinds, _MOST) if self.since else self.of_kinds
        of_words = min(self.of_words or 0, _MOST)
        exact = (of_kinds, of_words) == (self.of_kinds, self.of_words)
        return Total(of_kinds + of_words + len(self.ids), exact)

    @property
    def few(self) -> bool:
        return self.of_words == 0 and self.total.exact and self.total.number <= _FEW


async def _sorted_out(connection: AsyncConnection, wanted: Filter) -> _Found:
    where = _where(wanted)
    if not wanted.text:
        return _Found(where, await _count(connection, where, wanted.since), since=wanted.since)
    text = wanted.text.lower()
    pattern = f"%{text.replace('/', '//').replace('%', '/%').replace('_', '/_')}%"
    kind = exposure_kinds.c
    names = or_(_like(func.lower(kind.rule), pattern), _like(func.lower(kind.title), pattern))
    # what is not shown cannot be searched either
    searched = await _kinds(connection, [*where, ~names, kind.level != "none"])
    others = await _kinds(connection, [*where, ~names]) if _ID.fullmatch(text) else ()
    ids, many = await _spoken(connection, searched, pattern, wanted.since)
    if others:
        ids = [*ids, *await _by_id(connection, text, set(others), set(searched), wanted.since)]
    named = [*where, names]
    of_kinds = await _count(connection, named, wanted.since)
    return _Found(named, of_kinds, searched, pattern, many, ids, wanted.since)


async def _count(connection: AsyncConnection, where: Sequence[ColumnElement[bool]], since: float) -> int:
    if since:  # the kept counts know no times
        row, kinds = exposures.c, await _kinds(connection, where)
        late = select(row.id).where(one_of(connection, row.kind, kinds), row.last_seen >= since)
        return await _at_most(connection, late)
    counts = exposure_counts.c
    query = select(func.sum(counts.exposures)).join(exposure_kinds, exposure_kinds.c.id == counts.kind)
    return int((await connection.execute(query.where(*where))).scalar_one() or 0)


async def _kinds(connection: AsyncConnection, where: Sequence[ColumnElement[bool]]) -> Sequence[int]:
    return (await connection.execute(select(exposure_kinds.c.id).where(*where))).scalars().all()


def _where(wanted: Filter) -> list[ColumnElement[bool]]:
    kind = exposure_kinds.c
    clauses: list[ColumnElement[bool]] = []
    for column, value in ((kind.state, wanted.state), (kind.rule, wanted.rule), (kind.source, wanted.source)):
        if value:
            clauses.append(column == value)
    for column, values in (
        (kind.severity, wanted.severities),
        (kind.level, wanted.levels),
        (kind.action, wanted.actions),
        (kind.mode, wanted.modes),
    ):
        if values:
            clauses.append(column.in_(values))
    if not wanted.exercises and not wanted.modes:
        clauses.append(kind.mode != "exercise")
    return clauses


async def _spoken(
    connection: AsyncConnection, kinds: Sequence[int], pattern: str, since: float
) -> tuple[Sequence[str], int | None]:
    """The exposures of `kinds` in whose words `pattern` is; where they are many only how many (`_Found.of_words`)."""
    if not kinds:
        return (), 0
    words = exposure_words.c
    where = [_like(words.words, pattern), one_of(connection, words.kind, kinds)]
    some = select(words.exposure_id).where(*where).limit(_MANY + 1)
    ids = (await connection.execute(some)).scalars().all()
    if len(ids) > _MANY:
        return (), None if since else await _at_most(connection, select(words.exposure_id).where(*where))
    if not since:
        return ids, 0
    late = [
        select(exposures.c.id).where(exposures.c.id.in_(some), exposures.c.last_seen >= since)
        for some in chunks(ids)
    ]
    return [found for query in late for found in (await connection.execute(query)).scalars()], 0


async def _at_most(connection: AsyncConnection, query: Select[Any]) -> int:
    """How many rows, to one more than _MOST."""
    rows = query.limit(_MOST + 1).subquery()
    return int((await connection.execute(select(func.count()).select_from(rows))).scalar_one())


async def _by_id(
    connection: AsyncConnection, text: str, kinds: Container[int], searched: Container[int], since: float
) -> Sequence[str]:
    """Exposures of `kinds` whose id begins so; those of `searched` only if their words do not have it too."""
    query = (
        select(exposures.c.id, exposures.c.kind, exposure_words.c.words)
        .outerjoin(exposure_words, exposure_words.c.exposure_id == exposures.c.id)
        .where(exposures.c.id >= text, exposures.c.id < text + "g", exposures.c.last_seen >= since)
        .limit(_SAME_BEGINNING)
    )
    rows = await connection.execute(query)
    return [row.id for row in rows if row.kind in kinds and not (row.kind in searched and text in row.words)]


async def _gathered(
    connection: AsyncConnection, found: _Found, *, limit: int, after: tuple[float, str] | None
) -> list[tuple[float, str]]:
    """(last_seen, id) where there are few: all of them are looked at."""
    row, keys = exposures.c, set[tuple[float, str]]()
    # `+ 0`: the order is no index's, or one would be walked from end to end
    newest = ((row.last_seen + 0.0).desc(), row.id.desc())
    queries = []
    if found.of_kinds:
        kinds = await _kinds(connection, found.named)
        queries.append(select(row.last_seen, row.id).where(one_of(connection, row.kind, kinds)))
    queries += [select(row.last_seen, row.id).where(row.id.in_(some)) for some in chunks(found.ids)]
    for query in queries:
        rows = await connection.execute(
            query.where(*_behind(after, found.since)).order_by(*newest).limit(limit)
        )
        keys.update((seen, exposure_id) for seen, exposure_id in rows)
    return sorted(keys, reverse=True)[:limit]


async def _walked(
    connection: AsyncConnection, found: _Found, *, limit: int, after: tuple[float, str] | None
) -> list[tuple[float, str]]:
    """(last_seen, id) where there are many: from the newest on until the page is full."""
    row = exposures.c
    kind = row.kind + 0  # not by the index of kinds
    wanted = [one_of(connection, kind, await _kinds(connection, found.named))]
    if found.of_words != 0:
        # no EXISTS: PostgreSQL would look at all words first
        words = select(exposure_words.c.words).where(exposure_words.c.exposure_id == row.id)
        spoken = _like(words.scalar_subquery(), found.pattern)
        wanted.append(and_(one_of(connection, kind, found.searched), spoken))
    if found.ids:
        wanted.append(row.id.in_(found.ids))
    query = select(row.last_seen, row.id).where(or_(*wanted), *_behind(after, found.since))
    rows = await connection.execute(query.order_by(row.last_seen.desc(), row.id.desc()).limit(limit))
    return [(seen, exposure_id) for seen, exposure_id in rows]


def _behind(after: tuple[float, str] | None, since: float) -> list[ColumnElement[bool]]:
    clauses = [exposures.c.last_seen >= since] if since else []
    if after is not None:
        clauses.append(tuple_(exposures.c.last_seen, exposures.c.id) < tuple_(*after))
    return clauses


def _like(words: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    return words.like(func.lower(pattern), escape="/")


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
    kind, count = exposure_kinds.c, func.sum(exposure_counts.c.exposures)
    query = (
        select(kind.severity, kind.level, count)
        .join(exposure_counts, exposure_counts.c.kind == kind.id)
        .where(kind.state == "open", kind.mode != "exercise")
        .group_by(kind.severity, kind.level)
        .having(count > 0)
    )
    return {(severity, level): int(count) for severity, level, count in await connection.execute(query)}
