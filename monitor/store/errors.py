"""What the store raises.

StoreError
├── StoreBusy     the database cannot take the call now (locked, full disk, gone); also a bus RetryableError: try again
└── StoreRefused  this program must not use this store: made by a newer version, or with another fingerprint key
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
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
        if _passing(error):
            raise StoreBusy(type(error.orig).__name__) from error
        raise


def _passing(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _PASSING
    # elsewhere (PostgreSQL) two workers may insert one new exposure at once: the second one reads it the next time
    return isinstance(error, OperationalError | InterfaceError | IntegrityError)
