"""A look at a place: the running context of a source, and a small internet whose clock follows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from collecting import Bench
from made_up import made_up
from monitor.collectors.context import Context
from monitor.simulator.fate import Fate
from monitor.simulator.server import Simulator, SimulatorConfig


def context_of(bench: Bench) -> Context:
    return Context(
        "recheck",
        stop=asyncio.Event(),
        state=bench.state,
        producer=bench.producer,
        metrics=bench.metrics,
        clock=bench.time,
        sleep=bench.time.sleep,
    )


@dataclass
class Place:
    """A bench, its context, and a simulator with power over what was published there."""

    bench: Bench
    context: Context
    simulator: Simulator
    fate: Fate

    @property
    def asked(self) -> list[tuple[str, int, bool]]:
        """(route, status, conditional) of every request so far."""
        return [(one.route, one.status, one.conditional) for one in self.simulator.journal]


@asynccontextmanager
async def small_internet(**config: Any) -> AsyncIterator[Place]:
    async with Bench() as bench:
        simulator = Simulator(SimulatorConfig(late_ratio=0.0, **config), maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            yield Place(bench, context_of(bench), simulator, Fate(simulator.world))
        finally:
            await simulator.stop()
