"""What each database needs: drivers, pragmas, how a transaction begins, the inserts that leave known rows alone.

SQLite: WAL, full sync (an offset of the bus moves only after what it stands for is on the disk), BEGIN IMMEDIATE for writers, so
that two processes queue for the lock at the beginning instead of failing in the middle; secure_delete. PostgreSQL: see
`monitor.store.postgres`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Connection, Integer, Table, any_, bindparam, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from monitor.store import postgres

_T = TypeVar("_T")
_BUSY_MILLISECONDS: Final = 30_000
_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": postgres.DRIVER, "postgres": postgres.DRIVER}
_POOL: Final = {"pool_size": 5, "max_overflow": 10, "pool_use_lifo": True, "pool_recycle": 600}
WRITE: Final = "leakstream_write"  # execution option of a transaction that is going to write


def database_url(where: str | Path | URL) -> URL:
    """A path is a SQLite file; a URL gets the asynchronous driver of its database."""
    if isinstance(where, Path) or (isinstance(where, str) and "://" not in where):
        return URL.create(_DRIVERS["sqlite"], database=str(where))
    url = make_url(where)
    return url.set(drivername=_DRIVERS.get(url.drivername.partition("+")[0], url.drivername))


def new_engine(url: URL, *, once: bool = False) -> AsyncEngine:
    """An engine whose connections behave as the module's first lines say. `once`: for a migration, which keeps no connection and
    may take its time. Blocks (reads certificates); raises OSError.
    """
    pool: dict[str, Any] = {"poolclass": NullPool} if once else {}
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, **pool)
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        return engine
    bare, arguments = postgres.connect_arguments(url)
    if not once:
        pool, arguments = dict(_POOL), postgres.with_answer_limit(arguments)
    engine = create_async_engine(bare, connect_args=arguments, hide_parameters=True, **pool)
    event.listen(engine.sync_engine, "handle_error", postgres.translate)
    event.listen(engine.sync_engine, "before_cursor_execute", postgres.without_nul, retval=True)
    return engine


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: `_begin_sqlite` does
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout = {_BUSY_MILLISECONDS}",
        "foreign_keys = ON",
        "secure_delete = ON",
        "synchronous = FULL",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    write = connection.get_execution_options().get(WRITE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def insert_new(connection: AsyncConnection, table: Table) -> Any:
    """An INSERT that leaves a row alone whose unique key is already there."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def insert_or_replace(connection: AsyncConnection, table: Table, *columns: str) -> Any:
    """An INSERT that, where the primary key is already there, sets `columns`."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in columns},
    )


def one_of(
    connection: AsyncConnection, column: ColumnElement[int], numbers: Collection[int]
) -> ColumnElement[bool]:
    """Whether `column` is one of any number of `numbers`: one variable of the statement."""
    if connection.dialect.name == "postgresql":
        return column == any_(bindparam(None, sorted(numbers), ARRAY(Integer)))
    listed = func.json_each("[" + ",".join(map(str, sorted(numbers))) + "]").table_valued("value")
    return column.in_(select(listed.c.value))


async def execute_many(
    connection: AsyncConnection, statement: Any, rows: Sequence[Mapping[str, Any]]
) -> None:
    """One statement for many rows; nothing for none (a bare execute would insert one empty row)."""
    if rows:
        await connection.execute(statement, list(rows))


def chunks(items: Iterable[_T], size: int = 900) -> Iterator[list[_T]]:
    """Lists of at most `size`, for IN (…): both databases limit the variables of a statement."""
    chunk: list[_T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
