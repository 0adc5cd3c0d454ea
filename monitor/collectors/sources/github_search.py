"""GitHub's code search for our names: files in anybody's repositories that mention a watched domain or organisation, or what a query says.

A query is asked every few hours, all its pages; a file that was not dealt with in this state is fetched once per blob, from whichever
repository it stands in, and every further place is told. The index holds default branches only and its order is nobody's: what is beyond
1,000 results cannot be had and is counted. A query with files that wait for their turn is asked again after a restart.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Self

from pydantic import Field, StringConstraints, model_validator

from monitor.budget import Limited
from monitor.collectors.base import SourceContext, SourcePlugin
from monitor.collectors.feed import Feed
from monitor.collectors.github.api import GitHub, GitHubSettings
from monitor.collectors.github.push import skip_reason
from monitor.collectors.github.search_api import PAGES, QUERY_CHARACTERS, CodeSearch, Hit, queries
from monitor.collectors.outage import Outage
from monitor.collectors.share import Share
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable
from monitor.collectors.worth import no_text
from monitor.contracts import Document, Provenance
from monitor.coverage.items import Outcome, item
from monitor.tools import Tools
from monitor.watching import Watching

_TRIES: Final = 3
_TIMED_OUT_SECONDS: Final = 900.0  # the server gave up on a query: it is asked again soon
_LONGEST_WAIT: Final = 60.0


class Settings(GitHubSettings):
    """[sources.github_search]"""

    queries: tuple[
        Annotated[str, StringConstraints(min_length=1, max_length=QUERY_CHARACTERS, pattern=r"^[^\r\n]+$")],
        ...,
    ] = Field((), description="further queries in GitHub's syntax, each with at least one term")
    watched_names: bool = Field(
        default=True, description="search for the domains and organisations of [watch], each as a query"
    )
    exclude_own: bool = Field(
        default=True, description="leave out the repositories of the organisations of [watch]"
    )
    poll_hours: float = Field(6.0, gt=0, description="time between two passes of one query")
    pages: int = Field(PAGES, ge=1, le=PAGES, description="most pages of 100 read of a query")
    requests_per_minute: int = Field(30, ge=1, le=900, description="most requests a minute spent on files")
    backlog: int = Field(2000, ge=1, le=20_000, description="most files that wait for their turn")

    @model_validator(mode="after")
    def _needs_a_token(self) -> Self:
        if self.token is None and self.token_file is None:
            raise ValueError("code search needs a token: give token or token_file")
        return self

    @property
    def rhythm(self) -> float | None:
        return self.poll_hours * 3600.0


@dataclass(slots=True)
class _Search:
    """A query and where it stands. `name` is its cursor's, and in the ledger."""

    query: str
    feed: Feed = field(default_factory=Feed)
    timed_out: bool = False  # its last pass was not whole

    @property
    def name(self) -> str:
        return f"search:{hashlib.blake2b(self.query.encode(), digest_size=6).hexdigest()}"


@dataclass(slots=True)
class _Results:
    """What one pass of a query found. `total` is what the index has; `timed_out` = the server gave up looking."""

    hits: dict[bytes, Hit] = field(default_factory=dict)
    total: int = 0
    timed_out: bool = False


class GithubSearch:
    """The source. For one task."""

    def __init__(
        self,
        settings: Settings,
        github: GitHub,
        search: CodeSearch,
        watch: Watching,
        *,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._github = github
        self._search = search
        self._watch = watch
        self._draw = draw
        ours = watch.organisations_on(github.forge)
        names = [*watch.domains, *ours] if settings.watched_names else []
        wanted, self._long = queries(names, settings.queries, ours if settings.exclude_own else ())
        self._searches = [_Search(query) for query in wanted]
        self._waiting: dict[bytes, Hit] = {}
        self._share = Share(github.accounts, settings.requests_per_minute)
        self._outage = Outage(github.ping, lambda: github.accounts.heard_at)

    async def run(self, context: SourceContext) -> None:
        if self._long:
            context.dropped("query_too_long", len(self._long))
        for search in self._searches:
            search.feed = Feed(search.name)
            search.feed.restore(await context.state.cursor(context.name, search.name))
            if search.feed.polled_at is not None:
                search.feed.due = search.feed.polled_at + self._every
        while not context.stop.is_set():
            for search in self._searches:
                if search.feed.due <= context.now() and not context.stop.is_set():
                    await self._poll(context, search)
            until = min((search.feed.due for search in self._searches), default=context.now() + _LONGEST_WAIT)
            await self._work(context, until)
            wait = until - context.now()
            if await context.sleep(min(wait, _LONGEST_WAIT) if self._waiting else wait):
                return

    @property
    def _every(self) -> float:
        return self._settings.poll_hours * 3600.0

    async def _poll(self, context: SourceContext, search: _Search) -> None:
        """Ask for all results of a query; those that are new wait for their turn."""
        try:
            found = await self._results(context, search.query)
        except Unavailable as error:
            if await self._outage.over(context, error.reason):
                search.feed.failed(context, error, _LONGEST_WAIT, self._draw())
            return
        except Refused as error:
            if error.status != 422:
                search.feed.failed(context, error, _LONGEST_WAIT, self._draw())
                return
            context.dropped("bad_query")  # the fault of this one, not of the server
            search.feed.answered(context.now() + self._every)
            return
        except Limited as error:
            search.feed.failed(context, error, _LONGEST_WAIT, self._draw())
            return
        context.healthy()
        if found.timed_out:
            context.dropped("incomplete_results")
        search.timed_out = found.timed_out
        again = _TIMED_OUT_SECONDS if found.timed_out else self._every
        search.feed.answered(context.now() + again)
        await self._take(context, search, found.hits, found.total)

    async def _results(self, context: SourceContext, query: str) -> _Results:
        found = _Results()
        for number in range(1, self._settings.pages + 1):
            page = await self._search.page(context, query, number)
            if page.strange:
                context.dropped("bad_hit", page.strange)
            # pages shift while they are read: a file may come twice
            found.hits.update((hit.key, hit) for hit in page.hits)
            found.total = max(found.total, page.total)
            found.timed_out |= page.timed_out
            if not page.more:
                break
        return found

    async def _take(
        self, context: SourceContext, search: _Search, hits: dict[bytes, Hit], total: int
    ) -> None:
        now = context.now()
        unseen = await context.state.unseen(context.name, list(hits)) - self._waiting.keys()
        since = now if search.feed.polled_at is None else search.feed.polled_at
        tally = Tally(since=since, listed=len(hits), known=len(hits) - len(unseen), feed=search.name)
        tally.overlap, tally.full = tally.known, total > len(hits)
        if total > len(hits):
            context.dropped("beyond_limit", total - len(hits))  # no page shows them
        for key, hit in hits.items():
            if key in unseen:
                self._waiting[key] = hit
                self._note(tally, hit, Outcome.LISTED)
        over = list(self._waiting)[self._settings.backlog :]
        for key in over:
            self._note(tally, self._waiting.pop(key), Outcome.SKIPPED)
            tally.skipped["budget"] += 1
        search.feed.advance(now, ())
        await context.emit(coverage=[tally.event(context.name, now)], seen=over)
        await self._save(context)

    async def _save(self, context: SourceContext) -> None:
        """A query has been asked when everything it named is dealt with: nothing else remembers what waits."""
        busy = {hit.query for hit in self._waiting.values()}
        busy |= {search.query for search in self._searches if search.timed_out}
        for search in self._searches:
            if search.query not in busy and search.feed.polled_at is not None:
                await context.emit(cursor=search.feed.save(), cursor_name=search.name)

    async def _work(self, context: SourceContext, until: float) -> None:
        """Read files until `until`, or until this cycle's share of the requests is spent."""
        if not self._waiting:
            return
        self._share.begin(min(until - context.now(), _LONGEST_WAIT), reserve=0)
        tally = Tally(since=context.now())
        for hit in list(self._waiting.values()):
            if context.now() >= until or context.stop.is_set() or self._share.spent:
                break
            try:
                await self._one(context, hit, tally)
            except Limited as error:
                context.failing("limited")
                await context.sleep(min(error.retry_after, _LONGEST_WAIT))
                break
        self._share.end()
        await context.emit(coverage=[tally.event(context.name, context.now())])
        await self._save(context)

    async def _one(self, context: SourceContext, hit: Hit, tally: Tally) -> None:
        """Raises Limited: nothing more can be asked now."""
        reason, document = no_text(hit.path), None
        try:
            if not reason:
                document = await self._read(context, hit)
        except (Unavailable, Refused) as error:
            status = error.status if isinstance(error, Refused) else 0
            if status == 401:
                raise Limited(_LONGEST_WAIT) from None
            if status == 0 and not await self._outage.over(context, error.reason):
                return  # no fault of this file
            if isinstance(error, Unavailable) and hit.tries + 1 < _TRIES:
                self._waiting[hit.key] = replace(hit, tries=hit.tries + 1)
                return
            reason = skip_reason(error) if isinstance(error, Refused) else error.reason
            if hit.fragments:  # the lines around what matched are better than nothing
                document = self._document(context, hit, hit.fragments, part="#match")
        if reason:
            tally.skipped[reason] += 1
        else:
            tally.fetched += 1
        self._note(tally, hit, Outcome.SKIPPED if reason else Outcome.FETCHED)
        await context.emit([document] if document else [], seen=[hit.key])
        del self._waiting[hit.key]

    async def _read(self, context: SourceContext, hit: Hit) -> Document:
        """The file, or its place alone when its content was handed in lately."""
        ours = self._watch.is_watched(self._github.forge, hit.repository)
        if not ours and not await context.unknown([hit.blob]):
            return replace(self._document(context, hit, b""), known=True)
        content = await self._github.blob(context, hit.repository, hit.blob)
        return self._document(context, hit, content)

    def _document(self, context: SourceContext, hit: Hit, content: bytes, *, part: str = "") -> Document:
        return Document(
            source=context.name,
            id=f"{hit.repository}:{hit.path}@{hit.blob}{part}",
            content=content,
            fetched_at=context.now(),
            blob_sha="" if part else hit.blob,
            provenance=Provenance(
                forge=self._github.forge,
                repository=hit.repository,
                owner=hit.repository.partition("/")[0],
                url=hit.url(self._github.forge),
                commit=hit.commit,
                path=hit.path,
            ),
        )

    def _note(self, tally: Tally, hit: Hit, outcome: Outcome) -> None:
        tally.note(item(self._github.forge, hit.repository, None, outcome))


def _build(settings: Settings, tools: Tools) -> GithubSearch:
    search = CodeSearch(settings.base_url, settings.secret(), tools)
    return GithubSearch(settings, GitHub(settings, tools), search, tools.watch)


PLUGIN = SourcePlugin(Settings, _build, "GitHub's code search for the watched names")
