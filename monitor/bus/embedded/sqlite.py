"""One SQLite file: how it is opened, locked, written, shrunk and closed, and what its errors mean.

All writing and all checkpoints of a file, of all processes, happen one at a time under an advisory lock (`flock`) on
`<file>.lock`. SQLite alone would also keep writers apart, but before 3.51.3 a checkpoint that races with a writer can
damage the file (sqlite.org/wal.html#walresetbug), and the versions in use are older. The kernel frees the lock of a killed process.
A process that holds a bus must start its children with exec (spawn, forkserver): a forked copy would keep the lock.

Everything here blocks; each Database belongs to the one thread that opened it (see `worker.py`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from monitor.bus.base import Backpressure, BusDamaged, BusError

_CHECKPOINT_BYTES: Final = 16 * 1024 * 1024
_WAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
_CACHE_KIB: Final = 4096
_LOCK_SECONDS: Final = 10.0  # far more than any transaction here takes
_SCARCE_BYTES: Final = 1024 * 1024


class Database:
    """A connection in WAL mode. `durable` = a commit survives power loss, else only the death of the process.

    Raises BusDamaged for a file that is not ours or not whole, Backpressure ("busy", "disk_full"), BusError. `remedy`
    is the sentence that tells an operator what to do with a damaged file. `page_bytes` counts when the file is made.
    """

    def __init__(
        self,
        path: Path,
        *,
        schema: tuple[str, ...],
        version: int,
        durable: bool,
        remedy: str,
        page_bytes: int = 4096,
        max_bytes: int | None = None,
    ) -> None:
        self.path = path
        self._page_bytes = page_bytes
        self._remedy = remedy
        with self.translated():
            self._lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                with self._exclusively():
                    if not path.exists():
                        # before SQLite opens it: closing a descriptor later would drop SQLite's own locks
                        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
                    self.connection = sqlite3.connect(path, timeout=_LOCK_SECONDS, isolation_level=None)
                    self._prepare(schema, version, durable=durable, max_bytes=max_bytes)
            except BaseException:
                os.close(self._lock)
                raise

    def _prepare(
        self, schema: tuple[str, ...], version: int, *, durable: bool, max_bytes: int | None
    ) -> None:
        run = self.connection.execute
        try:
            run(f"PRAGMA page_size = {self._page_bytes}")  # only takes effect in an empty file
            run("PRAGMA journal_mode = WAL")
            run(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
            run("PRAGMA secure_delete = ON")
            run("PRAGMA temp_store = MEMORY")
            run(f"PRAGMA cache_size = -{_CACHE_KIB}")
            run(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_BYTES // self._page_bytes}")
            run(f"PRAGMA journal_size_limit = {_WAL_LIMIT_BYTES}")
            if max_bytes is not None:
                run(f"PRAGMA max_page_count = {max(1, max_bytes // self._page_bytes)}")
            self._migrate(schema, version)
        except BaseException:
            self.connection.close()
            raise

    def _migrate(self, schema: tuple[str, ...], version: int) -> None:
        run = self.connection.execute
        found = run("PRAGMA user_version").fetchone()[0]
        if found > version:
            raise BusError(f"{self.path} was written by a newer leakstream: upgrade this one")
        if found < version:
            if not schema:
                raise BusError(f"{self.path} was never finished: start the service again")
            run("BEGIN IMMEDIATE")
            for statement in schema:
                run(statement)
            run(f"PRAGMA user_version = {version}")
            run("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction, alone on the file. Rolled back when the block raises."""
        with self.translated(), self._exclusively():
            connection = self.connection
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One snapshot. Never waits for writers. Keep it short: it holds back checkpoints."""
        with self.translated():
            self.connection.execute("BEGIN")
            try:
                yield self.connection
            finally:
                if self.connection.in_transaction:
                    self.connection.execute("COMMIT")

    def changed(self) -> int:
        """A number that changes whenever another connection has committed."""
        with self.translated():
            return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def empty_wal(self) -> bool:
        """Move everything into the file and cut the WAL to nothing. False when a reader was in the way."""
        with self.translated(), self._exclusively():
            self.connection.execute("PRAGMA busy_timeout = 250")
            try:
                busy = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                self.connection.execute(f"PRAGMA busy_timeout = {int(_LOCK_SECONDS * 1000)}")
            return not busy

    def close(self) -> None:
        """The last connection of a file checkpoints, hence under the lock."""
        try:
            with self._exclusively():
                self.connection.close()
        except Backpressure:  # somebody sits on the lock: leave the checkpoint to them, as a kill would
            self.connection.close()
        finally:
            os.close(self._lock)

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        deadline = time.monotonic() + _LOCK_SECONDS
        pause = 0.0005
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Backpressure("busy") from None
                time.sleep(pause)
                pause = min(pause * 1.5, 0.005)
        try:
            yield
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what SQLite and the system say into the bus's errors."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise self._meaning(error) from error
        except OSError as error:
            raise BusError(f"{self.path}: {error.strerror}") from error

    def _meaning(self, error: sqlite3.DatabaseError) -> BusError:
        code = (
            getattr(error, "sqlite_errorcode", 0) & 0xFF
        )  # extended codes keep the primary one in the low byte
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return BusDamaged(f"{self.path} is damaged ({error}). {self._remedy}")
        if code == sqlite3.SQLITE_FULL or (
            code == sqlite3.SQLITE_IOERR and shutil.disk_usage(self.path.parent).free < _SCARCE_BYTES
        ):
            return Backpressure("disk_full", retry_after=5.0)
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Backpressure("busy")
        return BusError(f"{self.path}: {error}")
