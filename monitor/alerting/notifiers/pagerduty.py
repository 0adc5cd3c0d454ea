"""PagerDuty, Events API v2 (developer.pagerduty.com/docs/events-api-v2/overview).

trigger on opened, reopened and escalated, acknowledge on acknowledged, resolve on closed, all under the exposure's own dedup_key: PagerDuty
adds a second trigger to the incident that is open, and drops an acknowledge where none is. A summary triggers under the key of its repository or dump, and is resolved with the last exposure in it; that
of a storm is for a person to resolve. Ends are told one by one: they wake nobody. Accepted is 202 with {"status": "success"}; 400 says that the event or the routing key is wrong,
429 to go slower. An event may have 512 KB: the places are cut to what fits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import orjson
from pydantic import Field, SecretStr, field_validator, model_validator

from monitor.alerting.notifiers.base import (
    Announcement,
    Change,
    Notification,
    NotifierPlugin,
    ReaderSettings,
    Reason,
    Retryable,
    Topic,
    one_secret,
    only_one,
)
from monitor.alerting.notifiers.posting import plain, post
from monitor.alerting.notifiers.wording import headline, place_of
from monitor.http import HttpClient
from monitor.tools import Tools
from monitor.untrusted import Sink, untrusted

_MAX_EVENT: Final = 512 * 1000
_MAX_SUMMARY: Final = 1024
_PLACES: Final = 20
_SEVERITIES: Final[Mapping[str, str]] = {
    "critical": "critical",
    "high": "error",
    "medium": "warning",
    "low": "info",
    "info": "info",
}
_NEWS: Final = frozenset({Change.OPENED, Change.REOPENED, Change.ESCALATED})
_ACTIONS: Final[Mapping[Change, str]] = {Change.ACKNOWLEDGED: "acknowledge", Change.CLOSED: "resolve"}


class PagerDutySettings(ReaderSettings):
    """`[notifiers.pagerduty]`"""

    acknowledges = True
    url: str = Field(
        "https://events.pagerduty.com/v2/enqueue",
        description="https://events.eu.pagerduty.com/v2/enqueue for accounts in the EU",
    )
    routing_key: SecretStr | None = Field(
        None, description="the integration key of the service; or routing_key_file"
    )
    routing_key_file: Path | None = Field(None, description="a file that holds the routing key")

    @field_validator("url")
    @classmethod
    def _usable(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an http(s) address is expected")
        return url

    @model_validator(mode="after")
    def _complete(self) -> Self:
        only_one(self.routing_key, self.routing_key_file, "routing_key")
        return self


class PagerDuty:
    def __init__(
        self, http: HttpClient, url: str, routing_key: str, *, timeout: float, clock: Callable[[], float]
    ) -> None:
        self._http = http
        self._url = url
        self._routing_key = routing_key
        self._timeout = timeout
        self._clock = clock

    async def notify(self, notification: Notification) -> None:
        await self._post(body(notification, self._routing_key))
        if notification.change is Change.CLOSED:
            for dedup_key in notification.over:
                await self._post(self._keyed({"event_action": "resolve", "dedup_key": dedup_key}))

    async def announce(self, announcement: Announcement) -> None:
        await self._post(self._keyed(summary(announcement)))

    def _keyed(self, event: Mapping[str, Any]) -> bytes:
        return orjson.dumps({"routing_key": self._routing_key, **event})

    async def _post(self, body: bytes) -> None:
        answer = await post(
            self._http,
            self._url,
            headers={"Content-Type": "application/json"},
            body=body,
            timeout=self._timeout,
            now=self._clock(),
        )
        if not _accepted(answer):  # 2xx of something that is not PagerDuty: a proxy's page, say
            raise Retryable(Reason.SERVER_ERROR)


def _accepted(answer: bytes) -> bool:
    try:
        said = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return False
    return isinstance(said, dict) and said.get("status") == "success"


def body(notification: Notification, routing_key: str) -> bytes:
    """The event as JSON, at most 512 KB of it."""
    places = _PLACES
    while True:
        text = orjson.dumps({"routing_key": routing_key, **event(notification, places=places)})
        if len(text) <= _MAX_EVENT or not places:
            return text
        places //= 2


def event(notification: Notification, *, places: int = _PLACES) -> dict[str, Any]:
    """The event without its routing key. `places`: how many of the exposure's it shows at most."""
    named = {"dedup_key": notification.dedup_key}
    if action := _ACTIONS.get(notification.change):
        return {"event_action": action, **named}
    exposure = notification.exposure
    built: dict[str, Any] = {
        "event_action": "trigger",
        **named,
        "client": "leakstream",
        "payload": _payload(notification, exposure, places),
    }
    return built | _links(exposure.get("url", ""))


def summary(announcement: Announcement) -> dict[str, Any]:
    """The event without its routing key, for several exposures or for another notifier's trouble."""
    named = {"dedup_key": announcement.dedup_key}
    if announcement.topic is Topic.REACHED:
        return {"event_action": "resolve", **named}
    built: dict[str, Any] = {
        "event_action": "trigger",
        **named,
        "client": "leakstream",
        "payload": {
            "summary": _plain(announcement.headline, _MAX_SUMMARY),
            "source": "leakstream",
            "severity": _SEVERITIES[announcement.severity],
            "timestamp": datetime.fromtimestamp(announcement.created_at, UTC).isoformat(),
            "class": announcement.topic.value,
            "custom_details": {"key": announcement.key, "lines": plain(announcement.lines)},
        },
    }
    return built | _links(announcement.url)


def _links(url: str) -> dict[str, Any]:
    return {"client_url": url, "links": [{"href": url, "text": "Open in leakstream"}]} if url else {}


def _plain(text: str, limit: int) -> str:
    return untrusted(text, Sink.PLAIN, limit=limit)[:limit]


def _payload(notification: Notification, exposure: Mapping[str, Any], places: int) -> dict[str, Any]:
    what, where, place = exposure["what"], exposure["where"], place_of(exposure)
    summary = f"{headline(notification)} in {place}"
    shown = {**exposure, "places": exposure["places"][:places]}
    return {
        "summary": _plain(summary, _MAX_SUMMARY),
        "source": untrusted(place, Sink.PLAIN),
        "severity": "info" if exposure["exercise"] else _SEVERITIES[what["severity"]],
        "timestamp": datetime.fromtimestamp(notification.created_at, UTC).isoformat(),
        "component": what["provider"],
        "group": untrusted(where["repository"] or where["source"], Sink.PLAIN),
        "class": what["rule"],
        "custom_details": {
            "key": notification.key,
            "change": notification.change.value,
            "exposure": plain(shown),
        },
    }


def _build(settings: PagerDutySettings, tools: Tools) -> PagerDuty:
    return PagerDuty(
        tools.http,
        settings.url,
        one_secret(settings.routing_key, settings.routing_key_file, "routing_key"),
        timeout=settings.deadline_seconds,
        clock=tools.clock,
    )


PLUGIN: Final = NotifierPlugin(PagerDutySettings, _build, "PagerDuty's Events API v2", sums=_NEWS)
