"""Pastebin's scraping API, for accounts whose IPv4 address is on its allow-list (there is no token).

The list shows at most 250 pastes, newest first, every value a string. Errors come as plain text with HTTP 200: such a body is
never taken for a paste. "Not ready" is asked again. Items are fetched one a second at most.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

import orjson
from pydantic import Field, model_validator
from yarl import URL

from monitor.budget import Limited
from monitor.collectors.apisettings import Address
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.feed import Feed
from monitor.collectors.shapes import integer, text
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable, Upstream
from monitor.contracts import Document, Provenance
from monitor.coverage.items import Item, Outcome, item
from monitor.http import Failure, Response
from monitor.identity import blob_sha
from monitor.tools import Tools

_FORGE: Final = "pastebin.com"
_WEB: Final = "https://pastebin.com"
_POLL_SECONDS: Final = 60.0
_ITEM_SECONDS: Final = 1.0
_KEY: Final = re.compile(r"[A-Za-z0-9]{4,32}")
_TRIES: Final = 5  # the last one a quarter of an hour after the first
_TOO_LARGE: Final = Failure.TOO_LARGE.value
_NOT_READY_SECONDS: Final = 60.0  # what the answer itself asks for
_WAITING: Final = 1000
_LIST_BYTES: Final = 4 * 1024 * 1024
_ERROR_BYTES: Final = 300  # no error text is longer


class Settings(SourceSettings):
    """[sources.pastebin]"""

    base_url: Address = Field("https://scrape.pastebin.com", description="the scraping API")
    poll_seconds: float = Field(
        60.0, gt=0, description="time between two polls of the list; at least 60 with the real site"
    )
    item_seconds: float = Field(
        1.0, gt=0, description="least time between two requests; at least 1 with the real site"
    )
    limit: int = Field(250, ge=1, le=250, description="length of the list asked for")
    max_paste_mib: float = Field(10.0, gt=0, le=64, description="largest paste read, in MiB")

    @model_validator(mode="after")
    def _polite(self) -> Self:
        real = (URL(self.base_url).host or "").endswith("pastebin.com")
        if real and (self.poll_seconds < _POLL_SECONDS or self.item_seconds < _ITEM_SECONDS):
            raise ValueError(
                "pastebin.com asks for a list at most every 60 s and an item at most every second"
            )
        return self


class Body(StrEnum):
    """What a plain-text answer is."""

    CONTENT = "content"
    DENIED = "access_denied"
    NOT_READY = "not_ready"
    GONE = "gone"
    EMPTY = "empty"
    ERROR = "error_text"


_ERRORS: Final = (
    (b"does not have access", Body.DENIED),
    (b"file is not ready for scraping", Body.NOT_READY),
    (b"error, we cannot find this paste", Body.GONE),
    (b"error, paste key is not valid", Body.GONE),
    (b"error, this is not a public paste", Body.GONE),
)


def judge(body: bytes, *, size: int | None = None) -> Body:
    """Tell content from the API's error texts. `size` is what the list said: unknown "Error, …" lines and HTML pages of
    another size than the paste's are errors too.
    """
    start = body[:_ERROR_BYTES].strip().lower()
    if not start:
        return Body.EMPTY if not body.strip() else Body.CONTENT
    if len(body) <= _ERROR_BYTES:
        for words, verdict in _ERRORS:
            if words in start:
                return verdict
        if start.startswith(b"error, ") and b"\n" not in start and size not in (None, len(body)):
            return Body.ERROR
    if start.startswith((b"<!doctype html", b"<html")) and size not in (None, len(body)):
        return Body.ERROR
    return Body.CONTENT


_UNAVAILABLE: Final = "unavailable"
_AGAIN: Final = frozenset({Body.NOT_READY.value, Body.EMPTY.value, Body.ERROR.value, _UNAVAILABLE})


@dataclass(frozen=True, slots=True)
class Paste:
    """One entry of the list."""

    key: str
    published_at: float | None
    size: int | None = None
    title: str = ""
    user: str = ""
    tries: int = 0
    not_before: float = 0.0

    @property
    def digest(self) -> bytes:
        """16 bytes that name the paste for the seen set."""
        return hashlib.blake2b(self.key.encode(), digest_size=16).digest()


def parse(raw: object) -> Paste | None:
    """None when it is no paste."""
    key, date = text(raw, "key"), integer(raw, "date")
    if not _KEY.fullmatch(key):
        return None
    when = float(date) if date is not None and 0 < date < 1e11 else None
    return Paste(key, when, integer(raw, "size"), text(raw, "title"), text(raw, "user"))


class Pastebin:
    """The source. For one task."""

    def __init__(
        self, settings: Settings, upstream: Upstream, *, draw: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._upstream = upstream
        self._draw = draw
        self._feed = Feed()
        self._waiting: dict[bytes, Paste] = {}  # in the order listed, oldest first

    async def run(self, context: SourceContext) -> None:
        self._feed.restore(await context.state.cursor(context.name))
        while not context.stop.is_set():
            if self._feed.due <= context.now():
                await self._poll(context)
            await self._work(context)
            if await context.sleep(self._next(context.now()) - context.now()):
                return

    def _next(self, now: float) -> float:
        """When there is something to do: a poll, or a paste that should be ready by then."""
        ready = (paste.not_before for paste in self._waiting.values() if paste.not_before > now)
        return min([self._feed.due, *ready])

    async def _poll(self, context: SourceContext) -> None:
        url = f"{self._settings.base_url}/api_scraping.php?limit={self._settings.limit}"
        try:
            raw = _listed(await self._upstream.get(context, url, max_bytes=_LIST_BYTES))
        except (Limited, Unavailable, Refused) as error:
            self._feed.failed(context, error, self._settings.poll_seconds, self._draw())
            return
        now = context.now()
        self._feed.answered(now + self._settings.poll_seconds)
        context.healthy()
        found = [paste for paste in map(parse, raw) if paste is not None]
        if len(found) < len(raw):
            context.dropped("bad_paste", len(raw) - len(found))
        pastes = {paste.digest: paste for paste in reversed(found)}
        unseen = await context.state.unseen(context.name, list(pastes)) - self._waiting.keys()
        times = [paste.published_at for paste in found if paste.published_at is not None]
        known = len(pastes) - len(unseen)
        full = len(raw) >= self._settings.limit
        tally, gap = self._feed.tally(context.name, len(pastes), known, times, now, full=full)
        self._waiting.update((digest, paste) for digest, paste in pastes.items() if digest in unseen)
        for digest in unseen:
            tally.note(_noted(pastes[digest], Outcome.LISTED))
        over = list(self._waiting)[: max(0, len(self._waiting) - _WAITING)]
        for digest in over:
            del self._waiting[digest]
        if over:
            tally.skipped["budget"] += len(over)
        self._feed.advance(now, times)
        # what waits is not seen yet: after a crash the list still shows it
        await context.emit(
            coverage=[*gap, tally.event(context.name, now)], seen=over, cursor=self._feed.save()
        )

    async def _work(self, context: SourceContext) -> None:
        """Fetch what waits, newest first, until the next poll is due."""
        tally = Tally(since=context.now())
        for digest, paste in reversed(list(self._waiting.items())):
            if context.now() >= self._feed.due or context.stop.is_set():
                break
            if paste.not_before > context.now():
                continue
            try:
                verdict, body = await self._fetch(context, paste)
            except Limited as error:
                context.failing("limited")
                self._feed.due = context.now() + error.retry_after
                break
            if verdict == Body.DENIED:
                context.failing(verdict)
                break
            if verdict in _AGAIN and paste.tries + 1 < _TRIES:
                wait = context.now() + _NOT_READY_SECONDS * 2**paste.tries
                self._waiting[digest] = replace(paste, tries=paste.tries + 1, not_before=wait)
                continue
            documents = [_document(context, paste, body)] if verdict == Body.CONTENT else []
            tally.note(_noted(paste, Outcome.FETCHED if documents else Outcome.SKIPPED))
            if documents:
                tally.fetched += 1
            else:
                tally.skipped[verdict] += 1
            await context.emit(documents, seen=[digest])
            del self._waiting[digest]
        if tally.fetched or tally.skipped:
            await context.emit(coverage=[tally.event(context.name, context.now())])

    async def _fetch(self, context: SourceContext, paste: Paste) -> tuple[str, bytes]:
        """(verdict, body): a Body, or the reason why there is none. Raises Limited, Stopping."""
        url = f"{self._settings.base_url}/api_scrape_item.php?i={paste.key}"
        limit = int(self._settings.max_paste_mib * 1024 * 1024)
        try:
            answer = await self._upstream.get(context, url, max_bytes=limit)
        except Unavailable:
            return _UNAVAILABLE, b""
        except Refused as error:
            if error.reason == _TOO_LARGE and paste.size is not None and paste.size <= limit:
                return _UNAVAILABLE, b""  # the list says otherwise
            return (Body.GONE.value if error.status == 404 else error.reason), b""
        return judge(answer.body, size=paste.size).value, answer.body


def _noted(paste: Paste, outcome: Outcome) -> Item:
    """By whoever pasted it: an anonymous paste is one of nobody's."""
    return item(_FORGE, paste.user, paste.published_at, outcome)


def _listed(answer: Response) -> list[Any]:
    """The list. Raises Refused with what the server said instead."""
    try:
        raw = orjson.loads(answer.body)
    except ValueError:
        verdict = judge(answer.body)
        raise Refused("bad_shape" if verdict is Body.CONTENT else verdict.value) from None
    if not isinstance(raw, list):
        raise Refused("bad_shape")
    return raw


def _document(context: SourceContext, paste: Paste, body: bytes) -> Document:
    return Document(
        source=context.name,
        id=paste.key,
        content=body,
        fetched_at=context.now(),
        published_at=paste.published_at,
        blob_sha=blob_sha(body),
        provenance=Provenance(
            forge=_FORGE,
            owner=paste.user,
            url=f"{_WEB}/{paste.key}",
            title=paste.title,
            author=paste.user,
        ),
    )


def _build(settings: Settings, tools: Tools) -> Pastebin:
    # no credential: the account is told by our address
    budget = tools.http.budget(settings.base_url, "address", interval=settings.item_seconds, concurrency=1)
    return Pastebin(settings, Upstream(tools.http, tools.metrics, budget))


PLUGIN = SourcePlugin(Settings, _build, "Pastebin's scraping API (a PRO account's address)")
