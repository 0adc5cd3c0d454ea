"""The reading of one archived hour, from the line where the last try was broken off.

A batch of lines is handed over in this order: texts and requests to the bus, the events' keys to the set of what was read, the
line and the counts to the cursor. What is killed in between repeats one batch at most, and its events are known by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Final

from monitor.collectors.archive.agenda import Job
from monitor.collectors.archive.fetch import ArchivePlace
from monitor.collectors.archive.hour import BadHour, HourFile, HourLimits, Manifest
from monitor.collectors.archive.sieve import HANDED_ON, Found, Policy, Sieve, Span
from monitor.collectors.base import SourceContext, Stopping
from monitor.collectors.github import event as github_event
from monitor.contracts import CoverageEvent, Document, Request
from monitor.coverage.items import Item, Outcome, item, pack
from monitor.watching import Watching

READ_BY: Final = (
    "github_events"  # the source whose seen set is shared: an event is read once, whoever brings it
)
_BATCH: Final = 500  # events, or so many bytes or lines, that are handed over at once
_BATCH_BYTES: Final = 4 * 1024 * 1024
_BATCH_LINES: Final = 20_000


class HourReader:
    """For one task. `save` makes the job's progress durable; `pace` is the most lines a second."""

    def __init__(
        self,
        policy: Policy,
        watch: Watching,
        *,
        limits: HourLimits,
        pace: float,
        save: Callable[[SourceContext], Awaitable[None]],
    ) -> None:
        self._policy = policy
        self._watch = watch
        self._limits = limits
        self._pace = pace
        self._save = save

    async def read(
        self,
        context: SourceContext,
        job: Job,
        spans: Mapping[str, Span],
        place: ArchivePlace,
        manifest: Manifest | None,
    ) -> int:
        """Everything behind the job's line; how many lines the file has. Raises Limited, Unavailable, Refused, BadHour, Stopping: then
        the job stands at the last line that was handed over.
        """
        file = HourFile(self._limits)
        # the job's own counts stay those of its line
        sieve = Sieve(deepcopy(job.tallies), spans, self._policy, self._watch)
        batch: list[Found] = []
        size = 0
        async with place.file(context, job.hour) as chunks:
            async for chunk in chunks:
                for number, line in file.feed(chunk):
                    if number <= job.line:
                        if number == job.line and file.mark(line) != job.mark:
                            raise BadHour("changed")
                        continue
                    found = sieve.take(line)
                    if found is not None:
                        batch.append(found)
                        size += len(line)
                    if len(batch) >= _BATCH or size >= _BATCH_BYTES or number - job.line >= _BATCH_LINES:
                        await self._hand_over(context, job, place.name, sieve, batch)
                        await self._stand_at(context, job, sieve, number, file.mark(line))
                        batch, size = [], 0
                await asyncio.sleep(0)  # a fast server must not keep the others from their turn
        last = list(file.finish(manifest))
        if file.lines < job.line:
            raise BadHour("changed")
        found_last = (sieve.take(line) for number, line in last if number > job.line)
        batch += [found for found in found_last if found is not None]
        await self._hand_over(context, job, place.name, sieve, batch)
        job.tallies = sieve.tallies
        if sieve.bad:
            context.dropped("bad_event", sieve.bad)
        if file.too_long:
            context.dropped("line_too_long", file.too_long)
        return file.lines

    async def _hand_over(
        self, context: SourceContext, job: Job, feed: str, sieve: Sieve, batch: Sequence[Found]
    ) -> None:
        new = await self._new(context, sieve, batch)
        documents: dict[str, Document] = {}
        requests: dict[str, Request] = {}
        items: list[Item] = []
        forge, now = self._policy.forge, context.now()
        for found in new:
            event, outcome = found.event, Outcome.SKIPPED
            if found.reason == HANDED_ON:
                outcome = Outcome.LISTED
                target = f"https://{forge}/{event.repository}.git"
                requests[target] = Request("sweep", "git", target, now, f"{context.name}: {event.type}")
            elif not found.reason:
                outcome = Outcome.FETCHED
                texts = github_event.documents(event, source=context.name, forge=forge, now=now)
                documents.update((document.id, replace(document, history=True)) for document in texts)
            items.append(item(forge, event.repository, event.created_at, outcome))
        if items:
            # names only: the counts follow when the file has proved to be whole
            named = CoverageEvent(context.name, job.since, job.until, feed=feed, items=pack(items))
            await context.emit(list(documents.values()), requests=list(requests.values()), coverage=[named])
            await context.state.mark_seen(READ_BY, [f.event.key for f in new if not f.reason])

    async def _stand_at(self, context: SourceContext, job: Job, sieve: Sieve, line: int, mark: str) -> None:
        """Everything up to `line` is dealt with. Raises Stopping: then the next run goes on there."""
        pause = (line - job.line) / self._pace
        job.line, job.mark, job.tallies = line, mark, deepcopy(sieve.tallies)
        await self._save(context)
        if not job.trouble:
            context.healthy()  # a file takes its time
        if await context.sleep(pause):
            raise Stopping

    async def _new(self, context: SourceContext, sieve: Sieve, batch: Sequence[Found]) -> list[Found]:
        """Those that nobody has read, each once. All are counted."""
        unseen = await context.state.unseen(READ_BY, [f.event.key for f in batch]) if batch else set()
        new = []
        for found in batch:
            known = found.event.key not in unseen
            unseen.discard(found.event.key)  # a file may hold it twice
            sieve.settle(found, known=known)
            if not known:
                new.append(found)
        return new
