"""The one door to the database: a transaction for reading and a transaction for writing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Self

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from monitor.store.dialect import WRITE, database_url, new_engine
from monitor.store.errors import translated
from monitor.store.migrate import migrate
from monitor.store.postgres import BE_THE_WRITER, reaching


class Store:
    """For the tasks of one event loop; several processes may open one database. Make it with `Store.open`."""

    def __init__(self, url: URL, engine: AsyncEngine) -> None:
        self.url = url
        self._engine = engine
        snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        self._reading = engine.execution_options(**snapshot if self.dialect == "postgresql" else {})
        self._writing = engine.execution_options(**{WRITE: True})
        self._writer = (
            asyncio.Lock()
        )  # one writer at a time: within a process a fair queue beats SQLite's polling

    @classmethod
    async def open(cls, where: str | Path | URL) -> Self:
        """`where` is a path (SQLite) or a database URL. Brings the tables up to date first, under a lock.

        Raises StoreRefused, StoreBusy; OSError for a certificate that cannot be read.
        """
        url = database_url(where)
        with translated():
            await asyncio.to_thread(migrate, url)
        return cls(url, await asyncio.to_thread(new_engine, url))

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view. Raises StoreBusy."""
        with translated():
            async with self._connected(self._reading) as connection:
                yield connection

    @asynccontextmanager
    async def write(self, *, alone: bool = True) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back on any exception. Raises StoreBusy (whose commit was cut off may have been
        written: what is done twice must do no harm).

        No other transaction of any process writes meanwhile, so that what was read before holds. Without `alone` PostgreSQL lets such
        ones run beside each other: for those that lock what they change, or change by single statements.
        """
        queue = self._writer if alone or self.dialect == "sqlite" else nullcontext()
        with translated():
            async with queue, self._connected(self._writing) as connection, connection.begin():
                if alone and self.dialect == "postgresql":
                    await connection.execute(BE_THE_WRITER)
                yield connection

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            # what goes wrong here is no fault of a statement
            with reaching(self.url) if self.dialect == "postgresql" else nullcontext():
                connection = await stack.enter_async_context(engine.connect())
            yield connection

    async def close(self) -> None:
        """Idempotent."""
        await self._engine.dispose()
