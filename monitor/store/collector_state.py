"""What collectors remember over restarts: cursors, and the digests of what is on the bus already.

The shape is `monitor.collectors.base.CollectorState` (not imported: the store knows no stage). In an embedded service give it a
`Store` of its own file, so that a busy collector never waits for the alerting writer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import delete, select

from monitor.contracts import Request
from monitor.store.dialect import chunks, execute_many, insert_new, insert_or_replace
from monitor.store.engine import Store
from monitor.store.tables import collector_cursors, collector_requests, collector_seen

_DAY = 86400
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
        async with self._store.write() as connection:
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
        day = int(self._clock() // _DAY)
        # in the order of the index: neighbours go to one page
        for chunk in chunks(sorted(set(keys)), _BATCH):
            rows = [{"source": source, "key": key, "day": day} for key in chunk]
            async with self._store.write() as connection:
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
        async with self._store.write() as connection:
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
        async with self._store.write() as connection:
            await connection.execute(delete(table).where(*named))
