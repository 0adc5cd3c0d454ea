"""One connection to one broker, as far as it goes: why a client that only says "no broker answers" gets none."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection

from monitor.bus.kafka.connection import connection
from monitor.config import KafkaSettings

_SECONDS: Final = 5.0
_GOODBYE_SECONDS: Final = 1.0


class Greeting(StrEnum):
    """How far it went."""

    WELCOME = "welcome"  # signed in, where signing in is asked for
    NOBODY = "nobody"  # nothing takes a connection
    SILENT = "silent"  # a connection, and no answer in time
    CLOSED = "closed"  # the other side ended it: TLS is wanted there and not here, or it is no broker
    TLS = "tls"  # no TLS there, or a certificate that we do not trust
    MECHANISM = "mechanism"  # it signs in by other mechanisms, or not at all
    LOGIN = "login"  # user or password is wrong


# the first that fits: the order is from the narrow to the wide
_FAILED: Final[Sequence[tuple[type[Exception], Greeting]]] = (
    (errors.UnsupportedSaslMechanismError, Greeting.MECHANISM),
    (errors.IllegalSaslStateError, Greeting.MECHANISM),
    (errors.AuthenticationFailedError, Greeting.LOGIN),
    (errors.SaslAuthenticationFailed, Greeting.LOGIN),
    (errors.KafkaError, Greeting.CLOSED),
    (ssl.SSLError, Greeting.TLS),
    (TimeoutError, Greeting.SILENT),
    (ConnectionResetError, Greeting.CLOSED),
    (BrokenPipeError, Greeting.CLOSED),
    (OSError, Greeting.NOBODY),
    (OverflowError, Greeting.NOBODY),  # a port that there cannot be
)


async def greet(settings: KafkaSettings, address: str) -> Greeting:
    """`address` is one of `bootstrap`. Takes a few seconds at most. Raises OSError, ValueError: a file that the settings name."""
    arguments = await asyncio.to_thread(connection, settings, "leakstream-doctor")
    del arguments["bootstrap_servers"]
    host, _, port = address.rpartition(":")
    asked = AIOKafkaConnection(host.strip("[]"), int(port), **arguments)
    try:
        async with asyncio.timeout(_SECONDS):
            await asked.connect()
    except tuple(kind for kind, _ in _FAILED) as error:
        return next(greeting for kind, greeting in _FAILED if isinstance(error, kind))
    finally:
        await _hang_up(asked)
    return Greeting.WELCOME


async def _hang_up(asked: AIOKafkaConnection) -> None:
    """At once: the library would only begin to close, and over TLS wait long for the other side's goodbye."""
    if asked._protocol is None:
        return  # nobody was there
    if (transport := asked._protocol._transport) is not None:
        transport.abort()
    await asyncio.wait([asked.close()], timeout=_GOODBYE_SECONDS)
