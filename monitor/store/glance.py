"""A look at a store that changes nothing: no migration, no side file, no key bound."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from sqlalchemy import inspect, text
from sqlalchemy.engine import URL

from monitor.store.dialect import new_engine
from monitor.store.errors import StoreRefused, translated
from monitor.store.postgres import reaching
from monitor.store.records import KEYS, WATCH

_DRILLED: Final = (
    "SELECT source, planted_at, CASE state WHEN 'told' THEN told_at END FROM drills"
    " WHERE state != 'planted' ORDER BY planted_at DESC LIMIT 1"
)


class Drilled(NamedTuple):
    """The newest drill that was judged. Epoch seconds; `told_at` is None when nobody was told in time."""

    source: str
    planted_at: float
    told_at: float | None


@dataclass(frozen=True, slots=True)
class Glance:
    """`revision` is "" before the first migration, `keys` the ids of the fingerprint keys it was made with, `ahead` how many seconds
    this host's clock is before the server's (None: the store is a file), give or take `within`; `watch` what it says of the watch list
    (`monitor.alerting.replaying.watched`).
    """

    revision: str
    keys: tuple[str, ...]
    ahead: float | None = None
    within: float = 0.0
    watch: str = ""
    drilled: Drilled | None = None


async def glance_at_server(url: URL, *, clock: Callable[[], float] = time.time) -> Glance:
    """Of a PostgreSQL database. `clock` is this host's. Raises StoreRefused, StoreBusy: it cannot be reached, or used; OSError for a
    certificate.
    """
    engine = await asyncio.to_thread(new_engine, url, once=True)
    try:
        with translated():
            async with AsyncExitStack() as stack:
                with reaching(url):
                    connection = await stack.enter_async_context(engine.connect())
                asked = clock()
                server = (
                    await connection.execute(text("SELECT extract(epoch FROM clock_timestamp())"))
                ).scalar_one()
                answered = clock()
                ahead, within = (asked + answered) / 2 - float(server), (answered - asked) / 2
                tables = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
                if not {"alembic_version", "meta"} <= tables:
                    return Glance("", (), ahead, within)
                revision = (
                    await connection.execute(text("SELECT version_num FROM alembic_version"))
                ).scalar()
                query = text("SELECT value FROM meta WHERE name = :name")
                keys = (await connection.execute(query, {"name": KEYS})).scalar()
                watch = (await connection.execute(query, {"name": WATCH})).scalar()
                row = (await connection.execute(text(_DRILLED))).one_or_none() if "drills" in tables else None
                drilled = None if row is None else Drilled(*row)
                return Glance(
                    revision or "", tuple((keys or "").split()), ahead, within, watch or "", drilled
                )
    finally:
        await engine.dispose()


def glance(path: Path) -> Glance:
    """Of an SQLite file. Blocks. Raises StoreRefused: no store, or it cannot be read now."""
    log = path.with_name(path.name + "-wal")
    # without a log nobody writes, and SQLite need not make side files to read
    more = "" if log.exists() and log.stat().st_size else "&immutable=1"
    try:
        with closing(
            sqlite3.connect(f"file:{quote(str(path))}?mode=ro{more}", uri=True, timeout=5.0)
        ) as database:
            tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
            if not {"alembic_version", "meta"} <= tables:
                return Glance("", ())
            revision = database.execute("SELECT version_num FROM alembic_version").fetchone()
            facts = dict(database.execute("SELECT name, value FROM meta WHERE name IN (?, ?)", (KEYS, WATCH)))
            row = database.execute(_DRILLED).fetchone() if "drills" in tables else None
    except sqlite3.Error as error:
        raise StoreRefused(f"{path}: cannot be read: {error}") from error
    keys = tuple(facts.get(KEYS, "").split())
    drilled = None if row is None else Drilled(*row)
    return Glance(revision[0] if revision else "", keys, watch=facts.get(WATCH, ""), drilled=drilled)
