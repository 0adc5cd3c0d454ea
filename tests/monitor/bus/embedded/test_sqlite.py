"""One file: its modes, its lock, and what its errors mean."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from monitor.bus.base import Backpressure, BusDamaged, BusError
from monitor.bus.embedded.sqlite import Database

_SCHEMA = ("CREATE TABLE t (x BLOB)",)


def _open(path: Path, *, version: int = 1, max_bytes: int | None = None) -> Database:
    return Database(
        path, schema=_SCHEMA, version=version, durable=True, remedy="Move it away.", max_bytes=max_bytes
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.db"


def test_only_the_owner_reads_any_of_the_files(path: Path) -> None:
    old = os.umask(0)
    try:
        db = _open(path)
        with db.write() as run:
            run.execute("INSERT INTO t VALUES (x'00')")
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
        db.close()
    finally:
        os.umask(old)
    assert modes == dict.fromkeys(("file.db", "file.db-wal", "file.db-shm", "file.db.lock"), 0o600)


def test_a_transaction_that_fails_leaves_nothing(path: Path) -> None:
    db = _open(path)
    with pytest.raises(KeyError), db.write() as run:  # noqa: PT012
        run.execute("INSERT INTO t VALUES (x'00')")
        raise KeyError
    with db.write() as run:
        assert run.execute("SELECT count(*) FROM t").fetchone() == (0,)
    db.close()


def test_rubbish_is_damage_with_advice(path: Path) -> None:
    path.write_bytes(b"not a database " * 1000)
    with pytest.raises(BusDamaged) as caught:
        _open(path)
    assert str(path) in str(caught.value)
    assert "Move it away." in str(caught.value)


def test_a_broken_page_is_damage_too(path: Path) -> None:
    db = _open(path)
    with db.write() as run:
        run.executemany("INSERT INTO t VALUES (?)", [(os.urandom(3000),) for _ in range(100)])
    db.close()
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 40_000)
    db = _open(path)
    with pytest.raises(BusDamaged), db.read() as run:
        run.execute("SELECT sum(length(x)) FROM t").fetchone()
    db.close()


def test_a_file_of_a_later_release_is_left_alone(path: Path) -> None:
    _open(path, version=2).close()
    with pytest.raises(BusError, match="newer"):
        _open(path, version=1)


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(BusError, match="nowhere"):
        _open(tmp_path / "nowhere" / "file.db")


def test_a_full_disk_is_back_pressure_and_loses_nothing(path: Path) -> None:
    db = _open(path, max_bytes=200_000)
    written = 0
    with pytest.raises(Backpressure) as caught:  # noqa: PT012 - until it is full
        while True:
            with db.write() as run:
                run.execute("INSERT INTO t VALUES (?)", (bytes(10_000),))
            written += 1
    assert caught.value.reason == "disk_full"
    assert written > 5
    with db.write() as run:
        assert run.execute("SELECT count(*) FROM t").fetchone() == (written,)
        run.execute("DELETE FROM t WHERE rowid < 5")
    with db.write() as run:  # room again
        run.execute("INSERT INTO t VALUES (?)", (bytes(10_000),))
    db.close()


def test_a_limit_of_the_system_is_no_loss_either(path: Path) -> None:
    """The kernel refuses to let a file grow (RLIMIT_FSIZE): an error that names the file, and what was there stays."""
    _open(path).close()
    script = """
import resource, signal, sys
from pathlib import Path
from monitor.bus.base import BusError
from monitor.bus.embedded.sqlite import Database
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
db = Database(Path(sys.argv[1]), schema=(), version=1, durable=True, remedy="")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
written = 0
try:
    while True:
        with db.write() as run:
            run.execute("INSERT INTO t VALUES (?)", (bytes(10_000),))
        written += 1
except BusError as error:
    assert sys.argv[1] in str(error) or str(error) == "disk_full", error
print(written)
"""
    out = subprocess.run(
        [sys.executable, "-P", "-c", script, str(path)], check=True, capture_output=True, text=True
    ).stdout
    assert int(out) > 5
    db = _open(path)
    with db.read() as run:
        assert run.execute("SELECT count(*) FROM t").fetchone() == (int(out),)
    db.close()


def test_writers_in_threads_take_turns(path: Path) -> None:
    _open(path).close()

    def write(_: int) -> None:
        db = _open(path)
        for _ in range(50):
            with db.write() as run:
                run.execute("INSERT INTO t VALUES (x'00')")
        db.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    db = _open(path)
    with db.read() as run:
        assert run.execute("SELECT count(*) FROM t").fetchone() == (200,)
    db.close()


def test_a_killed_writer_frees_the_lock_and_leaves_no_half_transaction(path: Path) -> None:
    _open(path).close()
    script = """
import os, sys
from pathlib import Path
from monitor.bus.embedded.sqlite import Database
db = Database(Path(sys.argv[1]), schema=(), version=1, durable=True, remedy="")
with db.write() as run:
    run.executemany("INSERT INTO t VALUES (?)", [(bytes(50_000),)] * 400)
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-P", "-c", script, str(path)], check=False).returncode == -9
    db = _open(path)
    with db.write() as run:
        assert run.execute("SELECT count(*) FROM t").fetchone() == (0,)
    db.close()


def test_the_lock_is_held_while_writing_and_only_then(path: Path) -> None:
    db = _open(path)
    with path.with_name("file.db.lock").open() as lock:
        with db.write(), pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    db.close()


def test_the_wal_is_emptied_unless_somebody_reads(path: Path) -> None:
    db, reader = _open(path), sqlite3.connect(path, isolation_level=None)
    with db.write() as run:
        run.execute("INSERT INTO t VALUES (x'00')")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM t").fetchall()
    with db.write() as run:
        run.execute("INSERT INTO t VALUES (x'01')")
    assert not db.empty_wal()
    reader.execute("COMMIT")
    assert db.empty_wal()
    assert path.with_name("file.db-wal").stat().st_size == 0
    reader.close()
    db.close()
