"""The collector stage: every enabled source in its own task, so that a dead one never slows another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from monitor.aio import cancel, sleep_until, spawn
from monitor.bus.base import Producer
from monitor.collectors.base import CollectorState, Source, Stopping
from monitor.collectors.context import STAGE, Context
from monitor.metrics import Metrics
from monitor.watching import Watching

_GRACE: Final = 10.0


class SourceCrashed(Exception):
    """A source ended by an error of its own making; `__cause__` has it. The stage ends with it."""

    def __init__(self, source: str, error: BaseException) -> None:
        super().__init__(f"source {source} crashed: {type(error).__name__}")
        self.source = source


class CollectorService:
    """Runs sources until told to stop. `sources` maps the config's name to a built source.

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
        clock: Callable[[], float] = time.time,
        sleep: Callable[[asyncio.Event, float], Awaitable[bool]] = sleep_until,
        grace: float = _GRACE,
    ) -> None:
        self._sources = dict(sources)
        self._grace = grace
        self._stop = asyncio.Event()
        self._running = False
        self._contexts = {
            name: Context(
                name,
                stop=self._stop,
                state=state,
                producer=producer,
                metrics=metrics,
                watch=watch,
                clock=clock,
                sleep=sleep,
            )
            for name in self._sources
        }
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
            spawn(source.run(self._contexts[name]), name=f"source:{name}"): name
            for name, source in self._sources.items()
        }
        watch = spawn(stop.wait(), name="collectors:stop")
        self._running = True
        crashed: SourceCrashed | None = None
        try:
            pending = set(tasks)
            while pending and crashed is None and not stop.is_set():
                await asyncio.wait({*pending, watch}, return_when=asyncio.FIRST_COMPLETED)
                crashed = _first_crash(tasks)
                pending = {task for task in pending if not task.done()}
            self._stop.set()
            if pending:
                await asyncio.wait(pending, timeout=self._grace)
        finally:
            self._running = (
                crashed is None and not stop.is_set()
            )  # sources with an end that reached it are no fault
            self._stop.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await cancel(watch)
        crashed = crashed or _first_crash(tasks)  # one that crashed while it was stopping
        if crashed is not None:
            raise crashed


def _first_crash(tasks: Mapping[asyncio.Task[None], str]) -> SourceCrashed | None:
    for task, name in tasks.items():
        error = task.exception() if task.done() and not task.cancelled() else None
        if error is not None and not isinstance(error, Stopping):
            crash = SourceCrashed(name, error)
            crash.__cause__ = error
            return crash
    return None
