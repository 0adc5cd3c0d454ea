"""What a running source holds in its hand: the way to the bus, its memory, its clock and its voice."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import fields, replace
from typing import Final

import structlog

from monitor.aio import sleep_until
from monitor.bus.base import Backpressure, BusError, Message, Producer
from monitor.collectors.base import CollectorState, Stopping
from monitor.collectors.cutting import cut
from monitor.collectors.patience import PatientState
from monitor.contracts import CoverageEvent, Document, Mode, Place, Provenance, Request, Sighting
from monitor.identity import blob_sha
from monitor.metrics import Metrics
from monitor.tracing import exemplar, fit, new_trace_id
from monitor.watching import Watching

_LOG = structlog.get_logger(__name__)
STAGE: Final = "collect"
_BATCH_BYTES: Final = 16 * 1024 * 1024  # of one send; with single records up to 8 MiB
_BATCH_MESSAGES: Final = 500
_TEXT_LIMIT: Final = 4096  # characters of one provenance text: it travels in a header and names a place
_HOUR: Final = 3600.0
_NOWHERE: Final = Place()
WORLD: Final = "world"  # the feed of a count of what there was for others to see


class Context:
    """The SourceContext that the collector service hands out: one a source."""

    def __init__(
        self,
        name: str,
        *,
        stop: asyncio.Event,
        state: CollectorState,
        producer: Producer,
        metrics: Metrics,
        clock: Callable[[], float],
        watch: Watching | None = None,
        sleep: Callable[[asyncio.Event, float], Awaitable[bool]] = sleep_until,
        traced: bool = False,
    ) -> None:
        """`traced`: each document has a log line."""
        self.name = name
        self._traced = traced
        self.stop = stop
        self.state: CollectorState = PatientState(state, sleep=self.sleep, blocked=self._state_blocked)
        self.blocked = (
            ""  # why the bus or the collectors' memory takes nothing from this source now; "" = they do
        )
        self.trouble = ""  # why the source does not answer; "" = it does
        self._producer = producer
        self._metrics = metrics
        self._clock = clock
        self._watch = watch or Watching()
        self._sleep = sleep
        self._blind_since: float | None = None
        self._blind_events: list[CoverageEvent] = []
        self._window: deque[tuple[float, int, int]] = deque()  # until, expected, fetched
        metrics.source_blind.labels(name).set(0)
        metrics.documents.labels(name)
        for became in ("listed", "fetched", "skipped", "lost"):
            metrics.source_items.labels(name, became)

    async def emit(
        self,
        documents: Sequence[Document] = (),
        *,
        coverage: Sequence[CoverageEvent] = (),
        requests: Sequence[Request] = (),
        sightings: Sequence[Sighting] = (),
        cursor: str | None = None,
        cursor_name: str = "",
        seen: Iterable[bytes] = (),
    ) -> None:
        """See SourceContext.emit. Also tells the bus of blind spans that ended since the last call."""
        if any(not each.answers or each.place != _NOWHERE for each in sightings):
            raise ValueError("a sighting that answers no request, or names a place")
        blind, self._blind_events = self._blind_events, []
        told = [*blind, *coverage]
        fresh, texts = await self._only_fresh([self._fit(document) for document in documents])
        parts = [part for document in fresh for part in cut(document)]
        messages = [item.message() for group in (parts, told, requests, sightings) for item in group]
        try:
            for batch in _batches(messages):
                await self._send(batch)
        except Stopping:
            self._blind_events = blind + self._blind_events
            raise
        self._measure(parts, told)
        await self.state.handed_in(self.name, blobs=texts, seen=seen, cursor=cursor, cursor_name=cursor_name)

    async def requested(self) -> Sequence[Request]:
        return await self.state.requests(self.name)

    async def finished(self, request: Request) -> None:
        await self.state.finish_request(request)

    async def unknown(self, blob_shas: Sequence[str]) -> set[str]:
        keys = {sha: _blob_key(sha) for sha in blob_shas}
        fresh = await self.state.fresh(list(keys.values())) if keys else set()
        return {sha for sha, key in keys.items() if key in fresh}

    def dropped(self, reason: str, count: int = 1) -> None:
        self._metrics.dropped.labels(STAGE, reason).inc(count)

    def healthy(self) -> None:
        now = self.now()
        self._metrics.source_last_success.labels(self.name).set(now)
        self._metrics.source_blind.labels(self.name).set(0)
        if self._blind_since is not None:
            event = CoverageEvent(self.name, self._blind_since, now, blind=self.trouble)
            self._blind_events.append(event)
        self._blind_since, self.trouble = None, ""

    def failing(self, reason: str, since: float | None = None) -> None:
        self._metrics.source_blind.labels(self.name).set(1)
        self.trouble = reason
        if self._blind_since is None:
            now = self.now()
            self._blind_since = now if since is None else min(since, now)

    async def close(self) -> None:
        """The source ended: tell of the trouble that it ended in. The next start knows nothing of it."""
        if self._blind_since is not None:
            self._blind_events.append(
                CoverageEvent(self.name, self._blind_since, self.now(), blind=self.trouble)
            )
        events, self._blind_events, self._blind_since = self._blind_events, [], None
        if not events:
            return
        try:
            await self._producer.send([event.message() for event in events])
        except BusError:
            self.dropped("untold_coverage", len(events))

    async def hand_over(self) -> None:
        """Another collector has the source now, and its trouble with it. What was seen in the last hour says nothing any more."""
        await self.close()
        self.trouble = ""
        self._window.clear()
        self._metrics.capture_ratio.remove(self.name)
        self._metrics.source_blind.labels(self.name).set(0)

    def now(self) -> float:
        return self._clock()

    async def sleep(self, seconds: float) -> bool:
        return await self._sleep(self.stop, max(0.0, seconds))

    async def _send(self, batch: Sequence[Message]) -> None:
        while True:
            try:
                await self._producer.send(batch)
            except Backpressure as error:
                self.blocked = error.reason
                self._metrics.backpressure.labels(error.reason).inc()
                if await self.sleep(error.retry_after):
                    raise Stopping from None
            else:
                self.blocked = ""
                return

    async def _only_fresh(self, documents: Sequence[Document]) -> tuple[list[Document], list[bytes]]:
        """The documents, those handed in lately without their content; and the keys of those that go whole."""
        keys = [self._key(document) for document in documents]
        asked = [key for key in keys if key]
        fresh = await self.state.fresh(asked) if asked else set()
        chosen: list[Document] = []
        texts: list[bytes] = []
        for document, key in zip(documents, keys, strict=True):
            if key and key not in fresh:
                chosen.append(replace(document, content=b"", known=True))
                continue
            chosen.append(document)
            if key:
                fresh.discard(key)  # the next one in this very batch is known
                texts.append(key)
        return chosen, texts

    def _key(self, document: Document) -> bytes:
        """What names its text; b"" for what must go whole: a part, an exercise, and what is ours."""
        where = document.provenance
        ours = self.name in self._watch.sources or self._watch.is_watched(
            where.forge, where.repository or where.owner
        )
        whole = document.offset == 0 and not document.more and document.mode is Mode.LIVE
        if ours or not whole or not document.blob_sha or not document.content:
            return b""
        sha = blob_sha(document.content)
        # of a diff it is the lines, not the file that it leads to
        return _blob_key(sha if sha == document.blob_sha else f"{document.blob_sha} {sha}")

    def _state_blocked(self, reason: str) -> None:
        self.blocked = reason
        if reason:
            self._metrics.retries.labels(STAGE).inc()

    def _fit(self, document: Document) -> Document:
        """Its texts made fit for a header: no lone surrogates (file names have them), none longer than the limit; a trace id of its own."""
        where = document.provenance
        texts = {f.name: getattr(where, f.name) for f in fields(Provenance)}
        clean = {name: _clean(value) for name, value in texts.items()}
        if any(len(value) > _TEXT_LIMIT for value in clean.values()):
            self.dropped("provenance_cut")
            clean = {name: value[:_TEXT_LIMIT] for name, value in clean.items()}
        trace_id = document.trace_id or new_trace_id()
        return replace(document, id=_clean(document.id), provenance=Provenance(**clean), trace_id=trace_id)

    def _measure(self, documents: Sequence[Document], coverage: Sequence[CoverageEvent]) -> None:
        now = self.now()
        self._metrics.documents.labels(self.name).inc(len(documents))
        for document in documents:
            if self._traced:
                # never where it stands: that is nobody's business until it is ours
                size = len(document.content)
                _LOG.debug("collected", source=self.name, trace_id=fit(document.trace_id), bytes=size)
            self._metrics.document_bytes.labels(self.name).observe(len(document.content))
            if document.published_at is not None:
                delay = max(0.0, now - document.published_at)
                self._metrics.source_delay.labels(self.name).observe(delay, exemplar(document.trace_id))
        for event in coverage:
            states = {
                "listed": event.listed,
                "fetched": event.fetched,
                "skipped": sum(event.skipped.values()),
                "lost": event.lost,
            }
            for state, count in states.items():
                self._metrics.source_items.labels(self.name, state).inc(count)
            for reason, count in event.skipped.items():
                self.dropped(reason, count)
            if event.expected is not None and event.feed != WORLD:
                self._window.append((event.until, event.expected, event.fetched))
        while self._window and self._window[0][0] < now - _HOUR:
            self._window.popleft()
        expected = sum(entry[1] for entry in self._window)
        if expected > 0:
            ratio = sum(entry[2] for entry in self._window) / expected
            self._metrics.capture_ratio.labels(self.name).set(min(1.0, ratio))


def _blob_key(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()


def _clean(text: str) -> str:
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _batches(messages: Sequence[Message]) -> Iterable[Sequence[Message]]:
    batch: list[Message] = []
    size = 0
    for message in messages:
        if batch and (len(batch) >= _BATCH_MESSAGES or size + len(message.value) > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += len(message.value)
    if batch:
        yield batch
