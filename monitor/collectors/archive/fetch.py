"""Asking GH Archive or its mirror for an hour: the manifest where there is one, and the file as a stream.

One request at a time at each, no credential. A file is hundreds of MB and is read as fast as the bus takes its events, so it has a
time limit of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from monitor.budget import Limited, Outcome
from monitor.collectors.archive.hour import BadHour, Manifest, hour_name, parse_manifest
from monitor.collectors.base import SourceContext, Stopping
from monitor.collectors.upstream import Refused, Unavailable, Upstream
from monitor.http import HttpError, Stream
from monitor.tools import Tools

_MANIFEST_BYTES: Final = 1024 * 1024
_INTERVAL: Final = 1.0  # seconds between two requests


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`size` is that of the file as it comes, in bytes; `seconds` covers its whole reading."""

    size: int
    seconds: float


class ArchivePlace:
    """One of the two. `name` is `archive` or `mirror`: the feed in coverage events."""

    def __init__(
        self, name: str, base_url: str, tools: Tools, limits: FetchLimits, *, has_manifest: bool
    ) -> None:
        self.name = name
        self.has_manifest = has_manifest
        self._base = base_url
        self._http = tools.http
        self._metrics = tools.metrics
        self._limits = limits
        self._budget = tools.http.budget(base_url, "anonymous", interval=_INTERVAL, concurrency=1)
        self._upstream = Upstream(tools.http, tools.metrics, self._budget)

    async def manifest(self, context: SourceContext, hour: int) -> Manifest:
        """Raises Limited, Unavailable, Refused, BadHour (it says nothing that a file could be compared with), Stopping."""
        url = f"{self._base}/{hour_name(hour)}.manifest.json"
        raw: dict[str, Any]
        raw, _ = await self._upstream.get_json(context, url, dict, max_bytes=_MANIFEST_BYTES)
        manifest = parse_manifest(raw)
        if manifest is None:
            raise BadHour("bad_manifest")
        return manifest

    @asynccontextmanager
    async def file(self, context: SourceContext, hour: int) -> AsyncIterator[AsyncIterator[bytes]]:
        """The file's bytes in pieces. Raises Limited, Unavailable, Refused, Stopping, also while they are read."""
        url = f"{self._base}/{hour_name(hour)}.json.gz"
        # the file's own compression is not the transfer's, and its digest is of the bytes as they lie there
        headers = {"Accept-Encoding": "identity"}
        async with self._budget.gate:
            wait = self._budget.reserve()
            if wait > 0 and await context.sleep(wait):
                raise Stopping
            try:
                async with self._http.stream(
                    "GET",
                    url,
                    headers=headers,
                    max_bytes=self._limits.size,
                    timeout=self._limits.seconds,
                ) as answer:
                    self._judge(context, answer)
                    yield answer.chunks
            except HttpError as error:
                self._count(context, error.reason.value)
                raise (Unavailable if error.transient else Refused)(error.reason.value) from None
        self._count(context, Outcome.OK.value)

    def _judge(self, context: SourceContext, answer: Stream) -> None:
        outcome = self._budget.observe(answer.status, answer.headers)
        if answer.status == 200:
            return
        self._count(context, outcome.value if outcome is not Outcome.OK else "redirect")
        match outcome:
            case Outcome.LIMITED:
                raise Limited(max(1.0, self._budget.blocked_until - context.now()))
            case Outcome.SERVER_ERROR:
                raise Unavailable(outcome.value)
            case Outcome.CLIENT_ERROR:
                raise Refused("refused", answer.status)
        raise Refused("redirect", answer.status)

    def _count(self, context: SourceContext, outcome: str) -> None:
        self._metrics.source_requests.labels(context.name, outcome).inc()
