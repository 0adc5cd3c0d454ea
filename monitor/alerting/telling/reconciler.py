"""Says again what stands, to the notifiers that forget it otherwise (`Restating`): one holder of a lease among all processes.

Every `resend_seconds` of a notifier: its open exposures, at most 1,000 (pages first, then the worst, then the newest) and the
count of the rest, and what ended within its `hold_seconds`. The outbox says everything at once and in order; this is what makes
it last, and what catches up with a receiver that was away. Everything here may be said twice without harm, so that two holders
for a moment (a process that stood still) are no danger; the lease saves the repetition.

When the holder dies another takes over as soon as the lease has run out. Whatever fails is counted and tried again at the next
beat; nothing that a store or a receiver does ends the service.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import structlog

from monitor.aio import sleep_until
from monitor.alerting.containment.duty import GDPR, PrivacySettings
from monitor.alerting.exposures.view import exposure_object
from monitor.alerting.fold import Route
from monitor.alerting.notifiers.base import DeliveryError, Reason, Restating, Stand
from monitor.alerting.telling.standing import stands
from monitor.alerting.tenure import TERM, Tenure
from monitor.metrics import Metrics
from monitor.store import exposures, standing
from monitor.store.dialect import chunks
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy
from monitor.store.standing import Wanted

LEASE: Final = "reconciler"
LIMIT: Final = 1000
_CHUNK: Final = 100  # exposures of one read, and of one request
_RESTATED: Final = "restated"
_BEAT: Final = 2.0  # seconds between looks at lease and clock

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Target:
    """One notifier that has to be told again, and what it hears of."""

    notifier: Restating
    route: Route
    next_time: float = 0.0

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.route.notifier, self.route.tells, self.route.drills)


class Reconciler:
    """One a process. `holder` names the process in the store, for people; `limit` bounds the open exposures that are restated;
    `term` is how long a lease lasts, in seconds.
    """

    def __init__(
        self,
        store: Store,
        targets: Sequence[tuple[Restating, Route]],
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        holder: str,
        console: str = "",
        privacy: PrivacySettings = GDPR,
        limit: int = LIMIT,
        term: float = TERM,
    ) -> None:
        self._store = store
        self._targets = [Target(notifier, route) for notifier, route in targets]
        self._metrics = metrics
        self._clock = clock
        self._console = console
        self._privacy = privacy
        self._limit = limit
        self._tenure = Tenure(store, LEASE, holder=holder, clock=clock, term=term)
        for _, route in targets:
            metrics.reconciler_rounds.labels(route.notifier, _RESTATED)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; a lease is then given back, so that another goes on at once."""
        while not stop.is_set():
            try:
                await self.beat()
            except StoreBusy:
                self._metrics.retries.labels("reconcile").inc()
            await sleep_until(stop, _BEAT)
        try:
            await self._tenure.release()
            self._metrics.reconciler_holder.set(0)
        except StoreBusy:  # it runs out by itself
            self._metrics.retries.labels("reconcile").inc()

    async def beat(self) -> bool:
        """Get or keep the lease and restate what is due. Returns whether this process holds the lease. Raises StoreBusy."""
        held = await self._tenure.hold()
        self._metrics.reconciler_holder.set(held)
        if held:
            now = self._clock()
            await asyncio.gather(*(self._round(t) for t in self._targets if t.next_time <= now))
        else:
            for target in self._targets:
                target.next_time = 0.0  # whoever takes over begins at once
        return held

    async def _round(self, target: Target) -> None:
        """Everything once to one notifier, while the lease lasts."""
        name, started = target.route.notifier, self._clock()
        try:
            async with asyncio.timeout(max(0.0, self._tenure.until - started)):
                await self._restate(target, started)
        except DeliveryError as error:
            outcome = error.reason.value
        except TimeoutError:
            outcome = Reason.TIMEOUT.value
        except StoreBusy:  # again at the next beat
            self._metrics.retries.labels("reconcile").inc()
            return
        except Exception as error:  # noqa: BLE001
            # as in the outbox: a bug in one notifier must not stop the others; the type only, the text may quote a secret
            await _log.aerror("notifier broke", notifier=name, error=type(error).__name__)
            outcome = Reason.INTERNAL.value
        else:
            outcome = _RESTATED
            self._metrics.reconciler_last_success.labels(name).set(self._clock())
        self._metrics.reconciler_rounds.labels(name, outcome).inc()
        # a failed round is not repeated sooner: what matters was told by the outbox, which has its own retries
        target.next_time = started + target.notifier.resend_seconds

    async def _restate(self, target: Target, now: float) -> None:
        since = now - target.notifier.hold_seconds
        async with self._store.read() as connection:
            ids = await standing.open_ids(connection, target.wanted, limit=self._limit)
            total = await standing.count_open(connection, target.wanted)
            changed = await standing.changed_ids(connection, target.route.notifier, since=since)
        beyond = max(0, total - len(ids))
        self._metrics.reconciler_beyond.labels(target.route.notifier).set(beyond)
        async with aclosing(self._chunks(target, ids, changed, since)) as parts:
            await target.notifier.restate(parts, beyond=beyond)

    async def _chunks(
        self, target: Target, ids: Sequence[str], changed: Sequence[str], since: float
    ) -> AsyncGenerator[Sequence[Stand], None]:
        """What is open, and what ended since; of those left out or not wanted any more only what ended."""
        opened = set(ids)
        for chunk in chunks([*ids, *(i for i in changed if i not in opened)], _CHUNK):
            found = [
                stand
                for exposure_id, stand in await self._stands(target.route.notifier, chunk)
                if (exposure_id in opened if stand.ended is None else stand.ended >= since)
            ]
            for state, holds in (("firing", True), ("ended", False)):
                count = sum((stand.ended is None) is holds for stand in found)
                self._metrics.reconciler_restated.labels(target.route.notifier, state).inc(count)
            yield found

    async def _stands(self, notifier: str, ids: Sequence[str]) -> list[tuple[str, Stand]]:
        async with self._store.read() as connection:
            rows = await exposures.load(connection, ids)
            told = await standing.told(connection, notifier, rows)
        return [
            (exposure_id, stand)
            for exposure_id in ids  # in their order
            if exposure_id in rows
            for stand in stands(
                told[exposure_id],
                rows[exposure_id],
                exposure_object(rows[exposure_id], (), console=self._console, privacy=self._privacy),
            )
        ]
