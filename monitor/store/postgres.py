"""PostgreSQL: how it is reached, what its sessions are like, what its refusals mean.

A statement that finds no answer, a lock that is not given and a transaction that stands still each end after a time, so that a worker
that was stopped (or a host that was cut off) holds up nobody for long; what ends so is StoreBusy and comes again.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from monitor.addresses import is_loopback
from monitor.store.errors import StoreBusy, StoreRefused, is_passing

DRIVER: Final = "postgresql+asyncpg"
SCHEMES: Final = ("postgresql", "postgres")
SSL_MODES: Final = ("disable", "require", "verify-ca", "verify-full")
PARAMETERS: Final = ("sslmode", "sslrootcert", "host", "port")  # as libpq calls them
_CONNECT_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 60.0
_SESSION: Final = {
    "application_name": "leakstream",
    "timezone": "UTC",
    "jit": "off",  # compiling costs more than any statement here takes
    "plan_cache_mode": "force_custom_plan",  # what is dense and what is rare differs from filter to filter
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "15s",
}
# Two locks of a database that no other program of it uses. The writer's makes transactions queue as SQLite's do: what reads and then
# writes needs no locks of its own, and nothing deadlocks or has to be repeated.
BE_THE_MIGRATOR: Final = text("SELECT pg_advisory_xact_lock(1818583403)")  # "leak"
BE_THE_WRITER: Final = text("SELECT pg_advisory_xact_lock(1818583404)")

# what a server says when it will not let us in, and what to do; by SQLSTATE
_REFUSALS: Final[Mapping[str, str]] = {
    "28P01": "wrong password for user {user}: see store.password, password_file or url_file",
    "28000": "user {user} is not let in: see the server's pg_hba.conf, and whether it has that user",
    "3D000": "it has no database {database}: make it with `createdb {database}`",
    "42501": "user {user} may not make tables in database {database}: make that user its owner",
    "3F000": "database {database} has no schema that user {user} may use",
}


def connect_arguments(url: URL) -> tuple[URL, dict[str, Any]]:
    """The URL without what only we understand, and the driver's arguments. Blocks (reads certificates). Raises OSError."""
    query = url.query
    arguments: dict[str, Any] = {"timeout": _CONNECT_SECONDS, "server_settings": dict(_SESSION)}
    for name, kind in (("host", str), ("port", int)):
        if name in query:
            arguments[name] = kind(query[name])  # type: ignore[arg-type]  # a text: settings checked it
    host = arguments.get("host") or url.host or ""
    arguments["ssl"] = _tls(host, str(query.get("sslmode", "")), str(query.get("sslrootcert", "")) or None)
    return url.difference_update_query(PARAMETERS), arguments


def _tls(host: str, mode: str, authority: str | None) -> ssl.SSLContext | bool:
    """By default what leaves this machine is encrypted, and the server has to prove who it is."""
    local = not host or host.startswith("/") or is_loopback(host)
    mode = mode or ("disable" if local else "verify-full")
    if mode == "disable":
        return False
    context = ssl.create_default_context(
        cafile=None if authority is None else str(Path(authority).expanduser())
    )
    context.check_hostname = mode == "verify-full"
    if mode == "require":
        context.verify_mode = ssl.CERT_NONE
    return context


def with_answer_limit(arguments: dict[str, Any]) -> dict[str, Any]:
    """For everything but migrations, which take as long as they take."""
    return arguments | {"command_timeout": _ANSWER_SECONDS}


@contextmanager
def reaching(url: URL) -> Iterator[None]:
    """Say what is wrong with a database that cannot be connected to: StoreRefused where the configuration has to change, else
    StoreBusy. No message holds the password.
    """
    where = f"the database at {address(url)}"
    try:
        yield
    except ssl.SSLError as error:
        why = getattr(error, "verify_message", "") or error.reason or "TLS failed"
        raise StoreRefused(f"{where}: {why}: see sslmode and sslrootcert in store.url") from None
    except TimeoutError:
        raise StoreBusy(f"{where} does not answer") from None
    except OSError as error:
        if "SSL" in str(error):
            hint = "it does not speak TLS; on a network that you trust add ?sslmode=disable to store.url"
            raise StoreRefused(f"{where}: {hint}") from None
        raise StoreBusy(f"{where} cannot be reached: {error.strerror or 'no connection'}") from None
    except DBAPIError as error:
        if advice := _REFUSALS.get(getattr(error.orig, "sqlstate", None) or ""):
            told = advice.format(user=url.username or "(none)", database=url.database)
            raise StoreRefused(f"{where}: {told}") from None
        if is_passing(error):
            raise StoreBusy(f"{where} takes no connection now") from error
        raise


def address(url: URL) -> str:
    """Host, port and database, for people."""
    host = str(url.query.get("host", "")) or url.host or "localhost"
    port = str(url.query.get("port", "")) or str(url.port or 5432)
    return f"{host}:{port}/{url.database}"


def translate(context: Any) -> None:
    """For SQLAlchemy's `handle_error`: what the driver raises of the system's (a reset connection, no answer in time) is StoreBusy,
    and the connection is not used again.
    """
    error = context.original_exception
    if isinstance(error, OSError) and not isinstance(error, SQLAlchemyError):  # TimeoutError is one
        context.is_disconnect = True
        if context.connection is not None:
            context.connection.invalidate()
        raise StoreBusy(type(error).__name__) from error


def without_nul(
    _connection: object,
    _cursor: object,
    statement: str,
    parameters: Any,
    _context: object,
    many: bool,  # noqa: FBT001 - SQLAlchemy's call
) -> tuple[str, Any]:
    """For SQLAlchemy's `before_cursor_execute`: PostgreSQL's texts hold no NUL, and what strangers write does."""
    if many:
        return statement, [_without(row) for row in parameters]
    return statement, _without(parameters)


def _without(row: Any) -> Any:
    if any(type(value) is str and "\0" in value for value in row):
        return tuple(value.replace("\0", "\ufffd") if type(value) is str else value for value in row)
    return row
