"""Working off the pushes that a feed named: each resolved to its documents, as far as the budget goes, and what is ours beyond it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import orjson

from monitor.aio import cancel, spawn
from monitor.budget import Limited
from monitor.collectors.base import SourceContext
from monitor.collectors.github.api import GitHub
from monitor.collectors.github.push import Push, PushResolver, skip_reason
from monitor.collectors.github.queue import PushQueue, Rank
from monitor.collectors.outage import Outage
from monitor.collectors.share import Share
from monitor.collectors.tally import Tally
from monitor.collectors.upstream import Refused, Unavailable
from monitor.coverage.items import Outcome, item
from monitor.metrics import Metrics

_TRIES: Final = 3  # of one push, over cycles
_CURSOR: Final = "backlog"


@dataclass(frozen=True, slots=True)
class Pace:
    """`per_minute` requests of each credential, `concurrency` pushes of each at the same time; `pause` seconds after a refused credential."""

    per_minute: int
    concurrency: int
    pause: float


class PushWork:
    """The backlog of one source and those who work on it. For one task."""

    def __init__(
        self,
        github: GitHub,
        resolver: PushResolver,
        queue: PushQueue,
        pace: Pace,
        metrics: Metrics,
        outage: Outage,
    ) -> None:
        self.queue = queue
        self._github = github
        self._resolver = resolver
        self._pace = pace
        self._metrics = metrics
        self._outage = outage
        self._share = Share(github.accounts, pace.per_minute * github.accounts.count)
        self._tally = Tally(0.0)
        self._again: dict[bytes, Push] = {}

    async def restore(self, context: SourceContext) -> None:
        """What waited at the last stop and has not been read since."""
        self.queue.restore(orjson.loads(await context.state.cursor(context.name, _CURSOR) or "[]"))
        waiting = self.queue.keys()
        self.queue.forget(set(waiting) - await context.state.unseen(context.name, waiting))

    async def save(self, context: SourceContext) -> None:
        """Before the feed's cursor: once that is saved, nobody lists these pushes again."""
        await context.emit(cursor=orjson.dumps(self.queue.plain()).decode(), cursor_name=_CURSOR)

    async def work(self, context: SourceContext, until: float, *, polls: int) -> None:
        """Resolve pushes until `until` (epoch seconds), or until this cycle's share of the requests is spent, of which `polls` went to
        polls. Raises Stopping.
        """
        if not self.queue:
            return
        self._tally = Tally(since=context.now())
        self._share.begin(until - context.now(), reserve=polls)
        workers = [
            spawn(self._worker(context, until), name=f"{context.name}:push")
            for _ in range(self._pace.concurrency * self._github.accounts.count)
        ]
        try:
            for worker in workers:
                await worker
        finally:
            await cancel(*workers)
        self._share.end()
        for key, push in self._again.items():
            self.queue.add(key, push, again=True)
        self._again.clear()
        over = self.queue.trim()
        for _, push in over:
            self._end(push, "budget")
        for rank, size in self.queue.sizes():
            self._metrics.source_backlog.labels(context.name, rank.name.lower()).set(size)
        await self.save(context)
        # `expected` counted these when they were listed
        event = self._tally.event(context.name, context.now())
        await context.emit(coverage=[event], seen=[key for key, _ in over])

    async def _worker(self, context: SourceContext, until: float) -> None:
        while (rank := self.queue.first()) is not None:
            if context.now() >= until or context.stop.is_set():
                return
            if self._share.spent and rank is not Rank.WATCHED:
                return
            key, push = self.queue.pop()
            before = self._github.accounts.asked
            try:
                await self._one(context, key, push)
            except Limited:
                self._again[key] = push
                return
            finally:
                spent = self._github.accounts.asked - before
                self._metrics.source_budget.labels(context.name, rank.name.lower()).inc(spent)

    async def _one(self, context: SourceContext, key: bytes, push: Push) -> None:
        """Raises Limited: nothing more can be asked now."""
        try:
            resolved = await self._resolver.resolve(context, push)
        except Unavailable as error:
            if not await self._outage.over(context, error.reason):
                self._again[key] = push  # no fault of this push
            elif push.tries + 1 < _TRIES:
                self._again[key] = push.again()
            else:
                self._end(push, "unavailable")
                await context.emit(seen=[key])
        except Refused as error:
            if error.status == 401:
                # our credential is refused, not this push: no verdict on it, and nothing more to ask in this cycle
                raise Limited(self._pace.pause) from None
            if error.status == 0 and not await self._outage.over(context, error.reason):
                self._again[key] = push  # what is too large for this push was too large for all
                return
            self._end(push, skip_reason(error))
            await context.emit(seen=[key])
        else:
            self._end(push)
            for why, count in resolved.skipped.items():
                context.dropped(why, count)
            await context.emit(resolved.documents, seen=[key])

    def _end(self, push: Push, reason: str = "") -> None:
        """Without a reason it was read."""
        if reason:
            self._tally.skipped[reason] += 1
        else:
            self._tally.fetched += 1
        outcome = Outcome.SKIPPED if reason else Outcome.FETCHED
        self._tally.note(item(self._github.forge, push.repository, push.published_at, outcome))
