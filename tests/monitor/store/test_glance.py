"""A look at a store that changes nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from localpostgres import LocalPostgres
from monitor.store.dialect import database_url
from monitor.store.engine import Store
from monitor.store.errors import StoreRefused
from monitor.store.glance import Glance, glance, glance_at_server
from monitor.store.migrate import HEAD, migrate
from monitor.store.records import WATCH, bind_key, set_meta


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


async def test_revision_and_keys_are_seen_in_a_store_that_is_open_and_in_one_that_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a b?.db"
    await asyncio.to_thread(migrate, database_url(path), "base")
    assert glance(path) == Glance("", ())
    store = await Store.open(path)
    await bind_key(store, ["one", "two"])  # stands in the log
    assert glance(path) == Glance(HEAD, ("one", "two"))
    async with store.write() as connection:
        await set_meta(connection, WATCH, "{}")
    await store.close()
    before = contents(tmp_path)
    assert glance(path) == Glance(HEAD, ("one", "two"), watch="{}")
    assert contents(tmp_path) == before


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"no database" * 100)
    for name in ("x", "none"):
        with pytest.raises(StoreRefused, match=f"{name}: cannot be read"):
            glance(tmp_path / name)
    assert not (tmp_path / "none").exists()


async def test_a_server_tells_the_same(postgres: LocalPostgres) -> None:
    with postgres.database(migrated=False) as url:
        store = await Store.open(url)
        await bind_key(store, ["one"])
        async with store.write() as connection:
            await set_meta(connection, WATCH, "{}")
        await store.close()
        found = await glance_at_server(database_url(url))
    assert (found.revision, found.keys, found.watch) == (HEAD, ("one",), "{}")
    assert abs(found.ahead) < 60
