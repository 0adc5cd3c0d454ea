"""A store that takes no transaction for a while, whichever database it is."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from monitor.store.engine import Store


class Busy:
    """`begin`: from now on every writing call is StoreBusy at once. `end`: no more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._server: asyncpg.Connection | None = None
        self._file: sqlite3.Connection | None = None

    async def begin(self) -> None:
        url = self._store.url
        if self._store.dialect == "sqlite":
            async with self._store.read() as connection:  # the pool's connection: let it give up at once
                await connection.exec_driver_sql("PRAGMA busy_timeout = 1")
            self._file = sqlite3.connect(str(url.database), isolation_level=None)
            self._file.execute("BEGIN IMMEDIATE")
            return
        self._server = await asyncpg.connect(
            host=url.host, port=url.port, user=url.username, database=url.database
        )
        await self._server.execute(f"ALTER DATABASE {url.database} CONNECTION LIMIT 0")
        await self._server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    async def end(self) -> None:
        """Idempotent."""
        if self._file is not None:
            self._file.close()
        if self._server is not None:
            await self._server.execute(f"ALTER DATABASE {self._store.url.database} CONNECTION LIMIT -1")
            await self._server.close()
        self._file = self._server = None


@asynccontextmanager
async def busy(store: Store) -> AsyncIterator[None]:
    held = Busy(store)
    await held.begin()
    try:
        yield
    finally:
        await held.end()
