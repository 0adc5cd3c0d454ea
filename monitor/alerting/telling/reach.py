"""Whether the notifiers can be reached, and what follows when one cannot: "nobody could be told for ten minutes" is itself an alert.

Since when a notifier has taken nothing of what it was offered stands in the store, so that a restart forgets nothing and every process
knows it. After ten minutes the metric says so (Prometheus has a rule), /readyz says so, and the other notifiers are told. With all of them
dead nobody is left to tell: then there is no heartbeat any more, and the dead-man switch outside calls.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.aio import sleep_until
from monitor.alerting.notifiers.base import (
    Announcement,
    Announcing,
    DeliveryError,
    Permanent,
    Reason,
    Topic,
)
from monitor.alerting.telling.channel import Channel
from monitor.metrics import Metrics
from monitor.store import leases, outbox, records
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy

PATIENCE: Final = 600.0  # seconds
_SINCE: Final = "unreached:"  # in `meta`: since when, epoch seconds
_SAID: Final = "unreached_said:"  # in `meta`: of which time the others were told
_LEASE: Final = "reach"
_TERM: Final = 120.0
_BEAT: Final = 10.0
# what is wrong with one message only says nothing of the notifier
_OF_ONE: Final = (Reason.CLIENT_ERROR, Reason.INTERNAL)
_log = structlog.get_logger(__name__)


async def note_round(
    connection: AsyncConnection,
    notifier: str,
    *,
    delivered: bool,
    errors: Sequence[DeliveryError],
    now: float,
) -> None:
    """Write down what a round of deliveries says of its notifier. Inside a transaction of the caller."""
    away = any(not (isinstance(each, Permanent) and each.reason in _OF_ONE) for each in errors)
    if not delivered and not away:
        return
    since = await records.get_meta(connection, _SINCE + notifier)
    if delivered and since is not None:
        await records.remove_metas(connection, [_SINCE + notifier])
    elif away and not delivered and since is None:
        await records.set_meta(connection, _SINCE + notifier, repr(now))


class Reach:
    """One a process, on its event loop. What it knows is as old as its last beat."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        holder: str,
    ) -> None:
        """`holder` names the process in the store, for people."""
        self._store = store
        self._channels = {channel.name: channel for channel in channels}
        self._metrics = metrics
        self._clock = clock
        self._holder = holder
        self._lost: dict[str, float] = {}  # notifiers that are away for too long, and since when
        for name in self._channels:
            metrics.notifier_unreached.labels(name).set(0)

    @property
    def anybody(self) -> bool:
        """Whether somebody may still be told. True where no notifier is configured."""
        return not self._channels or len(self._lost) < len(self._channels)

    def notes(self) -> list[str]:
        """A sentence for each notifier that cannot be reached."""
        return [f"{name} has taken nothing since {_time(since)}" for name, since in self._lost.items()]

    def problems(self) -> list[str]:
        """Why nobody can be told, if so."""
        return [] if self.anybody else ["no notifier can be reached: nobody is told anything", *self.notes()]

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A busy store only delays it."""
        while not stop.is_set():
            try:
                await self.beat()
            except StoreBusy:
                self._metrics.retries.labels("reach").inc()
            await sleep_until(stop, _BEAT)

    async def beat(self) -> None:
        """Look, show it, and tell the others what they do not know yet. Raises StoreBusy."""
        now = self._clock()
        async with self._store.read() as connection:
            since = _named(await records.metas(connection, _SINCE), _SINCE)
            said = _named(await records.metas(connection, _SAID), _SAID)
            backlog = await outbox.backlog(connection, since)
        # nothing is left that it would have to take: nothing is wrong
        idle = [n for n in since if backlog[n].pending <= backlog[n].held and not backlog[n].failed]
        if idle:
            async with self._store.write() as connection:
                await records.remove_metas(connection, [_SINCE + name for name in idle])
        away = {n: at for n, at in since.items() if n in self._channels and n not in idle}
        for name in self._channels:
            waited = max(0.0, now - away[name]) if name in away else 0.0
            self._metrics.notifier_unreached.labels(name).set(waited)
        self._lost = {name: at for name, at in away.items() if now - at >= PATIENCE}
        unsaid = {name: at for name, at in self._lost.items() if said.get(name) != at}
        back = {name: at for name, at in said.items() if name not in away}
        if unsaid or back:
            await self._tell(unsaid, back, now)

    async def _tell(self, unsaid: Mapping[str, float], back: Mapping[str, float], now: float) -> None:
        """One process of all. What nobody takes is tried again at the next beat."""
        async with self._store.write() as connection:
            lease = await leases.take(connection, _LEASE, holder=self._holder, now=now, until=now + _TERM)
        if lease is None:
            return
        for name, at in unsaid.items():
            if await self._said(_unreached(name, at, now), but=name):
                async with self._store.write() as connection:
                    await records.set_meta(connection, _SAID + name, repr(at))
        for name, at in back.items():
            if name not in self._channels or await self._said(_reached(name, at, now), but=name):
                async with self._store.write() as connection:
                    await records.remove_metas(connection, [_SAID + name])
        async with self._store.write() as connection:
            await leases.release(connection, lease)

    async def _said(self, what: Announcement, *, but: str) -> bool:
        """Whether one of the others took it."""
        able = [c for n, c in self._channels.items() if n != but and n not in self._lost]
        took = await asyncio.gather(*(self._announce(channel, what) for channel in able))
        return any(took)

    async def _announce(self, channel: Channel, what: Announcement) -> bool:
        if not isinstance(channel.notifier, Announcing):
            return False
        outcome = outbox.DELIVERED
        try:
            async with asyncio.timeout(channel.deadline):
                await channel.notifier.announce(what)
        except DeliveryError as error:
            outcome = error.reason.value
        except TimeoutError:
            outcome = Reason.TIMEOUT.value
        except Exception as error:  # noqa: BLE001
            # as in the outbox: a bug in one notifier must not stop the others; the type only, the text may quote a secret
            await _log.aerror("notifier broke", notifier=channel.name, error=type(error).__name__)
            outcome = Reason.INTERNAL.value
        self._metrics.notifications.labels(channel.name, outcome).inc()
        return outcome == outbox.DELIVERED


def _unreached(name: str, since: float, now: float) -> Announcement:
    return Announcement(
        key=_digest("unreached", name, repr(since)),
        dedup_key=_digest("notifier", name),
        topic=Topic.UNREACHED,
        action="page",
        severity="critical",
        headline=f"{name} cannot be reached: leaks are not told there",
        lines=[
            f"It has taken nothing since {_time(since)}. Everything is kept and told once it answers.",
            "Why: leakstream_notifications_total by outcome, and `leakstream outbox list`.",
        ],
        created_at=now,
    )


def _reached(name: str, since: float, now: float) -> Announcement:
    return Announcement(
        key=_digest("reached", name, repr(since)),
        dedup_key=_digest("notifier", name),
        topic=Topic.REACHED,
        action="page",
        severity="info",
        headline=f"{name} can be reached again",
        lines=["What waited for it is being told."],
        created_at=now,
    )


def _named(rows: Sequence[tuple[str, str]], prefix: str) -> dict[str, float]:
    return {name.removeprefix(prefix): float(value) for name, value in rows}


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:32]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
