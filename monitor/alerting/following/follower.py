"""Asks collectors to look at places again, and counts the windows that ended: one holder of a lease among all processes.

What is due is asked on `requests.v1`, the longest due first, at most `per_minute`; the answers come back on `sightings.v1` to the
handler. A place is asked before its next look is written down, so that a process that dies in between asks twice and never not at
all; who is asked twice keeps one request. Without a collector that looks (`per_minute` 0) nobody is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from monitor.aio import sleep_until
from monitor.alerting.exposures.windows import REMOVED, REVOKED
from monitor.alerting.following.asking import KIND, SOURCE, target_of
from monitor.alerting.following.changes import FIRST, asked, text_of
from monitor.alerting.tenure import TERM, Tenure
from monitor.bus.base import BusError, Producer
from monitor.contracts import Request
from monitor.metrics import Metrics
from monitor.store import following, records
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy
from monitor.store.following import Due
from monitor.store.model import Standing

LEASE: Final = "follower"
_BEAT: Final = 2.0  # seconds between looks at lease, clock and what is due
_MINUTE: Final = 60.0
_BEGUN: Final = "following_since"  # in `meta`
_COUNTED: Final = "windows_counted"  # in `meta`: the last entry of the audit log whose window was counted
_SETTLED: Final = 10.0  # seconds after which no transaction writes an entry with a lower number any more


class Follower:
    """One a process. `holder` names the process in the store, for people."""

    def __init__(
        self,
        store: Store,
        requests: Producer,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        holder: str,
        per_minute: int,
        term: float = TERM,
    ) -> None:
        self._store = store
        self._requests = requests
        self._metrics = metrics
        self._clock = clock
        self._per_minute = per_minute
        self._tenure = Tenure(store, LEASE, holder=holder, clock=clock, term=term)
        self._allowance = float(per_minute)
        self._filled_at = clock()
        self._begun = False
        self._figured_at = 0.0
        self._counted: int | None = None  # the last entry of the audit log that was looked at
        for word in (REVOKED, REMOVED):
            metrics.window_seconds.labels(word)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; the lease is then given back. A busy store or bus only delays it, and is counted."""
        while not stop.is_set():
            try:
                await self.beat()
            except (StoreBusy, BusError):
                self._metrics.retries.labels("follow").inc()
            await sleep_until(stop, _BEAT)
        try:
            await self._tenure.release()
        except StoreBusy:
            self._metrics.retries.labels("follow").inc()

    async def beat(self) -> bool:
        """Get or keep the lease, ask what is due and count what ended. Returns whether this process has the lease. Raises StoreBusy,
        BusError.
        """
        if not await self._tenure.hold():
            self._counted, self._figured_at = None, 0.0
            self._metrics.window_longest.set(0)
            return False
        if not self._begun:
            await self._begin()
        if self._per_minute:
            await self._ask()
        await self._windows()
        return True

    async def _begin(self) -> None:
        """Once a store: what it knew before anybody followed is followed, too."""
        async with self._store.read() as connection:
            known = await records.get_meta(connection, _BEGUN)
        if known is None:
            async with self._store.write() as connection:
                await following.begin(connection, at=self._clock() + FIRST)
                await records.set_meta(connection, _BEGUN, str(self._clock()))
        self._begun = True

    async def _ask(self) -> None:
        now = self._clock()
        earned = (now - self._filled_at) * self._per_minute / _MINUTE
        self._allowance = min(float(self._per_minute), self._allowance + max(0.0, earned))
        self._filled_at = now
        if self._allowance < 1:
            return
        async with self._store.read() as connection:
            due = await following.due(connection, now=now, limit=int(self._allowance))
        if not due:
            return
        requests, settled = self._sorted(due, now)
        await self._requests.send([request.message() for request in requests])
        async with self._store.write() as connection:
            await following.save_times(connection, settled)
        self._allowance -= len(requests)
        self._metrics.rechecks.labels("asked").inc(len(requests))

    def _sorted(self, due: Sequence[Due], now: float) -> tuple[list[Request], list[Standing]]:
        """What is asked, once for each text, and every place with its next look: none for what nobody follows and for what has no
        address.
        """
        requests: dict[tuple[str, ...], Request] = {}
        settled: list[Standing] = []
        for each in due:
            target = target_of(each.standing) if each.follow else ""
            if each.follow and not target:
                self._metrics.dropped.labels("alerting", "place_without_address").inc()
            if target:
                text = (each.standing.exposure_id, *text_of(each.standing))
                requests.setdefault(text, Request(KIND, SOURCE, target, now))
            settled.append(
                asked(each.standing, now=now) if target else replace(each.standing, next_check=None)
            )
        return list(requests.values()), settled

    async def _windows(self) -> None:
        """Each window that ended once, whichever process ended it (the command line has no metrics)."""
        now = self._clock()
        if now - self._figured_at >= _MINUTE:
            async with self._store.read() as connection:
                first = await following.first_running(connection)
            self._metrics.window_longest.set(0 if first is None else max(0.0, now - first))
            self._figured_at = now
        async with self._store.read() as connection:
            if self._counted is None:
                self._counted = int(await records.get_meta(connection, _COUNTED) or 0)
            last, ended = await following.ended(connection, after=self._counted, until=now - _SETTLED)
        if ended:  # else there is nothing to lose: whoever takes over looks again
            async with self._store.write() as connection:
                await records.set_meta(connection, _COUNTED, str(last))
        self._counted = last
        for detail in ended:
            self._metrics.window_seconds.labels(detail["ended_by"]).observe(detail["seconds"])
