"""The store: a file, and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from doctoring import OFF, failed, look, looked, one, warned
from localpostgres import LocalPostgres
from monitor.app import load_config, prepare_state
from monitor.commands.doctor import Outcome, stores
from monitor.commands.doctor.check import Check, Reading
from monitor.commands.doctor.clocks import judge
from monitor.config import Config
from monitor.identity import create_key
from monitor.store.dialect import database_url
from monitor.store.engine import Store
from monitor.store.glance import glance
from monitor.store.migrate import migrate
from monitor.store.records import bind_key
from whole_service import configure


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(configure(tmp_path, ""), {})


async def told(config: Config) -> Check:
    return one(await looked(stores.look, config), "store")


async def test_a_store_that_is_not_there_will_be_made(config: Config) -> None:
    assert (await told(config)).found == "will be made"
    assert not config.state.exists()


async def test_the_doctor_changes_no_store(config: Config) -> None:
    keys = prepare_state(config)
    path = config.state / "store.db"
    await asyncio.to_thread(migrate, database_url(path), "base")
    before = {file.name: file.read_bytes() for file in config.state.iterdir()}
    warned(await told(config), "brings it up to date")
    assert {file.name: file.read_bytes() for file in config.state.iterdir()} == before
    store = await Store.open(path)
    await bind_key(store, list(keys.keys))  # the newest pages stand in the log
    assert glance(path).keys == tuple(keys.keys)
    assert (await told(config)).outcome is Outcome.OK
    async with store.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    failed(await told(config), "upgrade leakstream")
    await store.close()
    config.key_file.unlink()
    create_key(config.key_file)
    failed(await told(config), "is not the one", "restore")
    path.write_bytes(b"no database" * 100)
    failed(await told(config), "cannot be read")


LOCKED = "locked"  # of the tests' server: let in with a password only


def on_postgres(folder: Path, url: str, password: str = "") -> Config:
    (folder / "password").write_text(password)
    more = 'password_file = "password"\n' if password else ""
    return load_config(configure(folder, f'[store]\nurl = "{url}"\n{more}'), {})


def test_a_wrong_password_of_the_database_is_named_and_never_shown(
    tmp_path: Path, postgres: LocalPostgres
) -> None:
    with postgres.database(migrated=False) as url:
        locked = postgres.url(url.rpartition("/")[2], user=LOCKED)
        check = one(look(stores.look, on_postgres(tmp_path, locked, "not-the-password")), "store")
        failed(
            check,
            f"wrong password for user {LOCKED}",
            "password_file",
            "docs/how-to/postgresql.md",
        )
        assert "not-the-password" not in check.text


def test_a_database_that_is_away_or_not_there_is_named(tmp_path: Path, postgres: LocalPostgres) -> None:
    failed(
        one(look(stores.look, on_postgres(tmp_path, postgres.url("nothing"))), "store"),
        "no database nothing",
        "createdb",
    )
    url = "postgresql://leak@127.0.0.1:1/leaks"
    failed(
        one(look(stores.look, on_postgres(tmp_path, url)), "store"),
        "127.0.0.1:1",
        "cannot be reached",
        "start the database",
    )
    assert (
        one(look(stores.look, on_postgres(tmp_path, url), offline=True), "store").found
        == "a database; not asked"
    )


@pytest.mark.parametrize(("ahead", "way"), [(OFF, "10 min ahead of"), (-OFF, "10 min behind")])
def test_a_clock_that_is_off_by_ten_minutes_is_seen_by_the_database_s(
    tmp_path: Path, postgres: LocalPostgres, ahead: float, way: str
) -> None:
    with postgres.database() as url:
        config = on_postgres(tmp_path, url)
        readings = [each for each in look(stores.look, config) if isinstance(each, Reading)]
        assert next(iter(judge(readings))).outcome is Outcome.OK
        found = look(stores.look, config, clock=lambda: time.time() + ahead)
        failed(
            next(iter(judge([each for each in found if isinstance(each, Reading)]))), f"{way} the database"
        )
