"""What a notifier is. One more notifier is one new file in `monitor/alerting/notifiers/` with one `PLUGIN`; no list to edit.

The plugin classifies, the outbox retries: `notify` tries once and raises Retryable or Permanent with a reason out of the
closed set below. The module's name is its config table `[notifiers.<name>]` and its metric label.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class NotifierSettings(BaseModel):
    """Base of every notifier's settings. Unknown keys stop start-up. `acknowledges`: whether it is told that somebody has what it was told
    of in hand: a pager then stops waking others.
    """

    acknowledges: ClassVar[bool] = False
    model_config = ConfigDict(extra="forbid", frozen=True)

    tells: tuple[Literal["page", "ticket"], ...] = Field(
        ("page", "ticket"), description="what this notifier is told: pages, tickets or both"
    )
    drills: bool = Field(default=False, description="whether it is told of drills (marked EXERCISE)")
    deadline_seconds: float = Field(10.0, gt=0, le=60, description="how long one delivery may take")
    at_once: int = Field(32, ge=1, le=100, description="how many deliveries at the same time")


class ReaderSettings(NotifierSettings):
    """Base of those whose messages people read: what comes in bursts is told together."""

    group_seconds: float = Field(
        60.0,
        ge=0,
        le=3600,
        description="more of one repository or dump within it become one message; 0 = never",
    )
    group_after: int = Field(3, ge=1, le=100, description="how many of one incident are told alone before")
    storm_after: int = Field(
        30, ge=1, le=1000, description="messages in ten minutes after which everything is told together"
    )
    storm_seconds: float = Field(180.0, ge=10, le=3600, description="how often, while that storm lasts")


def only_one(value: SecretStr | None, file: Path | None, name: str) -> None:
    """For a settings' validator: a secret and its `_file` twin, exactly one of which must be there. Raises ValueError."""
    if (value is None) == (file is None):
        raise ValueError(f"give {name} or {name}_file, one of the two")


def one_secret(value: SecretStr | None, file: Path | None, name: str) -> str:
    """The secret, or the content of its file. Raises ValueError, OSError. Blocks."""
    only_one(value, file, name)
    text = value.get_secret_value() if value is not None else file.read_text(encoding="utf-8") if file else ""
    if not text.strip():
        raise ValueError(f"{name} is empty")
    return text.strip()


class Reason(StrEnum):
    """Why a delivery failed."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    CLIENT_ERROR = "client_error"
    GONE = "gone"
    UNAUTHORIZED = "unauthorized"
    INTERNAL = "internal"  # the notifier's own code failed


class DeliveryError(Exception):
    """Base: one try did not deliver. The message holds no secret (a webhook's URL is one)."""

    def __init__(self, reason: Reason, *, retry_after: float | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.retry_after = retry_after


class Retryable(DeliveryError):
    """Try again later, not before `retry_after` seconds if that is given."""


class Permanent(DeliveryError):
    """No try will ever succeed with this configuration."""


class Change(StrEnum):
    """What happened to the exposure."""

    OPENED = "opened"
    REOPENED = "reopened"
    ESCALATED = "escalated"
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Stand:
    """What a notifier was told of an exposure, as a state that holds until it has ended: for notifiers that show states.

    Its name (`dedup_key`, `opening`, `action`, `labels`) never moves, whatever becomes of the exposure. `labels` has rule, provider,
    owned (proved | claimed | none), incident (the repository, document or source it began with: what belongs together) and, for
    a drill, exercise = "true". Labels and exposure are redacted; foreign strings pass `monitor.untrusted` at the sink.
    """

    key: str  # idempotency key of the message that began it
    dedup_key: str  # the same for everything about one exposure
    opening: int
    action: str  # page | ticket
    labels: Mapping[str, str]
    since: float  # epoch seconds
    ended: float | None  # None while it holds
    exposure: Mapping[str, Any] = field(repr=False)  # as it is now


@dataclass(frozen=True, slots=True)
class Notification:
    """What a person is told. Redacted; foreign strings are raw and pass `monitor.untrusted` at the sink."""

    key: str  # idempotency key: one for every opening and state of an exposure
    dedup_key: str  # the same for everything about one exposure
    change: Change
    exposure: Mapping[str, Any] = field(repr=False)  # what `leakstream exposures show --json` prints
    created_at: float = 0.0
    standing: Sequence[Stand] = ()  # what began with this opening or later
    over: Sequence[str] = ()  # dedup keys of announcements whose last open exposure this ends


class Topic(StrEnum):
    """What an announcement is about."""

    INCIDENT = "incident"  # several exposures of one repository, document or source
    STORM = "storm"  # several exposures of everywhere
    UNREACHED = "unreached"  # another notifier takes nothing any more
    REACHED = "reached"  # it does again


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is told to a person but is not one exposure. Redacted; foreign strings are raw and pass `monitor.untrusted` at the sink."""

    key: str  # idempotency key
    dedup_key: str  # the same for all about one incident, all storms of one action, one notifier
    topic: Topic
    action: str  # page | ticket
    severity: str  # of the worst in it
    headline: str = field(repr=False)
    lines: Sequence[str] = field(repr=False)
    created_at: float
    url: str = ""  # the console's page of them
    carries: Sequence[str] = ()  # the idempotency keys of everything that it tells


class Notifier(Protocol):
    """A configured notifier. Safe for concurrent calls; never blocks the loop."""

    async def notify(self, notification: Notification) -> None:
        """Deliver once. Raises Retryable, Permanent."""


@runtime_checkable
class Announcing(Notifier, Protocol):
    """A notifier that can also say what is not one exposure: summaries, and that another notifier is away."""

    async def announce(self, announcement: Announcement) -> None:
        """Deliver once. Raises Retryable, Permanent."""


@runtime_checkable
class Restating(Notifier, Protocol):
    """A notifier that forgets what it is not told again: the reconciler calls `restate` every `resend_seconds`.

    What ended within the last `hold_seconds` is restated, too: so long may a receiver believe what it heard last.
    """

    resend_seconds: float
    hold_seconds: float

    async def restate(self, chunks: AsyncIterator[Sequence[Stand]], *, beyond: int) -> None:
        """Say everything once more. `beyond`: how many open exposures are left out, since there are too many.

        A chunk is read from the store when it is asked for, so that it is as fresh as can be. Raises Retryable, Permanent,
        and what `chunks` raises.
        """


@dataclass(frozen=True, slots=True)
class NotifierPlugin:
    """`build(settings, tools)` makes the notifier; `tools` is the service's `Tools` (http client, clock, log). `links`: whether
    people follow links in what it tells, so that the console's address must be configured. `sums`: the changes that it can tell
    together (its settings are then ReaderSettings, and it is Announcing).
    """

    settings: type[NotifierSettings]
    build: Callable[[Any, Any], Notifier]
    summary: str = ""
    links: bool = True
    sums: frozenset[Change] = frozenset()
