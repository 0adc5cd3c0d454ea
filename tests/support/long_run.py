"""A source beside a small internet where things go on happening, on one made-up clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from collecting import Bench, MemoryProducer, MemoryState
from made_up import made_up
from monitor.simulator.server import Simulator, SimulatorConfig


@asynccontextmanager
async def beside(
    *, state: MemoryState | None = None, producer: MemoryProducer | None = None, **config: Any
) -> AsyncIterator[tuple[Bench, Simulator]]:
    """A bench and a simulator with the same clock."""
    async with Bench(state, producer) as bench:
        simulator = Simulator(SimulatorConfig(**config), maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            yield bench, simulator
        finally:
            await simulator.stop()


def happening(bench: Bench, happen: Callable[[float], object], *, every: float) -> Callable[[], None]:
    """From now on `happen(at)` is called for each `every` seconds of the bench's time; returns what ends it."""
    plain = bench.time.sleep
    due = bench.time.now

    async def sleep(stop: asyncio.Event, seconds: float) -> bool:
        nonlocal due
        end = bench.time.now + seconds
        while due <= end:
            happen(due)
            due += every
        return await plain(stop, seconds)

    def end() -> None:
        bench.time.sleep = plain  # type: ignore[method-assign]

    bench.time.sleep = sleep  # type: ignore[method-assign]
    return end
