import asyncio
import multiprocessing
import sqlite3

import pytest
from sqlalchemy import select, text

from alerting_samples import open_store
from monitor.aio import cancel, spawn
from monitor.bus.base import RetryableError
from monitor.store.dialect import insert_or_replace
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy
from monitor.store.tables import meta
from store_processes import count_up

pytestmark = pytest.mark.usefixtures("each_store")
on_sqlite = pytest.mark.parametrize("each_store", ["sqlite"], indirect=True)


async def set_value(store: Store, name: str, value: str) -> None:
    async with store.write() as connection:
        await connection.execute(insert_or_replace(connection, meta, "value"), {"name": name, "value": value})


async def value_of(store: Store, name: str) -> str | None:
    async with store.read() as connection:
        return (
            await connection.execute(select(meta.c.value).where(meta.c.name == name))
        ).scalar_one_or_none()


@on_sqlite
async def test_files_are_the_owners_alone(tmp_path):
    store = await open_store(tmp_path / "new")
    await set_value(store, "a", "1")
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in (tmp_path / "new").iterdir()}
    await store.close()
    assert modes == dict.fromkeys(["store.db", "store.db-wal", "store.db-shm", "store.db.lock"], "0o600")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


@on_sqlite
async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    (tmp_path / "store.db").touch(mode=0o644)
    store = await open_store(tmp_path)
    await store.close()
    assert (tmp_path / "store.db").stat().st_mode & 0o077 == 0


@on_sqlite
@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("busy_timeout", 30000),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("synchronous", 2),
    ],
)
async def test_pragmas(tmp_path, pragma, value):
    store = await open_store(tmp_path)
    async with store.read() as connection:
        assert (await connection.execute(text(f"PRAGMA {pragma}"))).scalar() == value
    await store.close()


async def test_an_exception_rolls_everything_back(tmp_path):
    store = await open_store(tmp_path)

    async def fail() -> None:
        async with store.write() as connection:
            await connection.execute(meta.insert(), {"name": "a", "value": "1"})
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    assert await value_of(store, "a") is None
    await store.close()


async def test_a_reader_sees_one_state_while_another_writes(tmp_path):
    store = await open_store(tmp_path)
    await set_value(store, "a", "1")
    async with store.read() as connection:
        query = select(meta.c.value).where(meta.c.name == "a")
        assert (await connection.execute(query)).scalar_one() == "1"
        await set_value(store, "a", "2")
        assert (await connection.execute(query)).scalar_one() == "1"
    assert await value_of(store, "a") == "2"
    await store.close()


@on_sqlite
async def test_a_locked_database_is_a_retryable_error(tmp_path):
    store = await open_store(tmp_path)
    async with store.read() as connection:  # the pool's connection: let it give up at once
        await connection.execute(text("PRAGMA busy_timeout = 1"))
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy) as caught:
        await set_value(store, "a", "1")
    assert isinstance(caught.value, RetryableError)
    other.execute("ROLLBACK")
    other.close()
    await set_value(store, "a", "1")
    assert await value_of(store, "a") == "1"
    await store.close()


async def test_a_mistake_of_ours_is_not_retried(tmp_path):
    store = await open_store(tmp_path)
    with pytest.raises(Exception, match=r"no such table|does not exist") as caught:
        async with store.write() as connection:
            await connection.execute(text("SELECT * FROM missing"))
    assert not isinstance(caught.value, RetryableError)
    await store.close()


# a cancelled connection is dropped by SQLAlchemy without a close, which Python 3.13 remarks when it is collected
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_a_write_that_is_cancelled_anywhere_leaves_nothing_locked(tmp_path):
    store = await open_store(tmp_path)
    for delay in range(40):
        task = spawn(set_value(store, f"n{delay}", "1"), name="write")
        await asyncio.sleep(delay * 0.0002)
        await cancel(task)
        async with asyncio.timeout(120):
            await set_value(store, "a", str(delay))
    assert await value_of(store, "a") == "39"
    await store.close()


async def test_processes_that_start_and_write_at_once_lose_no_update(tmp_path):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=count_up, args=(tmp_path, 40)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        await asyncio.to_thread(worker.join)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    store = await open_store(tmp_path)
    assert await value_of(store, "n") == "120"
    await store.close()


async def test_tasks_of_one_process_lose_no_update(tmp_path):
    store = await open_store(tmp_path)

    async def up() -> None:
        async with store.write() as connection:
            query = select(meta.c.value).where(meta.c.name == "n")
            value = int((await connection.execute(query)).scalar_one_or_none() or 0)
            row = {"name": "n", "value": str(value + 1)}
            await connection.execute(insert_or_replace(connection, meta, "value"), row)

    await asyncio.gather(*(up() for _ in range(30)))
    assert await value_of(store, "n") == "30"
    await store.close()
