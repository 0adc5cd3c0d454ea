"""Prometheus' Alertmanager, API v2 (prometheus.io/docs/alerting/latest/alerts_api; openapi.yaml of its repository).

Alertmanager shows states: an alert is its labels, fires until its endsAt, and is kept only by being sent again. `notify` posts what
became of one exposure at once; `restate`, called by the reconciler, says everything again. Of an HA pair every peer gets
everything, as its documentation asks; delivered is what one of them took, the others are caught up by the next `restate`.

endsAt is `hold_seconds` away, an hour unless configured: a leak does not go away because its monitor did, and a page that
resolves itself during an upgrade would be believed. What has ended is sent with the time of its end, to each peer until a minute or
two after that end, so that a peer whose clock is behind (it would take such an alert for one that still fires) gets it again.
`monitor.alerting.notifiers.alerts` has the labels.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

import orjson
from pydantic import Field, SecretStr, field_validator, model_validator

from monitor.aio import cancel, spawn
from monitor.alerting.notifiers.alerts import alert, too_many
from monitor.alerting.notifiers.base import (
    DeliveryError,
    Notification,
    NotifierPlugin,
    NotifierSettings,
    Permanent,
    Reason,
    Retryable,
    Stand,
    one_secret,
    only_one,
)
from monitor.alerting.notifiers.posting import post
from monitor.http import HttpClient
from monitor.metrics import Metrics
from monitor.tools import Tools

_NAME: Final = "alertmanager"  # the metric label, as the module's name
_AFTER_FIRST: Final = 0.5  # seconds that the others have once one peer has taken it
_AWAY: Final = 30.0  # seconds for which a peer that failed is not waited for
_SKEW: Final = 120.0  # seconds that a peer's clock may be behind ours


class AlertmanagerSettings(NotifierSettings):
    """`[notifiers.alertmanager]`"""

    urls: tuple[str, ...] = Field(
        min_length=1, description="every peer of the pair (never a load balancer), as http://host:9093"
    )
    resend_seconds: float = Field(60.0, ge=1, le=3600, description="how often what stands is sent again")
    hold_seconds: float = Field(
        3600.0, le=86400, description="how long an alert fires without being sent again; 4 resends at least"
    )
    username: str = Field("", description="basic authentication, with password or password_file")
    password: SecretStr | None = Field(None, description="or password_file")
    password_file: Path | None = Field(None, description="a file that holds the password")
    token: SecretStr | None = Field(None, description="bearer token, or token_file")
    token_file: Path | None = Field(None, description="a file that holds the bearer token")

    @field_validator("urls")
    @classmethod
    def _usable(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for url in urls:
            parts = urlsplit(url)
            if (
                parts.scheme not in ("http", "https")
                or not parts.hostname
                or parts.query
                or "@" in parts.netloc
            ):
                raise ValueError("http(s)://host:port is expected, without a login; it has keys of its own")
        if len(set(urls)) != len(urls):
            raise ValueError("a peer is named twice")
        return urls

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.hold_seconds < 4 * self.resend_seconds:
            raise ValueError("hold_seconds: 4 times resend_seconds at least, or alerts end by mistake")
        basic = bool(self.username) or self.password is not None or self.password_file is not None
        bearer = self.token is not None or self.token_file is not None
        if basic and bearer:
            raise ValueError("give username and password, or token, not both")
        if basic:
            only_one(self.password, self.password_file, "password")
            if not self.username:
                raise ValueError("username is missing")
        elif bearer:
            only_one(self.token, self.token_file, "token")
        return self


@dataclass(slots=True)
class _Peer:
    """One Alertmanager. `settled`: what ended before then it has heard; `summary`: it may believe that there are too many."""

    url: str
    name: str
    away_until: float = 0.0
    settled: float = 0.0
    summary: bool = True


class Alertmanager:
    """`monitor.alerting.notifiers.base.Restating`."""

    def __init__(
        self,
        http: HttpClient,
        settings: AlertmanagerSettings,
        authorization: str,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
    ) -> None:
        """`authorization` is the header's value, "" for none."""
        self.resend_seconds = settings.resend_seconds
        self.hold_seconds = settings.hold_seconds
        self._http = http
        self._timeout = settings.deadline_seconds
        self._severity = "page" if "page" in settings.tells else "ticket"
        self._headers = {"Content-Type": "application/json"}
        if authorization:
            self._headers["Authorization"] = authorization
        self._metrics = metrics
        self._clock = clock
        self._peers = [
            _Peer(f"{url.rstrip('/')}/api/v2/alerts", urlsplit(url).netloc) for url in settings.urls
        ]

    async def notify(self, notification: Notification) -> None:
        """Post what stands of one exposure, and what has ended. Returns soon after one peer has taken it."""
        now = self._clock()
        body = _body(notification.standing, now + self.hold_seconds)
        # a peer that is away must not hold up the pages; one that is left out is caught up by `restate`
        peers = [peer for peer in self._peers if peer.away_until <= now] or self._peers
        posts = {spawn(self._try(peer, body), name=f"alertmanager {peer.name}"): peer for peer in peers}
        try:
            errors = await _first_good(posts)
        finally:
            late = {task: peer for task, peer in posts.items() if not task.done()}
            await cancel(*late)
            for peer in late.values():
                self._failed(peer, "late")
        if len(errors) == len(posts):
            raise _worth_raising(errors)

    async def restate(self, chunks: AsyncIterator[Sequence[Stand]], *, beyond: int) -> None:
        """Everything to every peer. One that fails is left for the next round; raises unless one has taken all of it."""
        started = self._clock()
        errors: dict[str, DeliveryError] = {}  # by the peer's URL
        async for stands in chunks:
            await self._to_each(partial(self._owed, stands), errors)
        await self._to_each(partial(self._summary, beyond), errors)
        whole = [peer for peer in self._peers if peer.url not in errors]
        for peer in whole:
            peer.settled, peer.summary = started - _SKEW, beyond > 0
        if not whole:
            raise _worth_raising([*errors.values()])

    async def _to_each(self, body_for: Callable[[_Peer], bytes], errors: dict[str, DeliveryError]) -> None:
        """One request to each peer that can be asked, all at the same time. Adds to `errors`; raises when nobody can be asked."""
        # of a request with an alert that it refuses (400) a peer takes the others, and it will take the next request
        peers = [peer for peer in self._peers if _goes_on(errors.get(peer.url))]
        if not peers:
            raise _worth_raising([*errors.values()])
        asked = [(peer, body) for peer in peers if (body := body_for(peer))]
        results = await asyncio.gather(*(self._try(peer, body) for peer, body in asked))
        errors |= {
            peer.url: error for (peer, _), error in zip(asked, results, strict=True) if error is not None
        }

    def _owed(self, stands: Iterable[Stand], peer: _Peer) -> bytes:
        owed = [stand for stand in stands if stand.ended is None or stand.ended > peer.settled]
        return _body(owed, self._clock() + self.hold_seconds) if owed else b""

    def _summary(self, beyond: int, peer: _Peer) -> bytes:
        if not beyond and not peer.summary:
            return b""
        now = self._clock()
        return orjson.dumps(
            [too_many(beyond, self._severity, ends=now + self.hold_seconds if beyond else now)]
        )

    async def _try(self, peer: _Peer, body: bytes) -> DeliveryError | None:
        try:
            await post(
                self._http,
                peer.url,
                headers=self._headers,
                body=body,
                timeout=self._timeout,
                now=self._clock(),
            )
        except DeliveryError as error:
            self._failed(peer, error.reason.value)
            return error
        peer.away_until = 0.0
        self._metrics.notifier_peers.labels(_NAME, peer.name, "delivered").inc()
        return None

    def _failed(self, peer: _Peer, outcome: str) -> None:
        peer.away_until = self._clock() + _AWAY
        self._metrics.notifier_peers.labels(_NAME, peer.name, outcome).inc()


async def _first_good(posts: Iterable[asyncio.Task[DeliveryError | None]]) -> list[DeliveryError]:
    """The errors, as soon as one post was good and the others had a moment more; all of them if none was."""
    pending, errors, good = set(posts), list[DeliveryError](), False
    while pending:
        done, pending = await asyncio.wait(
            pending,
            timeout=_AFTER_FIRST if good else None,
            return_when=asyncio.ALL_COMPLETED if good else asyncio.FIRST_COMPLETED,
        )
        found = [task.result() for task in done]
        errors += [error for error in found if error is not None]
        if good:
            break
        good = any(error is None for error in found)
    return errors


def _goes_on(error: DeliveryError | None) -> bool:
    return error is None or (isinstance(error, Permanent) and error.reason is Reason.CLIENT_ERROR)


def _worth_raising(errors: Sequence[DeliveryError]) -> DeliveryError:
    """Of several peers' errors one that another try may cure, if there is one."""
    return next((error for error in errors if isinstance(error, Retryable)), errors[0])


def _body(stands: Iterable[Stand], ends: float) -> bytes:
    return orjson.dumps([alert(stand, ends=ends) for stand in stands])


def authorization(settings: AlertmanagerSettings) -> str:
    if settings.username:
        password = one_secret(settings.password, settings.password_file, "password")
        return "Basic " + base64.b64encode(f"{settings.username}:{password}".encode()).decode()
    if settings.token is not None or settings.token_file is not None:
        return f"Bearer {one_secret(settings.token, settings.token_file, 'token')}"
    return ""


def _build(settings: AlertmanagerSettings, tools: Tools) -> Alertmanager:
    return Alertmanager(tools.http, settings, authorization(settings), tools.metrics, clock=tools.clock)


PLUGIN: Final = NotifierPlugin(AlertmanagerSettings, _build, "Prometheus' Alertmanager, every peer of a pair")
