"""From SQLite to PostgreSQL and back: nothing is lost, nothing is made up, and what was read there goes on here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Table, insert, select

from alerting_samples import exposure, fingerprint, put, tell, telling
from localpostgres import LocalPostgres
from monitor.store import ledger, queries, records
from monitor.store.engine import Store
from monitor.store.errors import StoreRefused
from monitor.store.leases import take
from monitor.store.tables import exposures, metadata
from monitor.store.transfer import transfer
from shown_console import fill, many
from shown_leaks import NOW

OTHERS = ("leases", "exposure_counts", "exposure_kinds")


def made_up(column: Column[Any]) -> object:
    if column.foreign_keys:
        return fingerprint("odd")
    kinds = {
        bytes: b"\x00\xff" * 8,
        object: {"a": [1, None, "\u00e9"]},
        bool: True,
        float: 1.5,
        int: 7,
        str: "t'\u00e9",
    }
    return kinds[column.type.python_type]


async def content(store: Store) -> dict[str, list[dict[str, Any]]]:
    async with store.read() as connection:

        async def rows(table: Table) -> list[dict[str, Any]]:
            columns = [
                column for column in table.columns if column.name != "kind" or "exposure" not in table.name
            ]
            found = await connection.execute(select(*columns).order_by(*table.primary_key.columns))
            return [dict(row) for row in found.mappings()]

        return {table.name: await rows(table) for table in metadata.sorted_tables if table.name not in OTHERS}


async def filled(path: Path) -> Store:
    store = await Store.open(path)
    await fill(store)
    await many(store, 1200)
    await put(store, exposure("odd", title="a\u202eb \U0001f600"))
    await tell(store, telling("k", leak="odd"))
    async with store.write() as connection:
        for table in metadata.sorted_tables:  # whatever there is, and will be
            if not table.name.startswith("collector_") and table.name not in OTHERS:
                found = await connection.execute(select(table).limit(1))
                if found.first() is None:
                    await connection.execute(insert(table), {c.name: made_up(c) for c in table.columns})
        await records.set_meta(connection, "a", "1")
        await take(connection, "gone", holder="a process that ended", now=1.0, until=2.0)
    return store


async def test_there_and_back(tmp_path: Path, postgres: LocalPostgres) -> None:
    old = await filled(tmp_path / "old.db")
    before = await content(old)
    assert [name for name, rows in before.items() if not rows and not name.startswith("collector_")] == []
    with postgres.database() as url:
        server, told = await Store.open(url), []
        counts = await transfer(old, server, now=NOW, on_rows=lambda *row: told.append(row))
        assert await content(server) == before == await content(old)
        assert counts["exposures"] == len(before["exposures"]) > 1200
        assert ("exposures", counts["exposures"], counts["exposures"]) in told
        async with server.read() as connection:
            total = await queries.count_exposures(connection, queries.Filter(exercises=True))
            assert total.number == counts["exposures"]  # the triggers counted them
        # numbers go on behind those that are there
        await tell(server, telling("after", leak="odd"))
        assert [row["key"] for row in (await content(server))["outbox"]][-1] == "after"
        new = await Store.open(tmp_path / "new.db")
        await transfer(server, new, now=NOW)
        assert await content(new) == await content(server)
        async with old.read() as here, new.read() as there:
            assert await ledger.head_of(here) == await ledger.head_of(there)
        await new.close()
        await server.close()
    await old.close()


async def test_a_store_that_holds_something_takes_nothing_more(tmp_path: Path) -> None:
    old, new = await filled(tmp_path / "old.db"), await Store.open(tmp_path / "new.db")
    await put(new, exposure())
    with pytest.raises(StoreRefused, match=r"\(exposures\): begin with an empty database"):
        await transfer(old, new, now=NOW)
    async with new.read() as connection:
        assert list((await connection.execute(select(exposures.c.id))).scalars()) == [fingerprint("a")]
    await old.close()
    await new.close()


async def test_not_while_a_process_works_on_the_old_one(tmp_path: Path) -> None:
    old, new = await Store.open(tmp_path / "old.db"), await Store.open(tmp_path / "new.db")
    async with old.write() as connection:
        await take(connection, "follow", holder="host-7", now=NOW, until=NOW + 30)
    with pytest.raises(StoreRefused, match="host-7 works on the old store: stop the service"):
        await transfer(old, new, now=NOW + 1)
    await transfer(old, new, now=NOW + 31)
    await old.close()
    await new.close()
