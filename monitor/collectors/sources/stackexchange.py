"""Questions, answers and comments of Stack Exchange sites, in the order of their last activity.

Each method of each site is a list that is walked upward from where the last walk ended, less an overlap for what the API's caches
showed late: what is edited comes again, and the seen set tells whether its text is new. The day's quota is spread over the day.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator

from monitor.budget import Limited
from monitor.collectors.apisettings import Address, read_secret
from monitor.collectors.base import SourceContext, SourcePlugin, SourceSettings
from monitor.collectors.feed import Feed
from monitor.collectors.stackexchange.api import LIMITS, REPEAT_SECONDS, Page, StackExchange
from monitor.collectors.stackexchange.post import Post, host_of, parse
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Unavailable, UpstreamError
from monitor.contracts import Document, Provenance
from monitor.coverage.items import Outcome, item
from monitor.identity import blob_sha
from monitor.tools import Tools

_SITE: Final = r"^[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?$"
Method = Literal["questions", "answers", "comments"]


class Settings(SourceSettings):
    """[sources.stackexchange]"""

    base_url: Address = Field("https://api.stackexchange.com/2.3", description="the API with its version")
    sites: tuple[Annotated[str, Field(pattern=_SITE)], ...] = Field(
        ("stackoverflow",), min_length=1, description="names as the API's `site` parameter takes them"
    )
    methods: tuple[Method, ...] = Field(
        ("questions", "answers", "comments"), min_length=1, description="what is read of each site"
    )
    key: SecretStr | None = Field(
        None, description="an application's key: 10,000 requests a day instead of 300"
    )
    key_file: Path | None = Field(None, description="a file that holds the key")
    poll_seconds: float = Field(
        120.0, ge=REPEAT_SECONDS, description="least time between two walks of one list"
    )
    overlap_seconds: int = Field(
        300, ge=0, le=86_400, description="how much of the last walk is listed again"
    )
    first_hours: float = Field(1.0, ge=0, le=24 * 30, description="how far back the first start begins")
    pages: int = Field(10, ge=1, le=100, description="most requests of one walk")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.key is not None and self.key_file is not None:
            raise ValueError("give key or key_file, not both")
        return self

    def secret(self) -> str:
        """The key, "" without one. Reads `key_file`; raises OSError, ValueError when that is empty."""
        return read_secret(self.key, self.key_file, "key")

    @property
    def rhythm(self) -> float | None:
        daily = 300 if self.key is None and self.key_file is None else 10_000  # requests, spent evenly
        return max(self.poll_seconds, 86_400 / daily)


class _List:
    """One method of one site. `feed.newest` is how far it was walked."""

    def __init__(self, site: str, method: str) -> None:
        self.site = site
        self.method = method
        self.feed = Feed(f"{site}/{method}")
        self.behind = False  # the last walk did not come to the end
        self.floor = 0  # what is older is given up

    @property
    def name(self) -> str:
        return self.feed.path


class StackExchangeSource:
    """The source. For one task."""

    def __init__(
        self, settings: Settings, api: StackExchange, *, draw: Callable[[], float] = random.random
    ) -> None:
        self._settings = settings
        self._api = api
        self._draw = draw
        self._lists = [
            _List(site, method)
            for site in dict.fromkeys(settings.sites)
            for method in dict.fromkeys(settings.methods)
        ]
        self._troubles: dict[str, str] = {}

    async def run(self, context: SourceContext) -> None:
        self._api.restore(await context.state.cursor(context.name, LIMITS))
        for entry in self._lists:
            entry.feed.restore(await context.state.cursor(context.name, entry.name))
            entry.feed.due = self._api.asked_at + REPEAT_SECONDS
            if entry.feed.newest is None:
                # kept: however long the first answer takes, nothing after this is left out
                entry.feed.newest = context.now() - self._settings.first_hours * 3600.0
                await context.state.save_cursor(context.name, entry.feed.save(), entry.name)
        while not context.stop.is_set():
            entry = min(self._lists, key=self._due)
            if await context.sleep(self._due(entry) - context.now()):
                return
            await self._walk(context, entry)

    def _due(self, entry: _List) -> float:
        return max(entry.feed.due, self._api.ready_at(entry.method))

    async def _walk(self, context: SourceContext, entry: _List) -> None:
        """List what is new, oldest first, until there is no more or this walk's share of the requests is spent."""
        newest = int(entry.feed.newest or 0.0)
        since = max(entry.floor, newest if entry.behind else newest - self._settings.overlap_seconds)
        spent, number = 0, 1
        entry.behind = True
        try:
            while entry.behind and not context.stop.is_set():
                if spent >= self._settings.pages or self._api.ready_at(entry.method) > context.now():
                    break
                page = await self._api.page(context, entry.site, entry.method, since=since, number=number)
                spent += 1
                last = await self._take(context, entry, page)
                entry.behind = page.more
                if last > since:
                    since, number = last, 1  # not the next page: pages move while they are read
                elif number < self._api.pages:
                    number += 1
                else:
                    context.dropped("over_page_limit")  # of one second
                    entry.floor = since = since + 1
                    number = 1
        except (Limited, UpstreamError) as error:
            self._failed(context, entry, error)
            return
        least = self._settings.poll_seconds if not entry.behind else 0.0
        due = context.now() + max(least, spent * self._api.budget.pace * len(self._lists))
        # with a new day comes a new quota
        renewed = (self._api.budget.reset_at or due) + REPEAT_SECONDS
        entry.feed.answered(max(context.now() + least, min(due, renewed)))

    async def _take(self, context: SourceContext, entry: _List, page: Page) -> int:
        """Hand in what is new on a page. How far it goes, 0 for an empty one. Raises Unavailable when it is not in order."""
        posts = [post for post in (parse(raw, entry.site, entry.method) for raw in page.items) if post]
        times = [float(post.active) for post in posts if post.active]
        if (page.more and not times) or times != sorted(times):
            raise Unavailable("bad_shape")
        self._recovered(context, entry)
        if len(posts) < len(page.items):
            context.dropped("bad_post", len(page.items) - len(posts))
        listed = {post.key: post for post in posts}
        unseen = await context.state.unseen(context.name, list(listed))
        fresh = [post for key, post in listed.items() if key in unseen]
        told = [post for post in fresh if post.content]
        now = context.now()
        known = len(listed) - len(fresh)
        tally, _ = entry.feed.tally(context.name, len(listed), known, times, now, full=False)
        tally.fetched = len(told)
        if len(told) < len(fresh):
            tally.skipped["empty"] += len(fresh) - len(told)
        _note(tally, posts, entry.site)
        entry.feed.advance(now, times)
        await context.emit(
            [_document(context, post, entry.site) for post in told],
            coverage=[tally.event(context.name, now)],
            seen=[post.key for post in fresh],
            cursor=entry.feed.save(),
            cursor_name=entry.name,
        )
        return int(max(times, default=0.0))

    def _failed(self, context: SourceContext, entry: _List, error: Limited | UpstreamError) -> None:
        entry.feed.failed(context, error, self._settings.poll_seconds, self._draw())
        entry.feed.due = max(entry.feed.due, context.now() + REPEAT_SECONDS)
        self._troubles[entry.name] = "limited" if isinstance(error, Limited) else error.reason

    def _recovered(self, context: SourceContext, entry: _List) -> None:
        """The source sees as it should when none of its lists is in trouble."""
        self._troubles.pop(entry.name, None)
        if self._troubles:
            context.failing(next(iter(self._troubles.values())))
        else:
            context.healthy()


def _note(tally: Tally, posts: Sequence[Post], site: str) -> None:
    for post in posts:
        if post.owner:
            outcome = Outcome.FETCHED if post.content else Outcome.SKIPPED
            tally.note(item(host_of(site), post.owner, post.at, outcome))


def _document(context: SourceContext, post: Post, site: str) -> Document:
    return Document(
        source=context.name,
        id=f"{post.name}@{post.revision}",
        content=post.content,
        fetched_at=context.now(),
        published_at=post.at,
        blob_sha=blob_sha(post.content),
        provenance=Provenance(
            forge=host_of(site), owner=post.owner, url=post.url, title=post.title, author=post.author
        ),
    )


def _build(settings: Settings, tools: Tools) -> StackExchangeSource:
    api = StackExchange(
        tools.http, tools.metrics, tools.clock, base_url=settings.base_url, key=settings.secret()
    )
    return StackExchangeSource(settings, api)


PLUGIN = SourcePlugin(Settings, _build, "questions, answers and comments of Stack Exchange sites")
