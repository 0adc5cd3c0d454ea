"""What the store raises.

StoreError
├── StoreBusy     the database cannot take the call now (locked, full disk, gone); also a bus RetryableError: try again
└── StoreRefused  this program must not use this store: made by a newer version, or with another fingerprint key
Overtaken         a person's mistake, no trouble of the store: what he changes is not what he saw
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from monitor.bus.base import RetryableError

# primary result codes of sqlite.org/rescode.html that another moment may cure
_PASSING: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
# the same of PostgreSQL's, by SQLSTATE or its first two characters: connection, rollback (deadlock), resources, operator, system
_PASSING_CLASSES: Final = {"08", "40", "53", "57", "58"}
_PASSING_STATES: Final = {
    "55P03",  # a lock was not given in time
    "25P03",  # the transaction stood still for too long
    "25006",  # a standby took over
}
_DRIVERS_PASSING: Final = {
    "InterfaceError",
    "InternalClientError",
    "OutdatedSchemaCacheError",
    "InvalidCachedStatementError",
}


class StoreError(Exception):
    """Base of all errors that the store raises."""


class StoreBusy(StoreError, RetryableError):
    """Nothing of the transaction was written; the same call may succeed later."""


class StoreRefused(StoreError):
    """The store does not fit this program. The message says what to do."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's passing troubles into StoreBusy; everything else is raised as it is."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy("no free connection") from error
    except DBAPIError as error:
        if is_passing(error):
            raise StoreBusy(type(error.orig).__name__) from error
        raise


def is_passing(error: DBAPIError) -> bool:
    """Whether another moment may cure it."""
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _PASSING
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state in _PASSING_STATES or state[:2] in _PASSING_CLASSES
    # the driver itself: the connection is closed, or another task's; but a value of the wrong type is a mistake of ours
    cause = error.orig.__cause__ if error.orig is not None else None
    return type(cause).__name__ in _DRIVERS_PASSING


class Overtaken(ValueError):
    """Somebody else changed it since the caller looked. Nothing was done."""
