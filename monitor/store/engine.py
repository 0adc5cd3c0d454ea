"""The one door to the database: a transaction for reading and a transaction for writing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from typing import Self

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from monitor.store.dialect import WRITE, database_url, new_engine
from monitor.store.errors import translated
from monitor.store.migrate import migrate


class Store:
    """For the tasks of one event loop; several processes may open one database. Make it with `Store.open`."""

    def __init__(self, url: URL, engine: AsyncEngine) -> None:
        self.url = url
        self._engine = engine
        self._writer = (
            asyncio.Lock()
        )  # one writer at a time: within a process a fair queue beats SQLite's polling

    @classmethod
    async def open(cls, where: str | Path) -> Self:
        """`where` is a path (SQLite) or a database URL. Brings the tables up to date first, under a lock.

        Raises StoreRefused, StoreBusy.
        """
        url = database_url(where)
        with translated():
            await asyncio.to_thread(migrate, url)
        return cls(url, new_engine(url))

    @property
    def dialect(self) -> str:
        return self._engine.dialect.name

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """One consistent view. Raises StoreBusy."""
        with translated():
            async with self._engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end, rolled back on any exception. Raises StoreBusy."""
        with translated():
            async with self._writer if self.dialect == "sqlite" else nullcontext():
                engine = self._engine.execution_options(**{WRITE: True})
                async with engine.begin() as connection:
                    yield connection

    async def close(self) -> None:
        """Idempotent."""
        await self._engine.dispose()
