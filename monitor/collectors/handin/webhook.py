"""One webhook of `[[sources.ingest.deliveries]]`: what comes is proved to be the sender's, judged, told to the matcher where it is wrong, and
remembered for the coverage ledger, right or wrong.

The ledger gets one entry a minute, or one of 256 events, as digests. What waits for its entry is kept in the collectors' memory, in the same
step that marks the delivery as taken, so that neither a kill nor a repetition changes a count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from aiohttp import web

from monitor.collectors.base import SourceContext
from monitor.collectors.handin import auth, deliveries
from monitor.collectors.handin.deliveries import Digests, Event, Judged, Subscriptions
from monitor.collectors.handin.request import HOOK_BYTES, Refused, json_of, read_body
from monitor.contracts import CoverageEvent, Document, Provenance
from monitor.coverage.items import Outcome, item, pack
from monitor.misdelivery import ALL, MEDIA_TYPE, WRONG, write

_ENTRY_SECONDS: Final = 60.0
_ENTRY_EVENTS: Final = 256
_MOMENT: Final = 1e-6  # seconds, by which entries differ that are of one time


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What waits for its entry. `number` counts entries of a webhook; `events` are (digest, delivered at, wrong)."""

    number: int = 0
    begun: float = 0.0
    events: tuple[tuple[str, float, bool], ...] = ()

    @property
    def text(self) -> str:
        return orjson.dumps([self.number, self.begun, self.events]).decode()

    @classmethod
    def of(cls, text: str | None) -> _Waiting:
        if not text:
            return cls()
        number, begun, events = orjson.loads(text)
        return cls(number, begun, tuple((digest, at, wrong) for digest, at, wrong in events))

    def with_more(self, judged: Sequence[Judged], now: float) -> _Waiting:
        more = tuple((each.digest, each.at, each.wrong is not None) for each in judged)
        return _Waiting(self.number, self.begun if self.events else now, self.events + more)

    def is_due(self, now: float) -> bool:
        return bool(self.events) and (now >= self.begun + _ENTRY_SECONDS or len(self.events) >= _ENTRY_EVENTS)

    def emptied(self) -> _Waiting:
        return _Waiting(self.number + 1)

    def entries(self, source: str, webhook: str) -> list[CoverageEvent]:
        """The same for the same events, however often it is told."""
        told = []
        for feed, events in (
            (f"{ALL}/{webhook}", self.events),
            (f"{WRONG}/{webhook}", tuple(event for event in self.events if event[2])),
        ):
            times = [at for _, at, _ in events]
            if not events:
                continue
            told.append(
                CoverageEvent(
                    source=source,
                    since=min(times),
                    until=max(times) + _MOMENT * (self.number % 1_000_000 + 1),
                    listed=len(events),
                    fetched=len(events),
                    feed=feed,
                    items=pack(item(feed, digest, at, Outcome.FETCHED) for digest, at, _ in events),
                )
            )
        return told


class Webhook:
    """For the tasks of one event loop."""

    def __init__(self, settings: auth.DeliverySettings) -> None:
        """Reads the secret's file. Raises OSError, ValueError."""
        self.name = settings.name
        self._secret = settings.read()
        self._standard = auth.signing_key(self._secret) if settings.is_standard else None
        self._digests = Digests(self._secret)
        self._subscriptions = Subscriptions(settings.subscriptions, both=settings.parties == "all")
        self._lock = asyncio.Lock()
        self._waiting: _Waiting | None = None

    def answer(self, token: str) -> str:
        """To the challenge with which X finds out whether we know the secret. Raises ValueError for what is none."""
        if self._standard is not None:
            raise ValueError("this webhook has no challenge")
        return auth.challenge(self._secret, token)

    def knows(self, body: bytes, headers: Mapping[str, str], now: float) -> bool:
        """Whether the body was signed with the secret."""
        if self._standard is not None:
            return auth.is_standard_webhook(self._standard, body, headers, now)
        return auth.is_x(self._secret, body, headers)

    async def take(self, context: SourceContext, events: Sequence[Event]) -> None:
        """Judge what was not taken before and return when the bus has it. Raises Stopping."""
        judged = {each.digest: each for each in (self._subscriptions.judge(e, self._digests) for e in events)}
        async with self._lock:
            keys = {bytes.fromhex(digest): each for digest, each in judged.items()}
            unseen = await context.state.unseen(context.name, list(keys))
            fresh = [each for key, each in keys.items() if key in unseen]
            if len(fresh) < len(events):
                context.dropped("delivery_known", len(events) - len(fresh))
            if not fresh:
                return
            waiting = await self._load(context)
            entries: list[CoverageEvent] = []
            if waiting.is_due(context.now()):
                entries, waiting = waiting.entries(context.name, self.name), waiting.emptied()
            waiting = waiting.with_more(fresh, context.now())
            await context.emit(
                self._documents(context, fresh),
                coverage=entries,
                seen=[bytes.fromhex(each.digest) for each in fresh],
                cursor=waiting.text,
                cursor_name=self._cursor,
            )
            self._waiting = waiting

    async def tell(self, context: SourceContext, *, at_once: bool = False) -> None:
        """Write what waits into the ledger, if it is due (or `at_once`). Raises Stopping."""
        async with self._lock:
            waiting = await self._load(context)
            if not waiting.events or not (at_once or waiting.is_due(context.now())):
                return
            emptied = waiting.emptied()
            entries = waiting.entries(context.name, self.name)
            await context.emit(coverage=entries, cursor=emptied.text, cursor_name=self._cursor)
            self._waiting = emptied

    @property
    def _cursor(self) -> str:
        return f"{ALL}/{self.name}"

    async def _load(self, context: SourceContext) -> _Waiting:
        if self._waiting is None:
            self._waiting = _Waiting.of(await context.state.cursor(context.name, self._cursor))
        return self._waiting

    def _documents(self, context: SourceContext, judged: Sequence[Judged]) -> list[Document]:
        wrong = [each.wrong for each in judged if each.wrong is not None]
        if not wrong:
            return []
        made: dict[str, Any] = {
            "source": context.name,
            "id": f"{ALL}/{self.name}:{wrong[0].event}",
            "content": write(self.name, wrong),
            "fetched_at": context.now(),
            "published_at": min(each.at for each in wrong),
            "media_type": MEDIA_TYPE,
            "provenance": Provenance(forge=context.name, repository=f"{ALL}/{self.name}"),
        }
        return [Document(**made)]


class Webhooks:
    """Those of the configuration, by the names in their paths."""

    def __init__(self, webhooks: Sequence[Webhook]) -> None:
        self._by_name = {webhook.name: webhook for webhook in webhooks}

    async def read(self, request: web.Request, context: SourceContext) -> tuple[Webhook, list[Event]]:
        """What was delivered, to be taken. Raises Refused: 401, 404, 408, 413, 415, 422."""
        webhook = self._of(request)
        body = await read_body(request, HOOK_BYTES)
        if not webhook.knows(body, request.headers, context.now()):
            raise Refused(401, "the signature is not ours")
        try:
            events, unread = deliveries.read(json_of(request, body), now=context.now())
        except deliveries.Unreadable as error:
            raise Refused(413, str(error)) from None
        if unread:
            context.dropped("delivery_unread", unread)
        return webhook, events

    def challenged(self, request: web.Request) -> web.Response:
        """Raises Refused: 400, 404."""
        try:
            answer = self._of(request).answer(request.query.get("crc_token", ""))
        except ValueError as error:
            raise Refused(400, str(error)) from None
        return web.json_response({"response_token": answer})

    async def tell(self, context: SourceContext, *, at_once: bool = False) -> None:
        """See Webhook.tell."""
        for webhook in self._by_name.values():
            await webhook.tell(context, at_once=at_once)

    def _of(self, request: web.Request) -> Webhook:
        webhook = self._by_name.get(request.match_info["name"])
        if webhook is None:
            raise Refused(404, "no such webhook")
        return webhook
