"""Delivers what the outbox holds: leases what is to be told now, lets the notifier try once, writes down what became of it.

A row is marked delivered after the delivery, so that a crash in between repeats it with the same key and never loses it. Each
notifier has a loop of its own: one that is away delays nobody else, and waits with a growing pause until it is back. `choosing` says what
goes alone, together or later, `composing` what is said.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.aio import cancel, sleep_until, spawn
from monitor.alerting.containment.duty import GDPR, PrivacySettings
from monitor.alerting.notifiers.base import (
    Announcement,
    Announcing,
    DeliveryError,
    Permanent,
    Reason,
    Retryable,
)
from monitor.alerting.telling.channel import Channel
from monitor.alerting.telling.choosing import Chooser
from monitor.alerting.telling.composing import Composer, Message
from monitor.alerting.telling.measuring import Measuring
from monitor.alerting.telling.reach import note_round
from monitor.metrics import Metrics
from monitor.store import deadmail, outbox, records
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy
from monitor.store.model import Leased

_log = structlog.get_logger(__name__)
_POLL: Final = 0.5  # seconds between looks at the outbox when nobody wakes us (another process writes it too)
_MARGIN: Final = 20.0  # seconds that a lease outlives the longest delivery
_LONGEST_PAUSE: Final = 30.0
_LONGEST_RETRY: Final = 300.0
_SLOW: Final = 3600.0  # the longest Retry-After that is believed
_WAVES: Final = 4  # how often as many as go at once are leased together when there are more than that
_AWAY: Final = 3  # failures in a row after which a success means that the notifier is back


@dataclass
class _Loop:
    channel: Channel
    chooser: Chooser
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0  # rounds in a row in which nothing could be delivered
    waves: int = 1  # grows while every round is full: its transactions cost the same for many

    def __post_init__(self) -> None:
        self.slots = asyncio.Semaphore(self.channel.at_once)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one message."""

    rows: Sequence[Leased]
    error: DeliveryError | None = None
    tried: bool = True

    @property
    def delivered(self) -> bool:
        return self.tried and self.error is None


class Deliverer:
    """Several processes may deliver from one store: a row has one lease holder at a time."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Channel],
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        console: str = "",
        privacy: PrivacySettings = GDPR,
        jitter: Callable[[], float] = random.random,
        pause: float = 0.5,
    ) -> None:
        """`console` is the base address of links, `pause` the first wait in seconds after a failure (it doubles)."""
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._composer = Composer(store, console=console, privacy=privacy)
        self._jitter = jitter
        self._pause = pause
        self._loops = [
            _Loop(each, Chooser(each.name, grouping=each.grouping, silenced=each.silenced))
            for each in channels
        ]
        self._measuring = Measuring(metrics, [channel.name for channel in channels])

    def wake(self) -> None:
        """There may be something due. From the loop's thread."""
        for loop in self._loops:
            loop.wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; what is under way is finished."""
        tasks = [spawn(self._loop(loop, stop), name=f"deliver {loop.channel.name}") for loop in self._loops]
        stopper = spawn(self._wake_at(stop), name="deliver stop")
        try:
            await asyncio.gather(stopper, *tasks)  # without a notifier it waits, too
        finally:
            await cancel(stopper, *tasks)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()

    async def _loop(self, loop: _Loop, stop: asyncio.Event) -> None:
        bound = False
        while not stop.is_set():
            loop.wake.clear()
            try:
                if not bound:
                    await self._bind_revision(loop.channel)
                    bound = True
                pause = await self._round(loop)
            except StoreBusy:
                self._metrics.retries.labels("deliver").inc()
                pause = 1.0
            if pause > 0:
                await sleep_until(stop, pause)
            elif pause < 0:
                await sleep_until(loop.wake, _POLL)

    async def _bind_revision(self, channel: Channel) -> None:
        """Failed rows get another chance under another configuration."""
        name = f"notifier:{channel.name}"
        async with self._store.write() as connection:
            if channel.revision != await records.get_meta(connection, name):
                await deadmail.retry(connection, now=self._clock(), notifier=channel.name)
                await records.set_meta(connection, name, channel.revision)

    async def _round(self, loop: _Loop) -> float:
        """One lease, its deliveries, their outcomes. Returns seconds to stand still, 0 to go on at once, -1 when idle."""
        channel = loop.channel
        now = self._clock()
        async with self._store.read() as connection:
            if not await outbox.is_due(connection, channel.name, now=now):
                return -1.0  # an idle service writes nothing
        until = now + channel.deadline + _MARGIN
        # one that is away is asked with one message at a time
        limit = 1 if loop.failures else channel.at_once * loop.waves
        async with self._store.write() as connection:
            messages = await loop.chooser.choose(connection, now=now, until=until, limit=limit)
        self._count(loop)
        loop.waves = min(loop.waves * 2, _WAVES) if len(messages) == limit else 1
        if not messages:
            return 0.0  # everything was held, or another process was faster
        tries: list[Awaitable[_Outcome]] = [
            self._try(loop, rows, message) for rows, message in await self._composer.compose(messages)
        ]
        outcomes = await asyncio.gather(*tries)
        await self._settle_surely(loop, outcomes)
        return self._standstill(loop, outcomes)

    def _count(self, loop: _Loop) -> None:
        for word, count in loop.chooser.counts.items():
            self._metrics.notifications.labels(loop.channel.name, word).inc(count)
        loop.chooser.counts.clear()

    async def _try(self, loop: _Loop, rows: Sequence[Leased], message: Message) -> _Outcome:
        async with loop.slots:
            return await self._try_now(loop.channel, rows, message)

    async def _try_now(self, channel: Channel, rows: Sequence[Leased], message: Message) -> _Outcome:
        if (
            self._clock() + channel.deadline >= rows[0].lease_until
        ):  # this process stood still: the rows may be another's
            return _Outcome(rows, tried=False)
        try:
            async with asyncio.timeout(channel.deadline):
                if not isinstance(message, Announcement):
                    await channel.notifier.notify(message)
                else:
                    assert isinstance(channel.notifier, Announcing)  # else it has no grouping
                    await channel.notifier.announce(message)
        except DeliveryError as error:
            return _Outcome(rows, error)
        except TimeoutError:
            return _Outcome(rows, Retryable(Reason.TIMEOUT))
        except Exception as error:  # noqa: BLE001
            # a bug in one notifier must not stop the others; the row is kept as failed, counted and shown by `doctor`.
            # The text of a foreign exception may quote a secret: its type has to do.
            await _log.aerror("notifier broke", notifier=channel.name, error=type(error).__name__)
            return _Outcome(rows, Permanent(Reason.INTERNAL))
        return _Outcome(rows)

    async def _settle_surely(self, loop: _Loop, outcomes: Sequence[_Outcome]) -> None:
        """What was delivered must be marked while the leases last, or it would be delivered again without need."""
        while True:
            try:
                return await self._settle(loop, outcomes)
            except StoreBusy:
                self._metrics.retries.labels("deliver").inc()
                if all(self._clock() >= outcome.rows[0].lease_until for outcome in outcomes):
                    raise
                await asyncio.sleep(_POLL)

    async def _settle(self, loop: _Loop, outcomes: Sequence[_Outcome]) -> None:
        now = self._clock()
        name = loop.channel.name
        words = list[tuple[Leased, str]]()
        async with self._store.write() as connection:
            alone = [o.rows[0] for o in outcomes if o.delivered and len(o.rows) == 1]
            held = await outbox.settle_delivered(connection, alone, at=now)
            for outcome in outcomes:
                if outcome.delivered and len(outcome.rows) > 1:
                    held |= await outbox.settle_delivered(connection, outcome.rows, at=now, together=True)
                if outcome.delivered:
                    words += [(r, outbox.DELIVERED if r.id in held else "fenced") for r in outcome.rows]
                else:
                    word = await self._settle_undelivered(connection, outcome, now)
                    words += [(row, word) for row in outcome.rows]
            told = [row for row, word in words if word == outbox.DELIVERED]
            firsts = await self._measuring.firsts(connection, name, told)
            delivered = any(outcome.delivered for outcome in outcomes)
            if loop.failures >= _AWAY and delivered:
                await outbox.retry_now(connection, name, now=now)
            errors = [outcome.error for outcome in outcomes if outcome.error is not None]
            await note_round(connection, name, delivered=delivered, errors=errors, now=now)
        for row, word in words:
            self._metrics.notifications.labels(name, word).inc()
            if word == outbox.DELIVERED:
                self._measuring.delivered(row, first=row.key in firsts, now=now)
        for outcome in outcomes:
            if isinstance(outcome.error, Permanent):
                for row in outcome.rows:
                    self._measuring.failed(row, outcome.error.reason.value)

    async def _settle_undelivered(self, connection: AsyncConnection, outcome: _Outcome, now: float) -> str:
        """Write down why not; returns the word for the metric."""
        rows, error = outcome.rows, outcome.error
        if error is None:  # not tried
            await outbox.release(connection, rows)
            return "late"
        word = error.reason.value
        if isinstance(error, Permanent):
            await outbox.settle_undelivered(connection, rows, state=outbox.FAILED, reason=word)
        else:
            # of a summary all wait equally long: they are to be told together again
            attempts = max(row.attempts for row in rows)
            wait = max(self._backoff(1.0, attempts, _LONGEST_RETRY), _believed(error))
            await outbox.settle_undelivered(
                connection, rows, state=outbox.PENDING, reason=word, next_try=now + wait
            )
        return word

    def _standstill(self, loop: _Loop, outcomes: Sequence[_Outcome]) -> float:
        """How long this notifier is left alone now, in seconds."""
        away = [o.error for o in outcomes if isinstance(o.error, Retryable)]
        if not away or any(outcome.delivered for outcome in outcomes):
            loop.failures = 0
        else:
            loop.failures += 1
        asked = max((_believed(e) for e in away if e.reason is Reason.RATE_LIMITED), default=0.0)
        return max(asked, self._backoff(self._pause, loop.failures, _LONGEST_PAUSE))

    def _backoff(self, first: float, failures: int, longest: float) -> float:
        """Doubling from `first` to `longest`, each between half and whole of it, so that many do not come at once."""
        if failures == 0:
            return 0.0
        whole = min(longest, first * 2.0 ** min(failures - 1, 30))
        return whole * (0.5 + self._jitter() / 2)


def _believed(error: DeliveryError) -> float:
    return min(error.retry_after or 0.0, _SLOW)
