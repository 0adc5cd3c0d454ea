"""A bench whose clock suits sources with several tasks: it moves to the earliest end of a wait, and only when nobody does anything."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Self

from collecting import Bench, MemoryProducer, MemoryState, Time
from monitor.aio import spawn
from monitor.http import HttpClient, Stream
from monitor.tools import Tools

_IDLE_LOOKS = 3


class TogetherTime(Time):
    """`busy` is how many requests and threads are under way."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = 0
        self._waits: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0
        self._driver: asyncio.Task[None] | None = None

    async def sleep(self, stop: asyncio.Event, seconds: float) -> bool:
        if stop.is_set():
            return True
        self.slept.append(seconds)
        self._count += 1
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waits, (self.now + seconds, self._count, woken))
        if self._driver is None or self._driver.done():
            self._driver = spawn(self._drive(stop), name="time")
        await woken
        return stop.is_set()

    async def _drive(self, stop: asyncio.Event) -> None:
        while self._waits:
            await self._idle()
            at, _, woken = heapq.heappop(self._waits)
            self.now = max(self.now, min(at, self.until))  # a stop wakes whoever sleeps
            if self.now >= self.until:
                stop.set()
                for _, _, other in self._waits:
                    other.cancelled() or other.set_result(None)
                self._waits.clear()
            woken.cancelled() or woken.set_result(None)

    async def _idle(self) -> None:
        looks, count = 0, self._count
        while looks < _IDLE_LOOKS:
            await asyncio.sleep(0.0005)
            looks = 0 if self.busy or self._count != count else looks + 1
            count = self._count


class _CountingPool(ThreadPoolExecutor):
    """The loop's threads: what is in one is no idleness."""

    def __init__(self, time: TogetherTime) -> None:
        super().__init__(2)
        self._time = time
        self._loop = asyncio.get_running_loop()

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:  # type: ignore[override]
        self._time.busy += 1
        future = super().submit(*arguments, **options)
        future.add_done_callback(lambda _: self._loop.call_soon_threadsafe(self._done))
        return future

    def _done(self) -> None:
        self._time.busy -= 1


class _CountingClient(HttpClient):
    def __init__(self, time: TogetherTime, **options: Any) -> None:
        super().__init__(clock=time, **options)
        self._time = time

    @asynccontextmanager
    async def stream(self, *arguments: Any, **options: Any) -> AsyncIterator[Stream]:
        self._time.busy += 1
        try:
            async with super().stream(*arguments, **options) as stream:
                yield stream
        finally:
            self._time.busy -= 1


class TogetherBench(Bench):
    """`localhost` is another host than `127.0.0.1` here, with a budget of its own."""

    time: TogetherTime

    def __init__(self, state: MemoryState | None = None, producer: MemoryProducer | None = None) -> None:
        super().__init__(state, producer)
        self.time = TogetherTime()
        self.http = _CountingClient(
            self.time,
            user_agent="leakstream tests (nobody@example.com)",
            allow_private=("127.0.0.1", "localhost"),
            timeout=5.0,
            idle=2.0,
        )
        self.tools = Tools(http=self.http, metrics=self.metrics, state=self.tools.state, clock=self.time)

    async def __aenter__(self) -> Self:
        asyncio.get_running_loop().set_default_executor(_CountingPool(self.time))
        return await super().__aenter__()
