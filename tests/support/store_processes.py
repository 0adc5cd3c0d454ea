"""What further processes do to a store. They are spawned, so their work must stand in a module that they can import."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from sqlalchemy import select

from alerting_samples import finding, open_store, records, service
from monitor.store.dialect import insert_or_replace
from monitor.store.tables import meta


def count_up(folder: Path, times: int) -> None:
    """Read a number, add one, write it, in one transaction each."""

    async def work() -> None:
        store = await open_store(folder)
        for _ in range(times):
            async with store.write() as connection:
                query = select(meta.c.value).where(meta.c.name == "n")
                value = int((await connection.execute(query)).scalar_one_or_none() or 0)
                row = {"name": "n", "value": str(value + 1)}
                await connection.execute(insert_or_replace(connection, meta, "value"), row)
        await store.close()

    asyncio.run(work())


def handle_findings(folder: Path, seed: int) -> None:
    """300 findings of 30 leaks in an order of its own."""

    async def work() -> None:
        store = await open_store(folder)
        events = [finding(str(n % 30), repository=f"acme/{n % 7}", path=str(n)) for n in range(300)]
        random.Random(seed).shuffle(events)
        for start in range(0, len(events), 20):
            await service(store).handle(records(events[start : start + 20]))
        await store.close()

    asyncio.run(work())
