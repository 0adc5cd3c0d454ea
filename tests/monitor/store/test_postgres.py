"""What only PostgreSQL does: ways in that are closed, locks, lost connections, values it would not take. A real server."""

# ruff: noqa: PT012 - what fails is the end of a transaction, with all that stands in it
from __future__ import annotations

import asyncio
import secrets
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from alerting_samples import NOON, exposure, fingerprint, place, put
from localpostgres import LocalPostgres
from monitor.aio import cancel, spawn
from monitor.store import exposures, records
from monitor.store.dialect import database_url
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy, StoreRefused
from monitor.store.glance import Glance, glance_at_server
from monitor.store.migrate import HEAD
from monitor.store.postgres import address, connect_arguments
from monitor.store.queries import sightings_of


@pytest.fixture
async def url(postgres: LocalPostgres) -> AsyncIterator[str]:
    with postgres.database() as made:
        yield made


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    opened = await Store.open(url)
    yield opened
    await opened.close()


async def refused(url: str) -> str:
    with pytest.raises(StoreRefused) as caught:
        await Store.open(url)
    return str(caught.value)


async def test_a_wrong_password_a_missing_database_and_a_missing_user_are_told_apart(
    postgres: LocalPostgres, url: str
) -> None:
    name = url.rpartition("/")[2]
    password = secrets.token_hex(16)
    postgres.execute(f"ALTER ROLE locked PASSWORD '{password}'")
    right = database_url(postgres.url(name, user="locked")).set(password=password)
    await (await Store.open(right)).close()
    wrong = secrets.token_hex(16)
    told = await refused(right.set(password=wrong).render_as_string(hide_password=False))
    assert "wrong password for user locked: see store.password" in told
    assert wrong not in told
    assert "has no database nowhere: make it with `createdb nowhere`" in await refused(
        postgres.url("nowhere")
    )
    assert "user nobody is not let in: see the server's pg_hba.conf" in await refused(
        postgres.url(name, user="nobody")
    )


async def test_a_user_who_may_not_make_tables_is_told(postgres: LocalPostgres) -> None:
    postgres.execute("CREATE DATABASE strangers")
    try:
        told = await refused(postgres.url("strangers"))
    finally:
        postgres.drop_database("strangers")
    assert "user leak may not make tables in database strangers: make that user its owner" in told


async def test_nobody_at_the_port_is_busy(postgres: LocalPostgres) -> None:
    away = database_url(postgres.url("x")).set(port=1, password="hidden")
    with pytest.raises(StoreBusy, match=r"the database at 127\.0\.0\.1:1/x cannot be reached") as caught:
        await Store.open(away)
    assert "hidden" not in str(caught.value)


async def test_a_server_without_tls_is_refused_where_tls_is_wanted(url: str) -> None:
    told = await refused(f"{url}?sslmode=verify-full")
    assert "it does not speak TLS" in told


def test_what_leaves_the_machine_is_encrypted_and_checked() -> None:
    def tls(text: str) -> ssl.SSLContext | bool:
        bare, arguments = connect_arguments(database_url(text))
        assert "sslmode" not in bare.query
        found: ssl.SSLContext | bool = arguments["ssl"]
        return found

    far = tls("postgresql://a@db.example.com/x")
    assert isinstance(far, ssl.SSLContext)
    assert (far.check_hostname, far.verify_mode) == (True, ssl.CERT_REQUIRED)
    by_authority = tls("postgresql://a@db.example.com/x?sslmode=verify-ca")
    assert isinstance(by_authority, ssl.SSLContext)
    assert (by_authority.check_hostname, by_authority.verify_mode) == (False, ssl.CERT_REQUIRED)
    unchecked = tls("postgresql://a@db.example.com/x?sslmode=require")
    assert isinstance(unchecked, ssl.SSLContext)
    assert unchecked.verify_mode is ssl.CERT_NONE
    for near in ("127.0.0.1", "[::1]", "localhost"):
        assert tls(f"postgresql://a@{near}/x") is False
    assert tls("postgresql:///x?host=/run/postgresql") is False
    assert tls("postgresql://a@db.example.com/x?sslmode=disable") is False


async def test_by_way_of_a_socket(postgres: LocalPostgres, url: str) -> None:
    name = url.rpartition("/")[2]
    place = f"postgresql://leak@/{name}?host={postgres.socket_folder}&port={postgres.port}"
    store = await Store.open(place)
    async with store.read() as connection:
        assert (await connection.execute(text("SELECT inet_client_addr()"))).scalar_one() is None
    await store.close()
    assert address(store.url) == f"{postgres.socket_folder}:{postgres.port}/{name}"


async def test_reads_are_read_only_and_see_one_state(store: Store) -> None:
    async with store.read() as connection:
        await connection.execute(text("SELECT 1"))
        async with store.write() as other:
            await records.set_meta(other, "a", "1")
        assert await records.get_meta(connection, "a") is None
    with pytest.raises(StoreBusy):  # what a standby says, too
        async with store.read() as connection:
            await records.set_meta(connection, "a", "2")


async def test_a_lost_connection_is_busy_and_the_next_call_gets_another(
    store: Store, postgres: LocalPostgres
) -> None:
    with pytest.raises(StoreBusy):
        async with store.write() as connection:
            await records.set_meta(connection, "a", "1")
            postgres.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1",
                store.url.database,
            )
            await records.set_meta(connection, "b", "1")
    async with store.write() as connection:
        assert await records.get_meta(connection, "a") is None
        await records.set_meta(connection, "a", "2")


async def test_who_stands_still_in_a_transaction_loses_it(store: Store) -> None:
    with pytest.raises(StoreBusy):
        async with store.write() as connection:
            await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 100"))
            await records.set_meta(connection, "a", "1")
            await asyncio.sleep(0.5)
            await records.set_meta(connection, "b", "1")
    async with store.write() as connection:  # nothing is locked
        assert await records.get_meta(connection, "a") is None


async def test_a_lock_that_is_not_given_in_time_is_busy(store: Store) -> None:
    async with store.write(alone=False) as connection:
        await records.set_meta(connection, "a", "1")
        with pytest.raises(StoreBusy):
            async with store.write(alone=False) as other:
                await other.execute(text("SET LOCAL lock_timeout = '50ms'"))
                await records.set_meta(other, "a", "2")


async def test_a_deadlock_is_busy_for_one_of_the_two(store: Store) -> None:
    first, second = asyncio.Event(), asyncio.Event()

    async def both(mine: str, other: str, here: asyncio.Event, there: asyncio.Event) -> str:
        try:
            async with store.write(alone=False) as connection:
                await records.set_meta(connection, mine, "1")
                here.set()
                await there.wait()
                await records.set_meta(connection, other, "1")
        except StoreBusy:
            return "busy"
        return "written"

    ends = await asyncio.gather(both("a", "b", first, second), both("b", "a", second, first))
    assert sorted(ends) == ["busy", "written"]


async def test_a_server_that_gives_no_answer_is_busy_and_a_restart_only_a_pause() -> None:
    def start() -> LocalPostgres:
        return LocalPostgres().__enter__()

    server = await asyncio.to_thread(start)
    try:
        with server.database() as url:
            store = await Store.open(url)
            async with store.write() as connection:
                await records.set_meta(connection, "a", "1")
            server.suspend()
            try:
                waiting = spawn(_read(store), name="read")
                assert await asyncio.wait([waiting], timeout=0.3) == (set(), {waiting})
                await cancel(waiting)  # nobody has to wait for a server
            finally:
                server.resume()
            await asyncio.to_thread(server.stop)
            with pytest.raises(StoreBusy):
                await _read(store)
            await asyncio.to_thread(server.start)
            assert await _read(store) == "1"
            await store.close()
    finally:
        await asyncio.to_thread(server.__exit__)


async def _read(store: Store) -> str | None:
    async with store.read() as connection:
        return await records.get_meta(connection, "a")


async def test_strangers_texts_and_numbers_come_back(store: Store) -> None:
    long = "x" * 5000
    row = exposure(
        path="nul\0 in it",
        title=long,
        rule=long,
        facts={"nul": "a\0b", "none": ""},
        score=90,
        first_published=None,
        last_seen=1,
        opened_at=int(NOON),
    )
    await put(store, row)
    async with store.write() as connection:
        await exposures.add_sightings(connection, [place(1)], {row.id: 1})
        places = await sightings_of(connection, [row.id])
    async with store.read() as connection:
        kept = (await exposures.load(connection, [row.id]))[row.id]
    assert (kept.path, kept.title, kept.rule) == ("nul\ufffd in it", long, long)
    assert (kept.facts, kept.last_seen, kept.first_published) == (row.facts, 1.0, None)
    assert places[fingerprint("a")][0]["place_id"] == bytes.fromhex(place(1).place_id)


async def test_a_value_of_the_wrong_type_is_our_mistake_and_not_retried(store: Store) -> None:
    with pytest.raises(SQLAlchemyError) as caught:
        async with store.write() as connection:
            await connection.execute(text("SELECT CAST(:n AS integer)"), {"n": "no number"})
    assert isinstance(caught.value, DBAPIError)
    assert "no number" not in str(caught.value.statement)


async def test_a_look_at_a_server_changes_nothing(postgres: LocalPostgres) -> None:
    with postgres.database(migrated=False) as url:
        found = await glance_at_server(database_url(url))
        assert (found.revision, found.keys) == ("", ())
        assert abs(found.ahead) < 60
        assert (
            postgres.execute(
                "SELECT 1 FROM pg_tables WHERE schemaname = 'public'", database=url.rpartition("/")[2]
            )
            == []
        )
        store = await Store.open(url)
        await records.bind_key(store, ["one", "two"])
        await store.close()
        found = await glance_at_server(database_url(url))
        assert found == Glance(HEAD, ("one", "two"), found.ahead, found.within)


async def test_one_migrates_and_the_others_wait(postgres: LocalPostgres) -> None:
    with postgres.database(migrated=False) as url:
        stores = await asyncio.gather(*(Store.open(url) for _ in range(4)))
        for store in stores:
            assert await _read(store) is None
            await store.close()


async def test_a_certificate_that_is_not_there_is_named(url: str, tmp_path: Path) -> None:
    missing = tmp_path / "none.pem"
    with pytest.raises(FileNotFoundError):
        await Store.open(f"{url}?sslmode=verify-full&sslrootcert={missing}")
