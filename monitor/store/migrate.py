"""Bring the tables up to date at start. Several processes may start at once: one migrates, the others wait for it.

Alembic is imported only when there is something to do: its import costs a quarter of a second.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import URL

from monitor.store.dialect import WRITE, new_engine
from monitor.store.errors import StoreRefused
from monitor.store.postgres import BE_THE_MIGRATOR, reaching

HEAD: Final = "0009"  # the newest file in migrations/versions; a test compares them


def migrate(url: URL, revision: str = HEAD) -> None:
    """Upgrade (or, for tests and operators, downgrade) to `revision`. Blocks: call it in a thread without a running loop.

    Raises StoreRefused when the store was made by a newer version.
    """
    sqlite = url.get_backend_name() == "sqlite"
    with _locked_file(Path(url.database or "")) if sqlite else nullcontext():
        asyncio.run(_migrate(url, revision))


async def _migrate(url: URL, revision: str) -> None:
    engine = new_engine(url, once=True)
    try:
        if engine.dialect.name == "sqlite":
            async with engine.connect() as connection:
                raw = await connection.get_raw_connection()
                await raw.driver_connection.execute("PRAGMA journal_mode = WAL")  # type: ignore[union-attr]
        with reaching(url) if engine.dialect.name == "postgresql" else nullcontext():
            async with engine.execution_options(**{WRITE: True}).begin() as connection:
                if engine.dialect.name == "postgresql":
                    await connection.execute(
                        text("SET LOCAL lock_timeout = 0")
                    )  # whoever is first may take his time
                    await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                    await connection.execute(BE_THE_MIGRATOR)
                await connection.run_sync(_run, revision)
    finally:
        await engine.dispose()


def _run(connection: Connection, revision: str) -> None:
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    if current == revision:
        return

    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "monitor.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if current is not None and current not in known:
        raise StoreRefused(
            f"the store has the tables of a newer version ({current}, this one knows {known[0]}): upgrade leakstream"
        )
    if current is None or (revision in known and known.index(revision) < known.index(current)):
        command.upgrade(config, revision)
    else:
        command.downgrade(config, revision)


@contextmanager
def _locked_file(database: Path) -> Iterator[None]:
    """Make the file, readable by its owner alone (SQLite gives its side files the same mode), and hold its start-up lock."""
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(database, os.O_RDWR | os.O_CREAT, 0o600))
    database.chmod(0o600)
    handle = os.open(database.with_name(database.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
