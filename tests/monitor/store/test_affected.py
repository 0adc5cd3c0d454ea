"""People are counted once each, on both stores."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from alerting_samples import exposure, fingerprint, open_store, put
from monitor.store import affected, exposures
from monitor.store.engine import Store
from monitor.store.tables import affected as table
from monitor.store.tables import exposures as rows

pytestmark = pytest.mark.usefixtures("each_store")
A, B = fingerprint("a"), fingerprint("b")


def person(n: int) -> str:
    return f"{n:032x}"


async def count(store: Store, exposure_id: str) -> int:
    async with store.read() as connection:
        return (await exposures.load(connection, [exposure_id]))[exposure_id].people


async def add(store: Store, **people: set[str]) -> None:
    async with store.write() as connection:
        await affected.add(connection, {fingerprint(name): found for name, found in people.items()})


async def test_each_is_counted_once_for_each_exposure(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await put(store, exposure("a"), exposure("b"))
    await add(store, a={person(1), person(2)}, b={person(1)})
    await add(store, a={person(2), person(3)})
    assert (await count(store, A), await count(store, B)) == (3, 1)
    await add(store, a=set(map(person, range(2000))))
    assert await count(store, A) == 2000
    async with store.write() as connection:
        await connection.execute(delete(rows).where(rows.c.id == A))
        left = (await connection.execute(select(func.count()).select_from(table))).scalar_one()
    assert left == 1
    await store.close()
