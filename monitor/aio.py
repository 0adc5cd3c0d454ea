"""The few asyncio helpers that the whole service shares."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")
_RUNNING: set[asyncio.Task[Any]] = set()


def spawn(coroutine: Coroutine[Any, Any, _T], *, name: str) -> asyncio.Task[_T]:
    """Start a named task and keep a reference until it ends (the loop itself keeps only a weak one).

    The caller awaits or cancels it; an exception that nobody fetched is reported by the loop, as ever.
    """
    task = asyncio.get_running_loop().create_task(coroutine, name=name)
    _RUNNING.add(task)
    task.add_done_callback(_RUNNING.discard)
    return task


async def cancel(*tasks: asyncio.Task[Any]) -> None:
    """Cancel and wait. Other exceptions than the cancellation are raised."""
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception) and not isinstance(result, asyncio.CancelledError):
            raise result


async def sleep_until(stop: asyncio.Event, seconds: float) -> bool:
    """Wait `seconds`, or less when `stop` is set. True when it was set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return stop.is_set()
    return True


async def supervise(
    jobs: Mapping[str, Callable[[asyncio.Event], Awaitable[None]]],
    stop: asyncio.Event,
    *,
    grace: float = 30.0,
) -> None:
    """Run every job with `stop` until all have ended. The first that ends or fails sets `stop` for the others, which then
    have `grace` seconds before they are cancelled. Raises what the first one raised.
    """
    tasks = [spawn(_call(job, stop), name=name) for name, job in jobs.items()]
    stopper = spawn(_set(stop), name="stop")
    done, _ = await asyncio.wait({*tasks, stopper}, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    await asyncio.wait(tasks, timeout=grace)
    await cancel(stopper, *(task for task in tasks if not task.done()))
    first = [task for task in done if task is not stopper]
    for task in (*first, *tasks):
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _call(job: Callable[[asyncio.Event], Awaitable[None]], stop: asyncio.Event) -> None:
    await job(stop)


async def _set(stop: asyncio.Event) -> None:
    await stop.wait()
