"""Tells a dead-man switch outside that the chain works, so that somebody notices when nothing tells it any more.

One GET for each success of the self-test, unless no notifier can be reached: a chain that ends with nobody being told does not work.
The switch takes a plain GET: healthchecks.io (HEAD, GET or POST, says its HTTP API), Dead Man's Snitch (a plain curl) and
their like all take it. The URL is the credential: it is in no log and no error.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from monitor.aio import cancel, spawn
from monitor.alerting.notifiers.base import one_secret
from monitor.alerting.notifiers.posting import verdict
from monitor.http import HttpClient, HttpError
from monitor.metrics import Metrics

_log = structlog.get_logger(__name__)
_PATIENCE: Final = 10.0  # seconds that one heartbeat may take
_DELIVERED: Final = "delivered"
_WITHHELD: Final = "nobody_told"


class HeartbeatSettings(BaseModel):
    """What is told outside when a canary of [sources.selftest] came through: a dead-man switch, which calls when nothing comes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr | None = Field(None, description="the switch's address, asked with GET; a secret")
    url_file: Path | None = Field(None, description="a file that holds the URL")
    late_seconds: float = Field(
        300.0, gt=0, description="a canary that took longer proves nothing: no heartbeat"
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.url is not None and self.url_file is not None:
            raise ValueError("give url or url_file, not both")
        return self

    def address(self) -> str:
        """The URL, or "" where none is configured. Reads its file: blocks; raises ValueError, OSError."""
        if self.url is None and self.url_file is None:
            return ""
        url = one_secret(self.url, self.url_file, "url")
        if not url.startswith(("https://", "http://")):
            raise ValueError("url: it must begin with https:// or http://")
        return url


class Heartbeat:
    """For one event loop. `beat` never waits; what several of them ask for while one is under way is one heartbeat more."""

    def __init__(self, http: HttpClient, url: str, metrics: Metrics, *, timeout: float = _PATIENCE) -> None:
        """`timeout`: seconds for one heartbeat."""
        self._http = http
        self._url = url
        self._metrics = metrics
        self._timeout = timeout
        self._due = asyncio.Event()
        for outcome in (_DELIVERED, _WITHHELD):
            metrics.heartbeats.labels(outcome)

    def beat(self, problems: Sequence[str] = ()) -> None:
        """The self-test has just succeeded; `problems`: why nobody could be told all the same."""
        if problems:
            self._metrics.heartbeats.labels(_WITHHELD).inc()
        else:
            self._due.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A heartbeat that fails is counted, not tried again: the next success has one of its own."""
        stopper = spawn(self._wake_at(stop), name="heartbeat stop")
        try:
            while True:
                await self._due.wait()
                if stop.is_set():
                    return
                self._due.clear()
                await self._send()
        finally:
            await cancel(stopper)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._due.set()

    async def _send(self) -> None:
        outcome = await self._outcome()
        self._metrics.heartbeats.labels(outcome).inc()
        if outcome != _DELIVERED:
            await _log.awarning("heartbeat failed", reason=outcome)

    async def _outcome(self) -> str:
        """delivered, or why not."""
        try:
            async with self._http.stream("GET", self._url, timeout=self._timeout) as answer:
                refusal = verdict(answer.status, None)
        except HttpError as error:
            return error.reason.value
        return _DELIVERED if refusal is None else refusal.reason.value
