"""One paste site at work: its list polled, its items fetched, its coverage told. For one task."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import orjson
from yarl import URL

from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.feed import Feed
from monitor.collectors.paste import item as paste_item
from monitor.collectors.paste import listing as paste_list
from monitor.collectors.paste.item import AGAIN, Text, Verdict
from monitor.collectors.paste.listing import Entry, Listing, Unreadable
from monitor.collectors.paste.site import SiteSettings
from monitor.collectors.shapes import integer
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable, Upstream
from monitor.contracts import Document, Provenance
from monitor.coverage.items import Outcome, item
from monitor.http import Failure, Response, Validators
from monitor.identity import blob_sha

_MIB: Final = 1024 * 1024
_TRIES: Final = 5  # the last one a quarter of an hour after the first
_AGAIN_SECONDS: Final = 60.0
_WAITING: Final = 1000  # items in memory; a site that lists more at once is read as far as this goes
_EMPTY_POLLS: Final = 3  # lists in a row without a single item are trouble: the page looks different now
_NO_ITEMS: Final = "no_items"
_UNAVAILABLE: Final = "unavailable"
# What may be the server's trouble and not the item's.
_LATER: Final = frozenset({*AGAIN, Verdict.BAD_SHAPE, _UNAVAILABLE, Failure.TOO_LARGE.value})
_GONE: Final = frozenset({404, 410})


@dataclass(slots=True)
class _Waiting:
    """An item that is not read yet."""

    entry: Entry
    tries: int = 0
    not_before: float = 0.0


class SiteWork:
    """`asker(url)` gives the Upstream of the host that the URL is on."""

    def __init__(
        self,
        name: str,
        settings: SiteSettings,
        asker: Callable[[str], Upstream],
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.name = name
        self._settings = settings
        self._asker = asker
        self._draw = draw
        self._feed = Feed(name)
        self._forge = settings.forge or URL(settings.list_url).host or name
        self._waiting: dict[bytes, _Waiting] = {}  # in the order listed, oldest first
        self._longest = 0  # list so far
        self._items_from = 0.0  # when the host of the items lets us ask again
        self._empty = 0  # lists in a row without an item

    async def run(self, context: SourceContext) -> None:
        """Until `context.stop` is set."""
        self._restore(await context.state.cursor(context.name, self.name))
        while not context.stop.is_set():
            if self._feed.due <= context.now():
                await self._poll(context)
            await self._work(context)
            if await context.sleep(self._next(context.now()) - context.now()):
                return

    def _next(self, now: float) -> float:
        ready = (waiting.not_before for waiting in self._waiting.values() if waiting.not_before > now)
        limited = [self._items_from] if self._waiting and self._items_from > now else []
        return min([self._feed.due, *ready, *limited])

    def _save(self) -> str:
        return orjson.dumps({**orjson.loads(self._feed.save()), "longest": self._longest}).decode()

    def _restore(self, saved: str | None) -> None:
        self._feed.restore(saved)
        self._feed.validators = Validators()  # what waited is only in a list that is read again
        self._longest = integer(orjson.loads(saved), "longest") or 0 if saved else 0

    async def _poll(self, context: SourceContext) -> None:
        try:
            listing = await self._list(context)
        except (Limited, Unavailable, Refused) as error:
            self._feed.failed(context, error, self._settings.poll_seconds, self._draw())
            await context.emit()
            return
        now = context.now()
        self._feed.answered(now + self._settings.poll_seconds)
        if listing is None or listing.entries:
            self._empty = self._empty + 1 if listing is None and self._empty else 0
        else:
            self._empty += 1
        if self._empty >= _EMPTY_POLLS:
            context.failing(_NO_ITEMS)
        else:
            context.healthy()
        await self._take(context, listing or Listing(()), now)

    async def _list(self, context: SourceContext) -> Listing | None:
        """None = unchanged since the last poll. Raises what Upstream raises, Refused also for what is no list."""
        url = self._settings.list_url
        answer = await self._asker(url).get(
            context,
            url,
            validators=self._feed.validators,
            max_bytes=int(self._settings.max_list_mib * _MIB),
        )
        if answer.status == 304:
            return None
        if (error := paste_item.error_in(self._settings, answer.body)) is not None:
            raise Refused(error.value)
        kind = answer.headers.get("Content-Type", "")
        try:
            listing = await asyncio.to_thread(paste_list.read, self._settings, answer.body, kind)
        except Unreadable as unread:
            raise Refused(unread.reason) from None
        self._feed.validators = answer.validators
        return listing

    async def _take(self, context: SourceContext, listing: Listing, now: float) -> None:
        """Count the poll; what is new waits for its turn."""
        if listing.unusable:
            context.dropped("bad_paste", listing.unusable)
        entries = {entry.digest(self.name): entry for entry in reversed(listing.entries)}
        unseen = await context.state.unseen(context.name, list(entries)) - self._waiting.keys()
        times = [entry.published_at for entry in entries.values() if entry.published_at is not None]
        # as long as it ever was: what is older has been pushed out. One that was empty until now cannot have lost anything
        full = 0 < (self._settings.limit or self._longest) <= len(entries)
        self._longest = max(self._longest, len(entries))
        known = len(entries) - len(unseen)
        tally, gap = self._feed.tally(context.name, len(entries), known, times, now, full=full)
        for digest, entry in entries.items():
            if digest in unseen:
                self._waiting[digest] = _Waiting(entry)
                self._note(tally, entry, Outcome.LISTED)
        over = list(self._waiting)[: max(0, len(self._waiting) - _WAITING)]
        for digest in over:
            del self._waiting[digest]
        if over:
            tally.skipped["budget"] += len(over)
        self._feed.advance(now, times)
        # what waits is not seen yet: after a crash the list still shows it
        await context.emit(
            coverage=[*gap, tally.event(context.name, now)],
            seen=over,
            cursor=self._save(),
            cursor_name=self.name,
        )

    async def _work(self, context: SourceContext) -> None:
        """Read what waits, newest first, until the next poll is due."""
        if context.now() < self._items_from:
            return
        tally = Tally(since=context.now(), feed=self.name)
        for digest, waiting in reversed(list(self._waiting.items())):
            if context.now() >= self._feed.due or context.stop.is_set():
                break
            if waiting.not_before > context.now():
                continue
            try:
                verdict, texts = await self._read(context, waiting.entry)
            except Limited as error:
                self._items_from = context.now() + error.retry_after  # the list may be on another host
                break
            if verdict in _LATER and waiting.tries + 1 < _TRIES:
                wait = context.now() + _AGAIN_SECONDS * 2**waiting.tries
                self._waiting[digest] = replace(waiting, tries=waiting.tries + 1, not_before=wait)
                continue
            if texts:
                tally.fetched += 1
            else:
                tally.skipped[str(verdict)] += 1  # a word, not an enum's member: it goes into JSON as a key
            self._note(tally, waiting.entry, Outcome.FETCHED if texts else Outcome.SKIPPED)
            await context.emit(self._documents(context, waiting.entry, texts), seen=[digest])
            del self._waiting[digest]
        if tally.fetched or tally.skipped:
            await context.emit(coverage=[tally.event(context.name, context.now())])

    async def _read(self, context: SourceContext, entry: Entry) -> tuple[str, Sequence[Text]]:
        """(Verdict or the reason why there is none, the texts). Raises Limited, Stopping."""
        if entry.text is not None:
            return paste_item.inline(entry)
        limit = int(self._settings.max_item_mib * _MIB)
        if entry.size is not None and entry.size > limit:
            return "too_large", ()
        url = paste_item.address(self._settings, entry)
        if not url:
            return "foreign_address", ()
        try:
            answer: Response = await self._asker(url).get(context, url, max_bytes=limit)
        except Unavailable:
            return _UNAVAILABLE, ()
        except Refused as error:
            return ("gone" if error.status in _GONE else error.reason), ()
        kind = answer.headers.get("Content-Type", "")
        return await asyncio.to_thread(paste_item.read, self._settings, answer.body, kind)

    def _note(self, tally: Tally, entry: Entry, outcome: Outcome) -> None:
        if entry.author:
            tally.note(item(self._forge, entry.author, entry.published_at, outcome))

    def _documents(self, context: SourceContext, entry: Entry, texts: Sequence[Text]) -> list[Document]:
        where = Provenance(
            forge=self._forge,
            owner=entry.author,
            url=paste_item.place(self._settings, entry) or paste_item.address(self._settings, entry),
            title=entry.title,
            author=entry.author,
            author_email=entry.author_email,
        )
        named = f"{self.name}:{entry.id}" + (f"@{entry.version}" if entry.version else "")
        return [
            Document(
                source=context.name,
                id=f"{named}/{number}" if len(texts) > 1 else named,
                content=part.content,
                fetched_at=context.now(),
                published_at=entry.published_at,
                blob_sha=blob_sha(part.content),
                provenance=replace(where, path=part.name),
            )
            for number, part in enumerate(texts)
        ]
