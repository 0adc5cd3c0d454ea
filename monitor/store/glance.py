"""A look at an SQLite store that changes nothing: no migration, no side file, no key bound."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from monitor.store.errors import StoreRefused
from monitor.store.records import KEYS


@dataclass(frozen=True, slots=True)
class Glance:
    """`revision` is "" before the first migration, `keys` the ids of the fingerprint keys it was made with."""

    revision: str
    keys: tuple[str, ...]


def glance(path: Path) -> Glance:
    """Blocks. Raises StoreRefused: no store, or it cannot be read now."""
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
            keys = database.execute("SELECT value FROM meta WHERE name = ?", (KEYS,)).fetchone()
    except sqlite3.Error as error:
        raise StoreRefused(f"{path}: cannot be read: {error}") from error
    return Glance(revision[0] if revision else "", tuple(keys[0].split()) if keys else ())
