"""The collector stage: every enabled source in its own task, so that a dead one never slows another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from types import MappingProxyType
from typing import Final

from monitor.aio import cancel, sleep_until, spawn
from monitor.bus.base import Producer
from monitor.collectors.base import CollectorState, Source, Stopping
from monitor.collectors.context import STAGE, Context
from monitor.collectors.leasing import Leases
from monitor.metrics import Metrics
from monitor.metrics.objectives import FRESH_POLLS, FRESH_SECONDS
from monitor.watching import Watching

_GRACE: Final = 10.0
_LOOK: Final = 2.0  # seconds between two looks at who shares the sources


class SourceCrashed(Exception):
    """A source ended by an error of its own making; `__cause__` has it. The stage ends with it."""

    def __init__(self, source: str, error: BaseException) -> None:
        super().__init__(f"source {source} crashed: {type(error).__name__}")
        self.source = source


class CollectorService:
    """Runs sources until told to stop. `sources` maps the config's name to a built source.

    With `leases` other collectors may run some of the sources: all but those that are `alone`, which every collector runs. `rhythms`:
    seconds between two good answers, of the sources that have such. `traced`: each document has a log
    line.
    `clock` gives epoch seconds; `sleep` waits for seconds or an event (tests put their own time there).
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        producer: Producer,
        state: CollectorState,
        metrics: Metrics,
        *,
        watch: Watching | None = None,
        leases: Leases | None = None,
        alone: Collection[str] = (),
        rhythms: Mapping[str, float] = MappingProxyType({}),
        traced: bool = False,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[asyncio.Event, float], Awaitable[bool]] = sleep_until,
        grace: float = _GRACE,
    ) -> None:
        self._sources = dict(sources)
        self._grace = grace
        self._leases = leases
        self._leased = frozenset(sources) - frozenset(alone) if leases is not None else frozenset()
        self._sleep = sleep
        self._stop = asyncio.Event()
        self._running = False
        self._mine: set[str] = set()  # leased sources that run here
        self._contexts = {
            name: Context(
                name,
                stop=asyncio.Event(),
                state=state,
                producer=producer,
                metrics=metrics,
                watch=watch,
                clock=clock,
                sleep=sleep,
                traced=traced,
            )
            for name in self._sources
        }
        for name, seconds in rhythms.items():
            metrics.source_last_success.labels(name)  # 0 until then: it was never fresh
            metrics.freshness_limit.labels(name).set(max(FRESH_SECONDS, FRESH_POLLS * seconds))
        metrics.ready.labels(STAGE).set_function(lambda: 0.0 if self.not_ready else 1.0)

    @property
    def not_ready(self) -> tuple[str, ...]:
        """Why the stage cannot do its work, one sentence each; empty = ready. A source's own trouble is no reason."""
        reasons = () if self._running else ("the collectors are not running",)
        blocked = (
            f"{name} cannot hand over: {context.blocked}"
            for name, context in self._contexts.items()
            if context.blocked
        )
        return (*reasons, *blocked)

    @property
    def troubled(self) -> dict[str, str]:
        """Source -> why it sees nothing now. For the console and `leakstream doctor`."""
        return {name: context.trouble for name, context in self._contexts.items() if context.trouble}

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set or every source has ended by itself. Raises SourceCrashed; then all others were stopped.

        After `stop` the sources have `grace` seconds to finish what is under way; then they are cancelled, which loses nothing
        since cursors only move after the bus has the documents.
        """
        tasks = {
            spawn(self._run(name, source), name=f"source:{name}"): name
            for name, source in self._sources.items()
        }
        sharing = spawn(self._share(), name="collectors:share")
        watch = spawn(stop.wait(), name="collectors:stop")
        self._running = True
        crashed: SourceCrashed | None = None
        try:
            pending = set(tasks)
            while pending and crashed is None and not stop.is_set():
                await asyncio.wait({*pending, watch}, return_when=asyncio.FIRST_COMPLETED)
                crashed = _first_crash(tasks)
                pending = {task for task in pending if not task.done()}
            self._end()
            if pending:
                await asyncio.wait(pending, timeout=self._grace)
        finally:
            self._running = (
                crashed is None and not stop.is_set()
            )  # sources with an end that reached it are no fault
            self._end()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await cancel(watch, sharing)
            for context in self._contexts.values():
                await context.close()
        crashed = crashed or _first_crash(tasks)  # one that crashed while it was stopping
        if crashed is not None:
            raise crashed

    def _end(self) -> None:
        self._stop.set()
        for context in self._contexts.values():
            context.stop.set()

    async def _run(self, name: str, source: Source) -> None:
        """The source for as long as it is this collector's. Waits for its lease where it has one."""
        context, leases = self._contexts[name], self._leases
        if leases is None or name not in self._leased:
            await source.run(context)
            return
        while not self._stop.is_set():
            if len(self._mine) >= leases.fair_share(len(self._leased)) or not leases.take(name):
                await self._sleep(self._stop, _LOOK)
                continue
            self._mine.add(name)
            try:
                await source.run(context)
            except Stopping:
                pass  # what was under way comes again, here or where the source goes
            finally:
                self._mine.discard(name)
                leases.release(name)
            if not context.stop.is_set():
                return  # it has an end, and reached it
            if not self._stop.is_set():  # it is another's now
                context.stop.clear()
                await context.hand_over()
                await self._sleep(self._stop, 2 * _LOOK)

    async def _share(self) -> None:
        """Give one of ours away while we have more than our share."""
        while self._leases is not None and not self._stop.is_set():
            if len(self._mine) > self._leases.fair_share(len(self._leased)):
                given = self._contexts[min(self._mine)]
                if not any(self._contexts[name].stop.is_set() for name in self._mine):
                    given.stop.set()
            await self._sleep(self._stop, _LOOK)


def _first_crash(tasks: Mapping[asyncio.Task[None], str]) -> SourceCrashed | None:
    for task, name in tasks.items():
        error = task.exception() if task.done() and not task.cancelled() else None
        if error is not None and not isinstance(error, Stopping):
            crash = SourceCrashed(name, error)
            crash.__cause__ = error
            return crash
    return None
