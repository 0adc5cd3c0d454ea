"""How every client of this process speaks to the brokers, and what its library's errors mean to us."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from typing import Any, Final

import structlog
from aiokafka import errors
from aiokafka.helpers import create_ssl_context

from monitor.aio import spawn
from monitor.bus.base import Backpressure, BusError, UnknownTopic
from monitor.config import KafkaSettings

_LOG = structlog.get_logger(__name__)
RETRY_AFTER: Final = 1.0  # seconds; brokers elect a leader in about that time
_GOODBYE_SECONDS: Final = 10.0
REFUSED: Final = (
    errors.TopicAuthorizationFailedError,
    errors.GroupAuthorizationFailedError,
    errors.ClusterAuthorizationFailedError,
    errors.TransactionalIdAuthorizationFailed,
    errors.AuthenticationFailedError,
    errors.SaslAuthenticationFailed,
    errors.UnsupportedSaslMechanismError,
    errors.IllegalSaslStateError,
)


class BrokersAway(Backpressure):
    """No broker answers, or too few copies are alive to store a record: come again later. `what` was being done."""

    def __init__(self, what: str) -> None:
        super().__init__("brokers_away", retry_after=RETRY_AFTER)
        self._what = what

    def __str__(self) -> str:
        return f"the brokers do not answer ({self._what})"


def connection(settings: KafkaSettings, client_id: str) -> dict[str, Any]:
    """Keyword arguments that every client of the library takes. Blocks (reads files); raises OSError, ValueError."""
    arguments: dict[str, Any] = {
        "bootstrap_servers": list(settings.bootstrap),
        "client_id": client_id,
        "request_timeout_ms": int(settings.request_seconds * 1000),
    }
    sasl = settings.sasl != "none"
    if settings.security == "tls":
        arguments["security_protocol"] = "SASL_SSL" if sasl else "SSL"
        arguments["ssl_context"] = _tls(settings)
    else:
        arguments["security_protocol"] = "SASL_PLAINTEXT" if sasl else "PLAINTEXT"
    if sasl:
        arguments["sasl_mechanism"] = settings.sasl
        arguments["sasl_plain_username"] = settings.username
        arguments["sasl_plain_password"] = _password(settings)
    return arguments


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    context: ssl.SSLContext = create_ssl_context(
        cafile=settings.ca_file, certfile=settings.cert_file, keyfile=settings.cert_key_file
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _password(settings: KafkaSettings) -> str:
    if settings.password is not None:
        return settings.password.get_secret_value()
    assert settings.password_file is not None  # the settings' own check
    password = settings.password_file.read_text(encoding="utf-8").strip()
    if not password:
        raise ValueError("password_file is empty")
    return password


async def leave(stopping: Coroutine[Any, Any, object]) -> bool:
    """Wait for the end of a client, not for ever: some of its library's wait for answers that never come, over TLS for 30 s; others
    are cancelled by their own helpers, which must not look like our cancellation.

    False when it had to be left as it is.
    """
    task = spawn(_end_of(stopping), name="leave")
    try:
        await asyncio.wait([task], timeout=_GOODBYE_SECONDS)
    finally:
        why = task.result() if task.done() else "TimeoutError"
        task.cancel()
    if why:
        _LOG.warning("a client of the brokers did not end in order", reason=why)
    return not why


async def _end_of(stopping: Coroutine[Any, Any, object]) -> str:
    """Why it failed; "" when it did not."""
    try:
        await stopping
    except (errors.KafkaError, asyncio.CancelledError) as error:
        return type(error).__name__
    return ""


def meaning(error: errors.KafkaError, what: str) -> BusError:
    """What to raise instead. `what` was being done, as in "reading documents.v1"."""
    if isinstance(error, REFUSED):
        return BusError(
            f"{what}: the brokers refuse it ({type(error).__name__}); see the page on access rights, docs/how-to/kafka.md"
        )
    if isinstance(error, errors.UnknownTopicOrPartitionError):
        return UnknownTopic(f"{what}: no such topic on the brokers")
    if error.retriable or isinstance(error, errors.KafkaConnectionError | errors.KafkaTimeoutError):
        return BrokersAway(what)
    return BusError(f"{what}: {type(error).__name__}: {error}")
