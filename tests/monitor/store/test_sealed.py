"""Age files beside their exposures, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete

from alerting_samples import NOON, exposure, fingerprint, open_store, put
from monitor.sealing import MAGIC
from monitor.store import sealed
from monitor.store.engine import Store
from monitor.store.janitor import Janitor, Terms
from monitor.store.sealed import ENOUGH, Evidence
from monitor.store.tables import exposures

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    await put(opened, exposure("a"), exposure("b"))
    yield opened
    await opened.close()


def evidence(n: int, leak: str = "a", *, at: float = NOON) -> Evidence:
    return Evidence(f"{fingerprint(leak)[:24]}{n:08x}", fingerprint(leak), at, "age1ann", MAGIC + b"%d" % n)


async def keep(store: Store, *rows: Evidence) -> int:
    async with store.write() as connection:
        return await sealed.keep(connection, rows)


async def kept(store: Store, leak: str = "a") -> list[Evidence]:
    async with store.read() as connection:
        return list(await sealed.of_exposure(connection, fingerprint(leak)))


async def test_a_place_is_kept_once_and_the_oldest_comes_first(store: Store) -> None:
    second, first = evidence(1, at=NOON + 5), evidence(2)
    assert await keep(store, second, first, evidence(1, "b")) == 0
    assert await keep(store, replace(first, at=NOON + 9, body=MAGIC + b"again")) == 0
    assert await kept(store) == [first, second]
    assert await kept(store, "b") == [evidence(1, "b")]


async def test_a_place_that_is_sealed_to_others_now_has_the_new_file_and_its_old_time(store: Store) -> None:
    await keep(store, evidence(1))
    await keep(store, replace(evidence(1), at=NOON + 9, recipients="age1bob", body=MAGIC + b"new"))
    assert await kept(store) == [replace(evidence(1), recipients="age1bob", body=MAGIC + b"new")]


async def test_of_one_exposure_a_few_places_are_enough(store: Store) -> None:
    assert await keep(store, *(evidence(n) for n in range(ENOUGH - 1))) == 0
    assert await keep(store, *(evidence(n) for n in range(ENOUGH + 2)), evidence(0, "b")) == 2
    assert len(await kept(store)) == ENOUGH
    assert len(await kept(store, "b")) == 1


async def test_it_is_erased_by_hand_with_its_exposure_and_by_age(store: Store) -> None:
    await keep(store, evidence(1), evidence(2, at=NOON + 10), evidence(1, "b"))
    janitor = Janitor(store, Terms(sealed=100.0))
    assert (await janitor.sweep(NOON + 105))["sealed"] == 2
    assert await kept(store) == [evidence(2, at=NOON + 10)]
    async with store.write() as connection:
        assert await sealed.erase(connection, fingerprint("a")) == 1
        assert await sealed.erase(connection, fingerprint("a")) == 0
    await keep(store, evidence(3), evidence(3, "b"))
    async with store.write() as connection:
        await connection.execute(delete(exposures).where(exposures.c.id == fingerprint("a")))
    assert await kept(store) == []
    assert len(await kept(store, "b")) == 1


async def test_what_nobody_watches_any_more_loses_it_with_its_places(store: Store) -> None:
    await put(store, exposure("c", level="none", reasons=(), unwatched_since=NOON))
    await keep(store, evidence(1, "c"))
    await Janitor(store).sweep(NOON + 24 * 3600 + 1)
    assert await kept(store, "c") == []
