import asyncio
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from alerting_samples import exposure, fingerprint, open_store, put, store_place
from monitor.contracts import Gap
from monitor.coverage.chain import Head, walk
from monitor.store import ledger, tables
from monitor.store.dialect import database_url, new_engine
from monitor.store.errors import StoreRefused
from monitor.store.migrate import HEAD, migrate
from monitor.store.queries import Filter, count_exposures, list_exposures, open_counts
from monitor.store.tables import metadata


def names(path: Path) -> set[str]:
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    connection.close()
    return {name for (name,) in rows if not name.startswith("sqlite_")}


async def test_an_empty_file_gets_every_table(tmp_path):
    store = await open_store(tmp_path)
    await store.close()
    assert names(tmp_path / "store.db") == {*metadata.tables, "alembic_version"}


async def test_the_migrations_make_what_the_tables_say(tmp_path):
    await (await open_store(tmp_path)).close()
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_starting_again_changes_nothing(tmp_path):
    await (await open_store(tmp_path)).close()
    before = (tmp_path / "store.db").read_bytes()
    await (await open_store(tmp_path)).close()
    assert (tmp_path / "store.db").read_bytes() == before


def test_head_is_the_newest_script():
    config = Config()
    config.set_main_option("script_location", "monitor.store:migrations")
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_downgrade_and_up_again(tmp_path):
    url = database_url(tmp_path / "store.db")
    migrate(url)
    migrate(url, "base")
    assert names(tmp_path / "store.db") == {"alembic_version"}
    migrate(url)
    assert names(tmp_path / "store.db") == {*metadata.tables, "alembic_version"}


def test_the_coverage_ledger_keeps_its_rows(tmp_path):
    path = tmp_path / "store.db"
    migrate(database_url(path), "0003")
    query = "SELECT source, since, until FROM coverage"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO coverage VALUES ('a', 1, 2, '{}'), ('a', 2.5, 3, '{}')")
        before = connection.execute(query).fetchall()
    for revision in (HEAD, "0003", HEAD):
        migrate(database_url(path), revision)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute(query).fetchall() == before


GAPS = [{"partition": 0, "first": 5, "last": 9}]
KEPT = [  # id, source, since, until, gap, last, event
    (3, "b", 1.0, 2.0, "", 0, {"source": "b", "listed": 7, "items": "QUJD", "feed": "x", "unheard_of": 1}),
    (4, "a", 1.0, 2.0, "", 0, {"source": "a", "blind": "outage", "since": 1.0, "until": 2.0}),
    (9, "bus:d", 4.0, 4.0, "retention 0 5", 9, {"blind": "retention", "lost": 5, "gaps": GAPS}),
]


async def test_rows_from_before_the_chain_are_chained_in_their_order(tmp_path):
    url = database_url(tmp_path / "store.db")
    await asyncio.to_thread(migrate, url, "0005")
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection, connection:
        rows = [(*row[:-1], json.dumps(row[-1])) for row in KEPT]
        rows += [(n, "c", float(n), n + 1.0, "", 0, '{"listed": 1}') for n in range(100, 1200)]
        connection.executemany("INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    store = await open_store(tmp_path)
    async with store.read() as connection:
        taken = [each async for each in ledger.entries(connection, items=True)]
        head = await ledger.head_of(connection)
    told, ends = zip(*walk(taken, Head()), strict=True)
    assert (len(told), ends[-1]) == (1103, head)
    first = told[0].event
    assert (first.source, first.feed, first.listed, first.items, first.since) == ("b", "x", 7, "QUJD", 1.0)
    assert [each.event.source for each in told[:4]] == ["b", "a", "bus:d", "c"]
    assert told[2].event.gaps == (Gap(0, 5, 9),)
    async with store.write() as connection:
        again = {"source": "a", "since": 1.0, "until": 2.0, "blind": "outage"}
        assert await ledger.append(connection, [again], now=0.0) == 0
    await store.close()
    await asyncio.to_thread(migrate, url, "0005")
    with closing(sqlite3.connect(tmp_path / "store.db")) as connection:
        back = connection.execute("SELECT source, since, until, gap, last FROM coverage").fetchall()
        (event,) = connection.execute("SELECT event FROM coverage WHERE source = 'b'").fetchone()
    assert back[:3] == [row[1:6] for row in KEPT]
    assert json.loads(event)["items"] == "QUJD"


async def test_a_newer_store_is_refused(tmp_path):
    await (await open_store(tmp_path)).close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreRefused, match=r"newer version \(9999.*upgrade leakstream"):
        await open_store(tmp_path)


async def test_several_may_start_at_once(tmp_path):
    stores = await asyncio.gather(*(open_store(tmp_path) for _ in range(5)))
    for store in stores:
        await store.close()
    assert names(tmp_path / "store.db") == {*metadata.tables, "alembic_version"}


async def test_down_to_nothing_and_up_again_the_tables_are_as_they_are_said_to_be(tmp_path, each_store):
    url = database_url(store_place(tmp_path))
    for revision in (HEAD, "base", HEAD):
        await asyncio.to_thread(migrate, url, revision)
    engine = new_engine(url, once=True)

    def differences(connection):
        # only where the server has what it is made of
        options = {"include_object": lambda _, name, *__: name != "exposure_words_parts"}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_what_was_there_before_is_listed_and_counted(tmp_path, each_store):
    store = await open_store(tmp_path)
    await put(store, exposure("a"), exposure("b", level="none"), exposure("c", state="closed", closed_at=1.0))
    await store.close()
    for revision in ("0007", HEAD):
        await asyncio.to_thread(migrate, store.url, revision)
    store = await open_store(tmp_path)
    await put(store, exposure("d"))
    async with store.read() as connection:
        assert await open_counts(connection) == {("high", "proved"): 2, ("high", "none"): 1}
        for wanted, leaks in ((Filter(state="open"), "abd"), (Filter(text="ACME/code"), "acd")):
            rows = await list_exposures(connection, wanted, limit=9)
            assert {row.id for row in rows} == {fingerprint(leak) for leak in leaks}
            assert (await count_exposures(connection, wanted)).number == len(leaks)
    await store.close()


def test_every_table_states_its_term():
    folder = Path(tables.__file__).parent
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    parts = re.split(r"^(?:[a-z_]+): Final = Table\(", source, flags=re.MULTILINE)
    assert len(parts) == len(metadata.tables) + 1
    for before in parts[:-1]:
        comment = before[before.rstrip().rfind("\n\n") :]
        assert "Term:" in comment
