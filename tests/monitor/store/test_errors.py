import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from monitor.store.errors import StoreBusy, translated


def driver_error(code: int) -> OperationalError:
    cause = sqlite3.OperationalError("words that do not matter")
    cause.sqlite_errorcode = code
    return OperationalError("INSERT", {}, cause)


@pytest.mark.parametrize(
    "code",
    [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_SNAPSHOT, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE],
)
def test_what_passes_is_busy(code):
    with pytest.raises(StoreBusy), translated():
        raise driver_error(code)


@pytest.mark.parametrize("code", [sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_READONLY])
def test_what_stays_is_raised(code):
    with pytest.raises(OperationalError), translated():
        raise driver_error(code)


def test_other_errors_are_left_alone():
    with pytest.raises(KeyError), translated():
        raise KeyError("x")
