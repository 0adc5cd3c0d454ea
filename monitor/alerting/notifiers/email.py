"""E-mail by SMTP: plain text with an HTML alternative, one thread an exposure.

The connection is encrypted (TLS from the start, or STARTTLS, which is then demanded) unless the server is on loopback. `Message-ID` is made
of the idempotency key, `References` of the dedup key, so that mail programs show everything about one exposure as one thread, and a
message that comes twice is known as the same. No header and no address is made of foreign text but the subject, which is one line.

2xx                      delivered (some recipients refused: counted as peer `recipient`, told to the others)
421, 450, 451, 452, 454  retry: server_error; 421 and 452 rate_limited
530, 534, 535, 538       permanent, unauthorized
other 4xx                retry, server_error; other 5xx permanent, client_error
no answer, no TLS        retry: timeout or unreachable
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Final, Literal, Self

import aiosmtplib
from pydantic import Field, SecretStr, field_validator, model_validator

from monitor.addresses import is_loopback
from monitor.alerting.notifiers.base import (
    Announcement,
    Change,
    DeliveryError,
    Notification,
    NotifierPlugin,
    Permanent,
    ReaderSettings,
    Reason,
    Retryable,
    one_secret,
    only_one,
)
from monitor.alerting.notifiers.wording import DRILL, facts, headline, place_of, reasons, steps
from monitor.metrics import Metrics
from monitor.tools import Tools
from monitor.untrusted import Sink, untrusted

_NAME: Final = "email"  # the metric label, as the module's name
_SUBJECT: Final = 180  # characters
_UNAUTHORIZED: Final = (530, 534, 535, 538)
_SLOWER: Final = (421, 452)
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}
_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,200}")
_ALL: Final = frozenset(Change)


class EmailSettings(ReaderSettings):
    """`[notifiers.email]`"""

    host: str = Field(min_length=1, description="the mail server that takes our mail")
    port: int | None = Field(None, ge=1, le=65535, description="default: 587 for starttls, 465 for tls")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none is for a server on this host's loopback only"
    )
    ca_file: Path | None = Field(None, description="PEM of the authority; default: the system's")
    username: str = Field("", description="with password or password_file")
    password: SecretStr | None = Field(None, description="or password_file")
    password_file: Path | None = Field(None, description="a file that holds the password")
    sender: str = Field(description='"leakstream@example.com"')
    to: tuple[str, ...] = Field(min_length=1, max_length=50, description="who is told")
    at_once: int = Field(2, ge=1, le=100, description="how many deliveries at the same time")

    @field_validator("sender")
    @classmethod
    def _an_address(cls, value: str) -> str:
        return _address(value)

    @field_validator("to")
    @classmethod
    def _addresses(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_address, values))

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            raise ValueError("security: none is for a server on loopback; use starttls or tls")
        if self.username or self.password is not None or self.password_file is not None:
            only_one(self.password, self.password_file, "password")
            if not self.username:
                raise ValueError("username is missing")
        return self


def _address(value: str) -> str:
    """Raises ValueError."""
    if not _ADDRESS.fullmatch(value):
        raise ValueError("an address such as oncall@example.com is expected, without a name")
    return value


class Email:
    """A connection for each message: alerts are rare, and a kept one would be dead when it counts."""

    def __init__(
        self,
        settings: EmailSettings,
        password: str,
        context: ssl.SSLContext | None,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
    ) -> None:
        """`context`: None for a connection in the clear."""
        self._settings = settings
        self._password = password
        self._context = context
        self._metrics = metrics
        self._clock = clock
        self._domain = settings.sender.rpartition("@")[2]

    async def notify(self, notification: Notification) -> None:
        await self._send(subject(notification), body(notification), notification.key, notification.dedup_key)

    async def announce(self, announcement: Announcement) -> None:
        parts = [("", announcement.lines)]
        await self._send(
            announcement.headline,
            Body(announcement.headline, parts, announcement.url, announcement.key),
            announcement.key,
            announcement.dedup_key,
        )

    async def _send(self, title: str, text: Body, key: str, dedup_key: str) -> None:
        settings = self._settings
        message = EmailMessage(policy=WIRE)
        message["From"] = Address("leakstream", addr_spec=settings.sender)
        message["To"] = [Address(addr_spec=address) for address in settings.to]
        message["Subject"] = _subject(title)
        message["Date"] = format_datetime(datetime.fromtimestamp(self._clock(), UTC))
        thread = f"<{dedup_key}.thread@{self._domain}>"
        message["Message-ID"] = f"<{key}@{self._domain}>"
        message["In-Reply-To"] = thread
        message["References"] = thread
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's out-of-office answers it
        message["X-Auto-Response-Suppress"] = "All"
        message["X-Leakstream-Key"] = key
        message.set_content(text.plain())
        message.add_alternative(text.html(), subtype="html")
        try:
            refused = await self._deliver(message)
        except aiosmtplib.SMTPException as error:
            raise _verdict(error) from None
        except TimeoutError:
            raise Retryable(Reason.TIMEOUT) from None
        except OSError:
            raise Retryable(Reason.UNREACHABLE) from None
        if refused:
            self._metrics.notifier_peers.labels(_NAME, "recipient", Reason.CLIENT_ERROR.value).inc(refused)

    async def _deliver(self, message: EmailMessage) -> int:
        """How many of the recipients were refused, if not all. Raises SMTPException, OSError, TimeoutError."""
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port or _PORTS[settings.security],
            username=settings.username or None,
            password=self._password or None,
            local_hostname=self._domain,  # the library would ask the name server, and block
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=self._context,
            timeout=settings.deadline_seconds,
        )
        async with asyncio.timeout(settings.deadline_seconds):
            try:
                await client.connect()
                refused, _ = await client.send_message(
                    message, sender=settings.sender, recipients=list(settings.to)
                )
                return len(refused)
            finally:
                client.close()


class Body:
    """What stands in the mail: a first line, titled lists, a link to the console."""

    def __init__(self, first: str, parts: Sequence[tuple[str, Sequence[str]]], url: str, key: str) -> None:
        self._first = first
        self._parts = parts
        self._url = url
        self._key = key

    def plain(self) -> str:
        blocks = [untrusted(self._first, Sink.PLAIN)]
        for title, lines in self._parts:
            shown = [untrusted(line, Sink.PLAIN, limit=1000) for line in lines]
            blocks.append("\n".join([*([title] if title else []), *shown]))
        blocks.append("\n".join([*([self._url] if self._url else []), f"message {self._key}"]))
        return "\n\n".join(blocks) + "\n"

    def html(self) -> str:
        """Text and one link to the console: nothing is loaded from anywhere."""
        blocks = [f"<p><b>{_html(self._first)}</b></p>"]
        for title, lines in self._parts:
            head = f"<b>{_html(title)}</b><br>\n" if title else ""
            blocks.append(f"<p>{head}" + "<br>\n".join(map(_html, lines)) + "</p>")
        if self._url:
            blocks.append(f'<p><a href="{_html(self._url)}">Open in leakstream</a></p>')
        blocks.append(f"<p><small>message {_html(self._key)}</small></p>")
        return "<!doctype html><html><body>\n" + "\n".join(blocks) + "\n</body></html>\n"


def subject(notification: Notification) -> str:
    """The same for everything about one exposure: some programs make threads of subjects. Raw."""
    exposure = notification.exposure
    what = exposure["what"]
    drill = DRILL if exposure["exercise"] else ""
    return f"{drill}Leak {exposure['short']}: {what['title'] or what['rule']} in {place_of(exposure)}"


def body(notification: Notification) -> Body:
    exposure: Mapping[str, Any] = notification.exposure
    todo = [f"{number}. {step}" for number, step in enumerate(steps(notification), 1)]
    parts: list[tuple[str, Sequence[str]]] = [
        ("", [f"{label}: {text}" for label, text in facts(exposure)]),
        ("Why it is yours", [f"- {reason}" for reason in reasons(exposure)]),
        ("What to do", todo),
    ]
    return Body(
        headline(notification),
        [part for part in parts if part[1]],
        exposure.get("url", ""),
        notification.key,
    )


def _subject(text: str) -> str:
    """One line; what looks like an encoded word would be decoded by the reader's program."""
    return untrusted(text, Sink.PLAIN, limit=_SUBJECT).replace("=?", "= ?")


def _html(text: str) -> str:
    return untrusted(text, Sink.HTML, limit=1000)


def _verdict(error: aiosmtplib.SMTPException) -> DeliveryError:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        codes = [each.code for each in error.recipients]
        return _of_code(next((code for code in codes if 400 <= code < 500), codes[0] if codes else 0))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return _of_code(error.code)
    if isinstance(error, aiosmtplib.SMTPTimeoutError):
        return Retryable(Reason.TIMEOUT)
    return Retryable(Reason.UNREACHABLE)  # no TLS offered among them: nothing is sent in the clear


def _of_code(code: int) -> DeliveryError:
    if code in _UNAUTHORIZED:
        return Permanent(Reason.UNAUTHORIZED)
    if code in _SLOWER:
        return Retryable(Reason.RATE_LIMITED)
    return Permanent(Reason.CLIENT_ERROR) if 500 <= code < 600 else Retryable(Reason.SERVER_ERROR)


def _build(settings: EmailSettings, tools: Tools) -> Email:
    password = one_secret(settings.password, settings.password_file, "password") if settings.username else ""
    context = None
    if settings.security != "none":
        context = ssl.create_default_context(cafile=settings.ca_file)
    return Email(settings, password, context, tools.metrics, clock=tools.clock)


PLUGIN: Final = NotifierPlugin(EmailSettings, _build, "e-mail by SMTP, a thread for each exposure", sums=_ALL)
