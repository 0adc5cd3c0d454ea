"""What the alerting stage does beside its records: figures for the metrics every few seconds, retention every minute."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from detectors.model import Severity
from monitor.aio import sleep_until
from monitor.alerting import alive
from monitor.alerting.alive import Alive
from monitor.alerting.ownership import Level
from monitor.alerting.policy import storm
from monitor.alerting.selftest import last_success
from monitor.metrics import Metrics
from monitor.store import outbox, queries
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy
from monitor.store.janitor import Janitor

_FIGURES: Final = 5.0  # seconds
_SWEEP: Final = 60.0


class Upkeep:
    """One a process; several processes may run it on one store."""

    def __init__(
        self,
        store: Store,
        janitor: Janitor,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        notifiers: Sequence[str] = (),
        late_seconds: float,
    ) -> None:
        """`late_seconds`: as for the self-test."""
        self._store = store
        self._janitor = janitor
        self._metrics = metrics
        self._clock = clock
        self._notifiers = set(notifiers)
        self.alive = Alive(metrics, patience=late_seconds)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A busy store only delays it."""
        next_sweep = self._clock()
        while not stop.is_set():
            try:
                await self.figures()
                if self._clock() >= next_sweep:
                    await self.sweep()
                    next_sweep = self._clock() + _SWEEP
            except StoreBusy:
                self._metrics.retries.labels("upkeep").inc()
            await sleep_until(stop, _FIGURES)

    async def figures(self) -> None:
        """Set the gauges from the store, so that they are right after a restart and in every process. Raises StoreBusy."""
        now = self._clock()
        async with self._store.read() as connection:
            counts = await queries.open_counts(connection)
            backlog = await outbox.backlog(connection, self._notifiers)
            proved = await last_success(connection)
            await self.alive.figures(connection, now)
        for severity in Severity:
            for level in Level:
                self._metrics.exposures_open.labels(severity.value, level.value).set(
                    counts.get((severity.value, level.value), 0)
                )
        self._metrics.selftest_last_success.set(proved or 0.0)
        self._notifiers.update(backlog)  # a name whose last row went must fall to 0, not stand still
        for name, figures in backlog.items():
            self._metrics.outbox_pending.labels(name).set(figures.pending)
            self._metrics.outbox_held.labels(name).set(figures.held)
            self._metrics.outbox_failed.labels(name).set(figures.failed)
            age = 0.0 if figures.oldest is None else max(0.0, now - figures.oldest)
            self._metrics.outbox_oldest.labels(name).set(age)

    async def sweep(self) -> None:
        """One round of retention; what it takes out is counted. Raises StoreBusy."""
        async with self._store.write() as connection:
            await alive.forget(connection, self._clock())
            await storm.settle(connection, now=self._clock())
        for table, count in (await self._janitor.sweep(self._clock())).items():
            if count:
                self._metrics.dropped.labels("retention", table).inc(count)
