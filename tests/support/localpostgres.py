"""One real PostgreSQL server for a run of the tests: as a user who may run it, in a folder of its own, on loopback; it ends with us."""

from __future__ import annotations

import asyncio
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Self, TypeVar

import asyncpg

import debian
from monitor.store.dialect import database_url
from monitor.store.migrate import migrate

_T = TypeVar("_T")
_USER = "leak"
_PASSWORD_USER = "locked"  # let in with a password only
_SECONDS = 30
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "autovacuum": "off",
}
_HBA = f"""
local all all trust
host all {_PASSWORD_USER} 127.0.0.1/32 scram-sha-256
host all {_USER} 127.0.0.1/32 trust
"""


def binaries() -> Path:
    """The folder with `postgres` and `initdb`: on the PATH, where Debian installs them, else out of Debian's packages."""
    if found := shutil.which("postgres"):
        return Path(found).resolve().parent
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    return debian.folder("postgresql-15", "usr/lib/postgresql/15/bin")


class LocalPostgres:
    """Runs while the context is entered. `settings` are those of postgresql.conf. Blocks."""

    def __init__(self, **settings: str) -> None:
        self._settings = {**_SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None
        self._template = threading.Lock()
        self._templates: set[str] = set()
        self._count = 0

    def __enter__(self) -> Self:
        self._account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        self.folder = Path(tempfile.mkdtemp(prefix="leakstream-pg-"))
        if self._account:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        try:
            self._initialise()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def socket_folder(self) -> str:
        return str(self.folder)

    def url(self, database: str, *, user: str = _USER, scheme: str = "postgresql") -> str:
        """By way of the loopback."""
        return f"{scheme}://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """After `stop` on the same port and data."""
        log = (self.folder / "log").open("ab")
        command = [str(binaries() / "postgres"), "-D", str(self.folder / "data")]
        self._process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=self.folder,
            preexec_fn=_end_with_us,  # noqa: PLW1509 - it calls the kernel, nothing more
            **self._as_account(),
        )
        log.close()
        end = monotonic() + _SECONDS
        while True:
            with suppress(OSError, asyncpg.PostgresError):
                self.execute("SELECT 1")
                return
            if self._process.poll() is not None or monotonic() > end:
                raise RuntimeError(f"PostgreSQL does not start: {(self.folder / 'log').read_text()[-2000:]}")
            sleep(0.05)

    def stop(self) -> None:
        """At once; everybody is thrown out. Idempotent."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # "fast"
            self._process.wait(_SECONDS)
            self._process = None

    def suspend(self) -> None:
        """As a host that was cut off: what is connected stays so and gets no answer. `resume` ends it."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def execute(self, statement: str, *values: object, database: str = "postgres") -> list[Any]:
        """As the server's administrator."""

        async def run() -> list[Any]:
            connection = await asyncpg.connect(
                host=self.socket_folder, port=self.port, user="postgres", database=database, timeout=5
            )
            try:
                return list(await connection.fetch(statement, *values))
            finally:
                await connection.close()

        return in_thread(lambda: asyncio.run(run()))

    def new_database(self, *, migrated: bool = True) -> str:
        """The name of one of its own, with all tables or with none."""
        with self._template:
            if migrated and "ready" not in self._templates:
                self.execute(f"CREATE DATABASE ready OWNER {_USER}")
                in_thread(lambda: migrate(database_url(self.url("ready"))))
                self._templates.add("ready")
            self._count += 1
            name = f"test{self._count}"
        template = "ready" if migrated else "template0"
        self.execute(f"CREATE DATABASE {name} OWNER {_USER} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """The URL of a database that goes when the context ends."""
        name = self.new_database(migrated=migrated)
        try:
            yield self.url(name)
        finally:
            self.drop_database(name)

    def _initialise(self) -> None:
        data = self.folder / "data"
        command = [
            str(binaries() / "initdb"),
            "-D",
            str(data),
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        ]
        done = subprocess.run(
            [*command, "--locale=C.UTF-8"],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            **self._as_account(),
        )
        if done.returncode:
            raise RuntimeError(f"initdb failed: {done.stderr[-2000:]}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        values = {
            **self._settings,
            "listen_addresses": "'127.0.0.1'",
            "port": str(self.port),
            "unix_socket_directories": f"'{self.folder}'",
        }
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in values.items())
        (data / "pg_hba.conf").write_text(_HBA)
        self.start()
        self.execute(f"CREATE ROLE {_USER} LOGIN")
        self.execute(f"CREATE ROLE {_PASSWORD_USER} LOGIN IN ROLE {_USER}")
        self.stop()

    def _as_account(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}

    def _signal_all(self, number: signal.Signals) -> None:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in (self._process.pid, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def in_thread(work: Callable[[], _T]) -> _T:
    """Its result, from a thread of its own: where a loop runs already, another one cannot."""
    result: list[_T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again by whoever waits
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return result[0]


def _end_with_us() -> None:
    ctypes.CDLL(None).prctl(
        1, signal.SIGINT
    )  # PR_SET_PDEATHSIG, after the change of user, which would clear it
