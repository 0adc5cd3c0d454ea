"""A Slack incoming webhook (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).

Success is 200 with the plain text `ok`; errors are plain-text words. About one message a second is allowed, 429 says when to go
on. Slack knows no idempotency key: after a crash between delivery and our note of it a message may appear twice, its key in the
context line tells. Foreign text is escaped and never becomes a link; the only link is to our own console.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import orjson
from pydantic import Field, SecretStr, model_validator

from monitor.alerting.notifiers.base import (
    Announcement,
    Change,
    Notification,
    NotifierPlugin,
    Permanent,
    ReaderSettings,
    Reason,
    Retryable,
    one_secret,
    only_one,
)
from monitor.alerting.notifiers.posting import Words, post
from monitor.alerting.notifiers.wording import facts, headline, reasons, steps
from monitor.http import HttpClient
from monitor.tools import Tools
from monitor.untrusted import Sink, untrusted

_SECTION: Final = 3000  # characters: Slack's own limit
# api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks, and words seen since
_WORDS: Final[Words] = {
    b"no_service": (Permanent, Reason.GONE),
    b"no_team": (Permanent, Reason.GONE),
    b"channel_not_found": (Permanent, Reason.GONE),
    b"channel_is_archived": (Permanent, Reason.GONE),
    b"invalid_token": (Permanent, Reason.UNAUTHORIZED),
    b"action_prohibited": (Permanent, Reason.UNAUTHORIZED),
    b"posting_to_general_channel_denied": (Permanent, Reason.UNAUTHORIZED),
    b"invalid_payload": (Permanent, Reason.CLIENT_ERROR),
    b"invalid_blocks": (Permanent, Reason.CLIENT_ERROR),
    b"no_text": (Permanent, Reason.CLIENT_ERROR),
    b"too_many_attachments": (Permanent, Reason.CLIENT_ERROR),
    b"missing_text_or_fallback_or_attachments": (Permanent, Reason.CLIENT_ERROR),
    b"user_not_found": (Permanent, Reason.CLIENT_ERROR),
    b"rollup_error": (Retryable, Reason.SERVER_ERROR),
}
_ALL: Final = frozenset(Change)


class SlackSettings(ReaderSettings):
    """`[notifiers.slack]`"""

    url: SecretStr | None = Field(None, description="the incoming webhook's URL; a secret")
    url_file: Path | None = Field(None, description="a file that holds the URL")
    at_once: int = Field(1, ge=1, le=100, description="how many deliveries at the same time")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        only_one(self.url, self.url_file, "url")
        return self


class Slack:
    def __init__(self, http: HttpClient, url: str, *, timeout: float, clock: Callable[[], float]) -> None:
        self._http = http
        self._url = url
        self._timeout = timeout
        self._clock = clock

    async def notify(self, notification: Notification) -> None:
        await self._post(message(notification))

    async def announce(self, announcement: Announcement) -> None:
        await self._post(summary(announcement))

    async def _post(self, body: Mapping[str, Any]) -> None:
        answer = await post(
            self._http,
            self._url,
            headers={"Content-Type": "application/json"},
            body=orjson.dumps(body),
            timeout=self._timeout,
            now=self._clock(),
            words=_WORDS,
        )
        if answer != b"ok":  # 2xx of something that is not Slack: a proxy's page, say
            raise Retryable(Reason.SERVER_ERROR)


def message(notification: Notification) -> dict[str, Any]:
    """The body: `text` for notifications, `blocks` for the channel."""
    exposure = notification.exposure
    why = [f"• {_safe(reason)}" for reason in reasons(exposure)]
    todo = [f"{number}. {_safe(step)}" for number, step in enumerate(steps(notification), 1)]
    lines = [f"*{label}:* {_safe(text)}" for label, text in facts(exposure)]
    return _body(
        _safe(headline(notification)),
        [*lines, *_link(exposure.get("url", ""))],
        ["*Why it is yours*", *why] if why else [],
        ["*What to do*", *todo] if todo else [],
        context=f"exposure {exposure['short']}, message {notification.key}",
    )


def summary(announcement: Announcement) -> dict[str, Any]:
    """The body for several exposures, or for another notifier's trouble."""
    lines = [_safe(line) for line in announcement.lines]
    return _body(
        _safe(announcement.headline),
        [*lines, *_link(announcement.url)],
        context=f"{announcement.action}, worst {announcement.severity}, message {announcement.key}",
    )


def _body(title: str, *sections: Sequence[str], context: str) -> dict[str, Any]:
    texts = [text for lines in sections for text in _parts(lines)]
    return {
        "text": title,
        "blocks": [
            _section(f"*{title}*"),
            *(_section(text) for text in texts),
            {"type": "context", "elements": [{"type": "mrkdwn", "text": context}]},
        ],
    }


def _parts(lines: Sequence[str]) -> list[str]:
    """Whole lines, as many in one text as a section takes."""
    parts = list[str]()
    for line in lines:
        if parts and len(parts[-1]) + 1 + len(line) <= _SECTION:
            parts[-1] += f"\n{line}"
        else:
            parts.append(line)
    return parts


def _link(url: str) -> list[str]:
    return [f"<{url}|Open in leakstream>"] if url else []


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:_SECTION]}}


def _safe(text: str) -> str:
    return untrusted(text, Sink.SLACK)


def _build(settings: SlackSettings, tools: Tools) -> Slack:
    return Slack(
        tools.http,
        one_secret(settings.url, settings.url_file, "url"),
        timeout=settings.deadline_seconds,
        clock=tools.clock,
    )


PLUGIN: Final = NotifierPlugin(SlackSettings, _build, "a Slack incoming webhook", sums=_ALL)
