"""Hacker News through its public API: every item, in the order of its id, and again when it was changed.

Ids only grow, so the walk up to `maxitem` misses nothing however rarely it looks. An item that is `null` is not there yet or never
will be: it is asked for again, with growing pauses. Edits are told by the list of changed items alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import orjson
from pydantic import Field

from monitor.budget import Limited
from monitor.collectors.apisettings import Address
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.feed import Feed
from monitor.collectors.hackernews.idwalk import IdWalk
from monitor.collectors.hackernews.item import Item, parse
from monitor.collectors.shapes import integer, items
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Unavailable, Upstream, UpstreamError
from monitor.contracts import CoverageEvent, Document, Provenance
from monitor.coverage.items import Outcome, item
from monitor.identity import blob_sha
from monitor.tools import Tools

_FORGE: Final = "news.ycombinator.com"
_BATCH: Final = 20  # what a kill in the middle costs
_EDITS: Final = "updates"  # the feed's name in the ledger
_EDITS_SECONDS: Final = 60.0  # least time between two looks: each reads all that is listed
_EDITS_KEPT: Final = 300.0  # seconds after which the list of changed items may have forgotten one
_EDITS_MOST: Final = 500
_EDITABLE: Final = 2 * 3600.0  # seconds in which an author can change a text
_STRANGE_LEAP: Final = 100_000  # ids: a week's worth; further ahead the newest must be seen to be believed
_ITEM_BYTES: Final = 2 * 1024 * 1024

_Answer = Item | UpstreamError | None  # None = `null`
_Answers = Mapping[int, _Answer]


class Settings(SourceSettings):
    """[sources.hackernews]"""

    base_url: Address = Field("https://hacker-news.firebaseio.com", description="the API")
    poll_seconds: float = Field(30.0, ge=1.0, description="time between two looks for new items")
    first_items: int = Field(
        500, ge=0, le=1_000_000, description="how many items back the first start begins"
    )
    requests_per_second: float = Field(10.0, gt=0, le=30, description="most requests a second")
    concurrency: int = Field(8, ge=1, le=16, description="most requests at a time")
    edits: bool = Field(default=True, description="read items again that were changed")


class HackerNews:
    """The source. For one task."""

    def __init__(
        self, settings: Settings, upstream: Upstream, *, draw: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._upstream = upstream
        self._draw = draw
        self._feed = Feed()
        self._walk = IdWalk()
        self._edits_due = 0.0

    async def run(self, context: SourceContext) -> None:
        self._walk.restore(await context.state.cursor(context.name))
        while not context.stop.is_set():
            if self._feed.due <= context.now():
                await self._look(context)
            if self._settings.edits and self._edits_due <= context.now() and self._walk.next is not None:
                await self._look_for_edits(context)
            if await context.sleep(self._feed.due - context.now()):
                return

    # -- new items

    async def _look(self, context: SourceContext) -> None:
        try:
            newest = await self._newest(context)
            self._feed.answered(context.now() + self._settings.poll_seconds)
            room = await self._go(context, newest)
            await self._ask_again(context)
            await self._read_again(context)
            if not room:
                raise Unavailable("too_many_missing")  # most of them will be there one day
        except (Limited, UpstreamError) as error:
            self._feed.failed(context, error, self._settings.poll_seconds, self._draw())

    async def _newest(self, context: SourceContext) -> int:
        """The largest id there is."""
        newest = integer(_read(await self._get(context, "maxitem")))
        if newest is None or newest < 1:
            raise Unavailable("bad_shape")
        known = self._walk.next
        if known is None or newest - known > _STRANGE_LEAP:
            # ids are never looked back for: a wrong number here would lose all that is below it
            answers = await self._ask(context, range(max(1, newest - 9), newest + 1))
            if not any(isinstance(answer, Item) for answer in answers.values()):
                raise Unavailable("bad_shape")
        if known is None:
            self._walk.next = max(1, newest - self._settings.first_items + 1)
            self._walk.mark(0.0)  # nothing older is ours
        return newest

    async def _go(self, context: SourceContext, newest: int) -> bool:
        """Walk up to `newest`, or until the next look is due. False where too many have no answer yet to go on."""
        begin = self._walk.next or 1
        idle = True
        while (idle or begin <= newest) and not context.stop.is_set() and context.now() <= self._feed.due:
            ids = range(begin, min(begin + _BATCH, newest + 1))
            if not self._walk.has_room(len(ids)):
                return False
            answers = await self._ask(context, ids)
            _refuse_silence(answers)
            context.healthy()
            now, told = context.now(), self._walk.told_at
            tally = Tally(since=now if told is None else told, listed=len(ids))
            documents, seen = await self._judge(context, answers, tally)
            tally.overlap = tally.known  # a walk always meets where it was before
            begin = max(begin, ids.stop)
            self._walk.next, self._walk.told_at = begin, now
            self._walk.mark(now)
            event = tally.event(context.name, now)
            await context.emit(documents, coverage=[event], seen=seen, cursor=self._walk.save())
            idle = False
        return True

    async def _ask_again(self, context: SourceContext) -> None:
        """What had no answer and whose pause is over."""
        while (due := self._walk.due(context.now(), _BATCH)) and context.now() <= self._feed.due:
            if context.stop.is_set():
                return
            answers = await self._ask(context, due)
            tally = Tally(since=context.now())
            documents, seen = await self._judge(context, answers, tally)
            coverage = [tally.event(context.name, context.now())] if tally.fetched or tally.skipped else []
            await context.emit(documents, coverage=coverage, seen=seen, cursor=self._walk.save())

    # -- changed items

    async def _look_for_edits(self, context: SourceContext) -> None:
        """Trouble here makes nothing blind but edits: it is told in the ledger, as the feed's own."""
        self._edits_due = context.now() + max(_EDITS_SECONDS, self._settings.poll_seconds)
        try:
            raw = _read(await self._get(context, _EDITS))
            if not isinstance(raw, dict):
                raise Unavailable("bad_shape")
            below = self._walk.next or 1
            changed = dict.fromkeys(integer(entry) or 0 for entry in items(raw.get("items")))
            ids = [i for i in changed if 0 < i < below and i not in self._walk.waiting]
            answers = await self._ask(context, ids[:_EDITS_MOST])
            _refuse_silence(answers)
        except (Limited, UpstreamError):
            return
        now, before = context.now(), self._walk.edits_at
        tally = Tally(since=now if before is None else before, listed=len(ids), feed=_EDITS)
        if over := len(ids[_EDITS_MOST:]):
            tally.skipped["budget"] += over
        documents, seen = await self._judge(context, answers, tally)
        tally.overlap = None if before is None else tally.known
        coverage = [tally.event(context.name, now)]
        if before is not None and now - before > max(_EDITS_KEPT, 2 * self._settings.poll_seconds):
            coverage.insert(0, CoverageEvent(context.name, before, now, blind="gap", feed=_EDITS))
            self._walk.read_again(self._walk.place_at(before - _EDITABLE), below, before, now)
        self._walk.edits_at = now
        await context.emit(documents, coverage=coverage, seen=seen, cursor=self._walk.save())

    async def _read_again(self, context: SourceContext) -> None:
        """After a gap in the list of changes: what could have been changed in it, which repairs the gap."""
        while (again := self._walk.again) is not None and context.now() <= self._feed.due:
            if context.stop.is_set():
                return
            ids = range(again.next, min(again.next + _BATCH, again.end))
            answers = await self._ask(context, [i for i in ids if i not in self._walk.waiting])
            _refuse_silence(answers)
            now = context.now()
            tally = Tally(since=now, feed=_EDITS)
            documents, seen = await self._judge(context, answers, tally)
            tally.known = 0  # nothing was listed
            coverage = [tally.event(context.name, now)] if tally.fetched or tally.skipped else []
            done = ids.stop >= again.end
            self._walk.again = None if done else replace(again, next=ids.stop)
            if done:
                repairs = f"{context.name} {_EDITS}"
                coverage.append(CoverageEvent(context.name, again.since, again.until, repairs=repairs))
            await context.emit(documents, coverage=coverage, seen=seen, cursor=self._walk.save())

    # -- both

    async def _judge(
        self, context: SourceContext, answers: _Answers, tally: Tally
    ) -> tuple[list[Document], list[bytes]]:
        """The documents of what is new, and the keys that name them. The rest is counted or waits."""
        found: dict[bytes, Item] = {}
        for number, answer in answers.items():
            if isinstance(answer, Item):
                self._walk.settled(number)
                found[answer.key] = answer
                continue
            reason = "gone" if answer is None else answer.reason
            if given_up := self._walk.later(number, reason, context.now()):
                tally.skipped[given_up] += 1
        unseen = await context.state.unseen(context.name, list(found))
        fresh = {key: entry for key, entry in found.items() if key in unseen}
        tally.known += len(found) - len(fresh)
        tally.skipped.update(entry.state for entry in fresh.values() if entry.state)
        told = [_document(context, entry) for entry in fresh.values() if entry.content]
        tally.fetched += len(told)
        times = [entry.at for entry in found.values() if tally.listed and entry.at is not None]
        tally.oldest, tally.newest = min(times, default=None), max(times, default=None)
        for entry in found.values():
            outcome = Outcome.FETCHED if entry.content else Outcome.SKIPPED
            tally.note(item(_FORGE, entry.author, entry.at, outcome))
        return told, list(fresh)

    async def _ask(self, context: SourceContext, ids: Sequence[int]) -> _Answers:
        """What the API says of each, or why it says nothing. Raises Limited, Stopping."""
        answers = await asyncio.gather(
            *(self._item(context, number) for number in ids), return_exceptions=True
        )
        told: dict[int, _Answer] = {}
        for number, answer in zip(ids, answers, strict=True):
            if isinstance(answer, BaseException) and not isinstance(answer, UpstreamError):
                raise answer
            told[number] = answer
        return told

    async def _item(self, context: SourceContext, number: int) -> Item | None:
        raw = _read(await self._get(context, f"item/{number}"))
        if raw is None:
            return None
        found = parse(raw, number)
        if found is None:
            raise Unavailable("bad_shape")
        return found

    async def _get(self, context: SourceContext, path: str) -> bytes:
        url = f"{self._settings.base_url}/v0/{path}.json"
        return (await self._upstream.get(context, url, max_bytes=_ITEM_BYTES)).body


def _refuse_silence(answers: _Answers) -> None:
    """Raises UpstreamError when there was no answer for any of them: then it is not the items' fault."""
    failed = [answer for answer in answers.values() if isinstance(answer, UpstreamError)]
    if failed and len(failed) == len(answers):
        raise failed[0]


def _read(body: bytes) -> object:
    """The JSON. Raises Unavailable."""
    try:
        return orjson.loads(body)
    except ValueError:
        raise Unavailable("bad_shape") from None


def _document(context: SourceContext, found: Item) -> Document:
    return Document(
        source=context.name,
        id=f"{found.id}@{found.revision}",
        content=found.content,
        fetched_at=context.now(),
        published_at=found.at,
        blob_sha=blob_sha(found.content),
        provenance=Provenance(
            forge=_FORGE,
            owner=found.author,
            url=f"https://{_FORGE}/item?id={found.id}",
            title=found.title,
            author=found.author,
        ),
    )


def _build(settings: Settings, tools: Tools) -> HackerNews:
    budget = tools.http.budget(
        settings.base_url,
        "address",  # no credential
        interval=1.0 / settings.requests_per_second,
        concurrency=settings.concurrency,
    )
    return HackerNews(settings, Upstream(tools.http, tools.metrics, budget))


PLUGIN = SourcePlugin(Settings, _build, "Hacker News: every story and comment (no credential)")
