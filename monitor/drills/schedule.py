"""Drills by the clock: of every source one an interval, whichever process is first.

The lease of a source is taken for the whole interval and never given back: it is the schedule. What was written down in the same
transaction and then not planted (its process died) is missed, and said to be.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from monitor.aio import sleep_until
from monitor.drills.desk import Begun, Desk
from monitor.metrics import Metrics
from monitor.store import leases
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy

_BEAT: Final = 5.0  # seconds
_FIRST: Final = 30.0  # seconds that the other stages have to come up


class Schedule:
    """One a process; `holder` names it in the store, for people."""

    def __init__(
        self,
        store: Store,
        desk: Desk,
        metrics: Metrics,
        *,
        sources: Sequence[str],
        interval: float,
        timeout: float,
        holder: str,
        clock: Callable[[], float],
        first: float = _FIRST,
    ) -> None:
        """`interval`, `timeout`, `first` in seconds; `first` is how long the start is left alone."""
        self._store = store
        self._desk = desk
        self._metrics = metrics
        self._sources = sources
        self._interval = interval
        self._timeout = timeout
        self._holder = holder
        self._clock = clock
        self._first = first
        for source in sources:
            metrics.drill_interval.labels(source).set(interval)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A busy store only delays it."""
        if await sleep_until(stop, self._first):
            return
        while not stop.is_set():
            try:
                await asyncio.gather(*(self.beat(source) for source in self._sources))
            except StoreBusy:
                self._metrics.retries.labels("drills").inc()
            await sleep_until(stop, _BEAT)

    async def beat(self, source: str) -> bool:
        """Plant if it is time and nobody else has. Raises StoreBusy."""
        begun = await self._begin(source)
        if begun is None:
            return False
        await self._desk.plant(begun)
        return True

    async def _begin(self, source: str) -> Begun | None:
        name, now = f"drill {source}", self._clock()
        async with self._store.read() as connection:
            if not await leases.is_free(connection, name, now=now):
                return None
        async with self._store.write() as connection:
            until = now + self._interval
            if await leases.take(connection, name, holder=self._holder, now=now, until=until) is None:
                return None
            return await self._desk.begin(connection, source, timeout=self._timeout, by="schedule")
