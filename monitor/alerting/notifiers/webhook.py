"""A signed POST after Standard Webhooks (standardwebhooks.com, the specification of 2023).

Headers `webhook-id` (the idempotency key, also as `Idempotency-Key`), `webhook-timestamp` (unix seconds of this try) and
`webhook-signature`: `v1,` and base64 of HMAC-SHA256(key, id + "." + timestamp + "." + body), one for each key, separated by
blanks. The key is the base64 text behind `whsec_`. Body: `{"type": "exposure.<change>", "timestamp", "data": {"key",
"dedup_key", "change", "exercise", "exposure"}}`; `monitor.alerting.exposures.view` states the exposure's shape. Each message is one of one exposure,
whatever bursts come; but when another notifier is away: `{"type": "notifier.unreached" | "notifier.reached", "timestamp", "data": {"key",
"dedup_key", "headline", "lines"}}`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

import orjson
from pydantic import Field, SecretStr, model_validator

from monitor.alerting.notifiers.base import (
    Announcement,
    Notification,
    NotifierPlugin,
    NotifierSettings,
    one_secret,
    only_one,
)
from monitor.alerting.notifiers.posting import plain, post
from monitor.http import HttpClient
from monitor.tools import Tools

_PREFIX: Final = "whsec_"


class WebhookSettings(NotifierSettings):
    """`[notifiers.webhook]`"""

    acknowledges = True
    url: SecretStr | None = Field(None, description="where to POST; a secret, like every webhook's address")
    url_file: Path | None = Field(None, description="a file that holds the URL")
    secret: SecretStr | None = Field(
        None, description="whsec_…; several, separated by blanks, while rotating"
    )
    secret_file: Path | None = Field(None, description="a file that holds the secret")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        only_one(self.url, self.url_file, "url")
        only_one(self.secret, self.secret_file, "secret")
        if self.secret is not None:
            signing_keys(self.secret.get_secret_value())
        return self


class Webhook:
    def __init__(
        self,
        http: HttpClient,
        url: str,
        keys: Sequence[bytes],
        *,
        timeout: float,
        clock: Callable[[], float],
    ) -> None:
        self._http = http
        self._url = url
        self._keys = tuple(keys)
        self._timeout = timeout
        self._clock = clock

    async def notify(self, notification: Notification) -> None:
        data = {
            "key": notification.key,
            "dedup_key": notification.dedup_key,
            "change": notification.change.value,
            "exercise": bool(notification.exposure.get("exercise")),
            "exposure": plain(notification.exposure),
        }
        kind = f"exposure.{notification.change.value}"
        await self._post(notification.key, kind, notification.created_at, data)

    async def announce(self, announcement: Announcement) -> None:
        data = {
            "key": announcement.key,
            "dedup_key": announcement.dedup_key,
            "headline": plain(announcement.headline),
            "lines": plain(announcement.lines),
        }
        kind = f"notifier.{announcement.topic.value}"
        await self._post(announcement.key, kind, announcement.created_at, data)

    async def _post(self, key: str, kind: str, at: float, data: Mapping[str, Any]) -> None:
        now = self._clock()
        timestamp = datetime.fromtimestamp(at, UTC).isoformat()
        body = orjson.dumps({"type": kind, "timestamp": timestamp, "data": data})
        tried = str(int(now))
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "webhook-id": key,
            "webhook-timestamp": tried,
            "webhook-signature": sign(self._keys, key, tried, body),
        }
        await post(self._http, self._url, headers=headers, body=body, timeout=self._timeout, now=now)


def sign(keys: Sequence[bytes], message_id: str, timestamp: str, body: bytes) -> str:
    """The `webhook-signature` header."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def signing_keys(text: str) -> list[bytes]:
    """The keys of one or several `whsec_…`. Raises ValueError that quotes nothing of them."""
    keys = []
    for word in text.split():
        try:
            key = base64.b64decode(word.removeprefix(_PREFIX), validate=True)
        except ValueError:  # also of what is not ASCII
            key = b""
        if not word.startswith(_PREFIX) or not 24 <= len(key) <= 64:
            raise ValueError(f"secret: {_PREFIX} and the base64 of 24 to 64 bytes is expected")
        keys.append(key)
    return keys


def _build(settings: WebhookSettings, tools: Tools) -> Webhook:
    return Webhook(
        tools.http,
        one_secret(settings.url, settings.url_file, "url"),
        signing_keys(one_secret(settings.secret, settings.secret_file, "secret")),
        timeout=settings.deadline_seconds,
        clock=tools.clock,
    )


PLUGIN: Final = NotifierPlugin(WebhookSettings, _build, "a signed POST (Standard Webhooks)")
