"""A running simulator and a plain client for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

from made_up import made_up
from monitor.simulator.clock import AdjustableClock
from monitor.simulator.server import Simulator, SimulatorConfig

START = 1_780_000_000.0
# three of its sites, as fast as a test wants them; `github` and `pastebin` are their addresses
SOURCES = """
[sources.github_events]
base_url = "{github}"
token = "t"
poll_seconds = 1
diff_requests_per_minute = 900
[sources.github_gists]
base_url = "{github}"
token = "t"
poll_seconds = 2
requests_per_minute = 300
[sources.pastebin]
base_url = "{pastebin}"
poll_seconds = 1
item_seconds = 0.05
"""


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    def next(self) -> str:
        """The path of the Link header's next page, "" without."""
        before = self.headers.get("Link", "").partition('>; rel="next"')
        return before[0].rpartition("<")[2] if before[1] else ""


@dataclass
class Simulated:
    simulator: Simulator
    clock: AdjustableClock

    async def get(self, path: str, *, token: str = "t", **headers: str) -> Answer:
        """`path` is below the base URL, or a whole URL. The client asks once and follows nothing."""
        url = path if path.startswith("http") else self.simulator.base_url + path
        sent = {"User-Agent": "tests", **({"Authorization": f"Bearer {token}"} if token else {})}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with aiohttp.request("GET", url, headers=sent, allow_redirects=False) as answer:
            return Answer(answer.status, answer.headers, await answer.read())


@asynccontextmanager
async def simulated(**config: Any) -> AsyncIterator[Simulated]:
    """Time stands still until the test moves `clock`; nothing is late unless asked for."""
    clock = AdjustableClock(START, speed=0)
    settings = SimulatorConfig(**{"late_ratio": 0.0, **config})
    simulator = Simulator(settings, maker=made_up, clock=clock)
    await simulator.start()
    try:
        yield Simulated(simulator, clock)
    finally:
        await simulator.stop()
