"""What collectors remember over restarts: cursors, and the digests of what is on the bus already.

The shape is `monitor.collectors.base.CollectorState` (not imported: the store knows no stage). In an embedded service give it a
`Store` of its own file, so that a busy collector never waits for the alerting writer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.contracts import Request
from monitor.store.dialect import chunks, execute_many, insert_new, insert_or_replace
from monitor.store.engine import Store
from monitor.store.tables import collector_blobs, collector_cursors, collector_requests, collector_seen

_DAY = 86400
BLOB_SECONDS = 20 * 3600.0  # term of `collector_blobs`: shorter than alerting's of `blobs`
_REQUESTS = 100  # of one look
_BATCH = 10_000  # rows of one transaction, so that no other writer waits long


class SqlCollectorState:
    """Safe for concurrent use by the tasks of one loop and by several processes. Every method raises StoreBusy."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    async def cursor(self, source: str, name: str = "") -> str | None:
        """The text saved last, None at the first start."""
        table = collector_cursors
        query = select(table.c.value).where(table.c.source == source, table.c.name == name)
        async with self._store.read() as connection:
            value: str | None = (await connection.execute(query)).scalar_one_or_none()
        return value

    async def save_cursor(self, source: str, value: str, name: str = "") -> None:
        """Durable when it returns."""
        async with self._store.write(alone=False) as connection:
            statement = insert_or_replace(connection, collector_cursors, "value")
            await connection.execute(statement, {"source": source, "name": name, "value": value})

    async def unseen(self, source: str, keys: Sequence[bytes]) -> set[bytes]:
        """Those of `keys` (at most 32 bytes each) that were never marked as seen."""
        table = collector_seen
        unknown = set(keys)
        async with self._store.read() as connection:
            for chunk in chunks(sorted(unknown)):
                query = select(table.c.key).where(table.c.source == source, table.c.key.in_(chunk))
                unknown.difference_update((await connection.execute(query)).scalars())
        return unknown

    async def mark_seen(self, source: str, keys: Iterable[bytes]) -> None:
        """Durable when it returns; marking twice is one mark."""
        # in the order of the index: neighbours go to one page
        for chunk in chunks(sorted(set(keys)), _BATCH):
            async with self._store.write(alone=False) as connection:
                await self._mark(connection, source, chunk)

    async def fresh(self, blobs: Sequence[bytes]) -> set[bytes]:
        """Those of `blobs` (16 bytes each) that no source has handed in within the table's term."""
        table, unknown = collector_blobs, set(blobs)
        since = self._clock() - BLOB_SECONDS
        async with self._store.read() as connection:
            for chunk in chunks(sorted(unknown)):
                query = select(table.c.key).where(table.c.key.in_(chunk), table.c.at >= since)
                unknown.difference_update((await connection.execute(query)).scalars())
        return unknown

    async def handed_in(
        self,
        source: str,
        *,
        blobs: Iterable[bytes] = (),
        seen: Iterable[bytes] = (),
        cursor: str | None = None,
        cursor_name: str = "",
    ) -> None:
        """All that is to be remembered of one hand-over, in one transaction but for very many keys. Durable when it returns."""
        *others, last = [*chunks(sorted(set(seen)), _BATCH)] or [[]]
        for chunk in others:
            await self.mark_seen(source, chunk)
        now = self._clock()
        new = [{"key": key, "at": now} for key in sorted(set(blobs))]
        if last or new or cursor is not None:
            async with self._store.write(alone=False) as connection:
                statement = insert_or_replace(connection, collector_blobs, "at")
                await execute_many(connection, statement, new)
                await self._mark(connection, source, last)
                if cursor is not None:
                    row = {"source": source, "name": cursor_name, "value": cursor}
                    await connection.execute(insert_or_replace(connection, collector_cursors, "value"), row)

    async def _mark(self, connection: AsyncConnection, source: str, keys: Sequence[bytes]) -> None:
        day = int(self._clock() // _DAY)
        rows = [{"source": source, "key": key, "day": day} for key in keys]
        await execute_many(connection, insert_new(connection, collector_seen), rows)

    async def add_requests(self, requests: Sequence[Request]) -> None:
        """What is asked of a source; one of the same source, kind and target that is not finished is left as it is."""
        rows = [
            {
                "source": request.source,
                "kind": request.kind,
                "target": request.target,
                "requested_at": request.requested_at,
                "reason": request.reason,
            }
            for request in requests
        ]
        async with self._store.write(alone=False) as connection:
            await execute_many(connection, insert_new(connection, collector_requests), rows)

    async def requests(self, source: str) -> Sequence[Request]:
        """At most 100 that are not finished, the oldest first."""
        table = collector_requests
        query = (
            select(table.c.kind, table.c.source, table.c.target, table.c.requested_at, table.c.reason)
            .where(table.c.source == source)
            .order_by(table.c.requested_at, table.c.target)
            .limit(_REQUESTS)
        )
        async with self._store.read() as connection:
            return [Request(**row) for row in (await connection.execute(query)).mappings()]

    async def finish_request(self, request: Request) -> None:
        """It does not come again, until somebody asks for it anew."""
        table = collector_requests
        named = (
            table.c.source == request.source,
            table.c.kind == request.kind,
            table.c.target == request.target,
        )
        async with self._store.write(alone=False) as connection:
            await connection.execute(delete(table).where(*named))
