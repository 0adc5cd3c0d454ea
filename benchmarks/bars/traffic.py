"""A bar's traffic from its first document until everything is worked off: the feed and the faults at once, watched all the time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.bars.fleet import Fleet
from monitor.aio import cancel, spawn

FEED_SECONDS: Final = 600.0
DRAIN_SECONDS: Final = 600.0
QUIET_SECONDS: Final = 5.0
_TOLD_EVERY: Final = 3.0


@dataclass(frozen=True, slots=True)
class Watch:
    """How the traffic is looked at. `left` is empty of work when every value is 0; `said` is what else is worth a word of progress;
    `ended` says whether to go on although a process ended by itself. `quiet_seconds`: how long nothing must be left.
    """

    left: Callable[[], Awaitable[Mapping[str, int]]]
    down: Callable[[], frozenset[str]]
    said: Callable[[], str]
    ended: Callable[[], bool]
    every: float = 0.2  # seconds
    feed_seconds: float = FEED_SECONDS
    drain_seconds: float = DRAIN_SECONDS
    quiet_seconds: float = QUIET_SECONDS


async def until_drained(fleet: Fleet, watch: Watch, **work: Coroutine[Any, Any, None]) -> dict[str, Any]:
    """Until `work` is done and everything is drained and has stayed so, or the time is over, or a process ended by itself. Raises what
    `work` raises.
    """
    async with AsyncExitStack() as stack:
        tasks = [spawn(job, name=name) for name, job in work.items()]
        stack.push_async_callback(cancel, *tasks)
        began = time.monotonic()
        fed, quiet_since, told = 0.0, began, 0.0
        while True:
            await asyncio.sleep(watch.every)
            fleet.look(down=watch.down())
            for task in tasks:
                if task.done():
                    task.result()
            now = time.monotonic()
            if not fed and all(task.done() for task in tasks):
                fed = now
            left = await watch.left()
            if not fed or any(left.values()):
                quiet_since = now
            if now - told > _TOLD_EVERY:
                told = now
                print(f"    {now - began:4.0f} s: left {dict(left)}, {watch.said()}", flush=True)
            drained = now - quiet_since > watch.quiet_seconds
            late = now - fed > watch.drain_seconds if fed else now - began > watch.feed_seconds
            if drained or late or not watch.ended():
                return {
                    "drained": drained,
                    "feeding_s": round((fed or now) - began, 1),
                    "drained_after_s": round(max(0.0, quiet_since - (fed or now)), 1),
                    "left": dict(left),
                }
