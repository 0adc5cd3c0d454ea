"""A Slack incoming webhook (docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).

Success is 200 with the plain text `ok`; errors are plain-text words. About one message a second is allowed, 429 says when to go
on. Slack knows no idempotency key: after a crash between delivery and our note of it a message may appear twice, its key in the
context line tells. Foreign text is escaped and never becomes a link; the only link is to our own console.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Self

import orjson
from pydantic import Field, SecretStr, model_validator

from monitor.alerting.notifiers.base import (
    Change,
    Notification,
    NotifierPlugin,
    NotifierSettings,
    Permanent,
    Reason,
    Retryable,
    one_secret,
    only_one,
)
from monitor.alerting.notifiers.posting import Words, post
from monitor.http import HttpClient
from monitor.tools import Tools
from monitor.untrusted import Sink, untrusted

_REASONS_SHOWN: Final = 5
_PLACES_SHOWN: Final = 3
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
_HEADLINES: Final = {
    Change.OPENED: "Leak found",
    Change.REOPENED: "Leak is back",
    Change.ESCALATED: "Leak is worse than thought",
    Change.CLOSED: "Leak closed",
}


class SlackSettings(NotifierSettings):
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
        answer = await post(
            self._http,
            self._url,
            headers={"Content-Type": "application/json"},
            body=orjson.dumps(message(notification)),
            timeout=self._timeout,
            now=self._clock(),
            words=_WORDS,
        )
        if answer != b"ok":  # 2xx of something that is not Slack: a proxy's page, say
            raise Retryable(Reason.SERVER_ERROR)


def message(notification: Notification) -> dict[str, Any]:
    """The body: `text` for notifications, `blocks` for the channel."""
    exposure = notification.exposure
    what = exposure["what"]
    headline = f"{_HEADLINES[notification.change]}: {_safe(what['title'])} ({what['severity']})"
    if exposure["exercise"]:
        headline = f"EXERCISE - {headline}"
    blocks = [
        _section(f"*{headline}*"),
        _section("\n".join(_facts(exposure))),
        *([_section("*Why it is yours*\n" + "\n".join(_reasons(exposure)))] if _reasons(exposure) else []),
        *(
            [_section("*What to do*\n" + "\n".join(_steps(exposure)))]
            if notification.change is not Change.CLOSED
            else []
        ),
        {
            "type": "context",
            "elements": [
                {"type": "mrkdwn", "text": f"exposure {exposure['short']}, message {notification.key}"}
            ],
        },
    ]
    return {"text": headline, "blocks": blocks}


def _facts(exposure: Mapping[str, Any]) -> list[str]:
    what = exposure["what"]
    lines = [f"*Value:* {_safe(what['preview'])}", f"*Proof:* {exposure['proof']['verdict']}"]
    lines += [f"*At:* {_safe(_where(place))}" for place in exposure["places"][:_PLACES_SHOWN]]
    lines.append(
        f"*Seen:* {exposure['sightings']} place(s), first {exposure['first_seen']}, last {exposure['last_seen']}"
    )
    if exposure["closed"]:
        lines.append(f"*Closed:* {exposure['closed']['reason']} by {_safe(exposure['closed']['by'])}")
    if exposure.get("url"):
        lines.append(f"<{exposure['url']}|Open in leakstream>")
    return lines


def _where(place: Mapping[str, Any]) -> str:
    name = "/".join(str(place[part]) for part in ("forge", "repository") if place.get(part))
    path = place.get("path") or ("" if name else place.get("url", ""))
    line = f" line {place['line']}" if place.get("line") else ""
    return f"{name} {path}{line}".strip()


def _reasons(exposure: Mapping[str, Any]) -> list[str]:
    return [f"• {_safe(reason['text'])}" for reason in exposure["owned"]["reasons"][:_REASONS_SHOWN]]


def _steps(exposure: Mapping[str, Any]) -> list[str]:
    return [f"{number}. {_safe(step)}" for number, step in enumerate(exposure["steps"], 1)]


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:3000]}}  # Slack's own limit


def _safe(text: str) -> str:
    return untrusted(text, Sink.SLACK)


def _build(settings: SlackSettings, tools: Tools) -> Slack:
    return Slack(
        tools.http,
        one_secret(settings.url, settings.url_file, "url"),
        timeout=settings.deadline_seconds,
        clock=tools.clock,
    )


PLUGIN: Final = NotifierPlugin(SlackSettings, _build, "a Slack incoming webhook")
