"""The one loop of every stage that reads: poll -> handle -> produce -> await acks -> commit.

- A record without a result still moves the offset; what retention took is counted and told on coverage.v1.
- RetryableError and Backpressure: the batch is put back, the loop stands still for a while (with jitter, longer each time) and
  reads it again. Standing still is better than pausing partitions: a Kafka client would throw its prefetched data away.
- UpgradeNeeded pauses its partition for good, the others go on.
- Dead letters are produced like any result, before the commit. Too many of them end the stage, whatever else happens; those that
  an operator sent again do not count.
- Any other exception ends the stage, with the batch uncommitted.
- A partition on its way to another member waits for the batch under way, under the bus's deadline; so does the end,
  under `finish_seconds`. After that the batch is left to whoever reads it next.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from monitor.aio import cancel, sleep_until, spawn
from monitor.bus.base import (
    Backpressure,
    Batch,
    Bus,
    BusError,
    Consumer,
    Fenced,
    Handled,
    Handler,
    Lost,
    Message,
    Producer,
    Record,
    RetryableError,
    TopicPartition,
    UpgradeNeeded,
)
from monitor.bus.deadletters import FloodGuard, bury, was_retried
from monitor.bus.tracing import tell
from monitor.contracts import CoverageEvent, Gap
from monitor.metrics import Metrics

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, unless said otherwise."""

    max_records: int = 1000  # a poll
    wait: float = 0.5  # an empty poll
    retry_min: float = 0.2
    retry_max: float = 30.0
    finish: float = 20.0  # for the batch under way after `stop`
    lag_every: float = 10.0


class Runner:
    """One stage's reading of `topics` as `group`. For one event loop; `run` once.

    `content_reasons`: dead letters for these are a document's fault and never end the stage. `traced`: each record has a log line.
    """

    def __init__(
        self,
        bus: Bus,
        handler: Handler,
        *,
        stage: str,
        group: str,
        topics: Sequence[str],
        metrics: Metrics,
        content_reasons: frozenset[str] = frozenset(),
        traced: bool = False,
        pace: Pace | None = None,
        flood: FloodGuard | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[asyncio.Event, float], Awaitable[bool]] = sleep_until,
        rng: random.Random | None = None,
    ) -> None:
        self._bus = bus
        self._handler = handler
        self._stage = stage
        self._group = group
        self._topics = tuple(topics)
        self._metrics = metrics
        self._content_reasons = content_reasons
        self._traced = traced
        self._pace = pace or Pace()
        self._flood = flood or FloodGuard(clock)
        self._clock = clock
        self._sleep = sleep
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._idle = asyncio.Event()
        self._idle.set()
        self._failures = 0  # in a row
        self._waiting_for = ""
        self._outdated: dict[TopicPartition, str] = {}
        metrics.retries.labels(stage)
        for topic in self._topics:
            metrics.bus_records.labels(group, topic)
            metrics.bus_lost.labels(group, topic)
        for reason in content_reasons:
            metrics.dead_letters.labels(stage, reason)

    @property
    def problems(self) -> Sequence[str]:
        """Why this stage cannot do its work now, one sentence each; empty = ready."""
        waiting = [f"waiting: {self._waiting_for}"] if self._waiting_for else []
        return waiting + list(self._outdated.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Raises DeadLetterFlood, BusDamaged, or whatever the handler raised."""
        consumer = await self._join(stop)
        if consumer is None:
            return
        producer = self._bus.producer()
        lag = spawn(self._measure_lag(stop), name=f"{self._stage}-lag")
        try:
            async with asyncio.timeout(None) as limit:
                hurry = spawn(self._hurry(stop, limit), name=f"{self._stage}-stop")
                try:
                    while not stop.is_set():
                        await self._turn(consumer, producer, stop)
                        if lag.done():
                            lag.result()  # a fault of ours: gauges that stand still would lie
                finally:
                    await cancel(hurry)
        except TimeoutError:
            if not limit.expired():
                raise
            _log.warning("runner.batch_abandoned", stage=self._stage, seconds=self._pace.finish)
        finally:
            self._idle.set()
            try:
                await cancel(lag)
            finally:
                await producer.close()
                await consumer.close()

    async def _join(self, stop: asyncio.Event) -> Consumer | None:
        while not stop.is_set():
            try:
                return await self._bus.consumer(self._group, self._topics, on_revoke=self._on_revoke)
            except Backpressure as error:
                await self._stand_still(error, stop)
        return None

    async def _hurry(self, stop: asyncio.Event, limit: asyncio.Timeout) -> None:
        await stop.wait()
        limit.reschedule(asyncio.get_running_loop().time() + self._pace.finish)

    async def _turn(self, consumer: Consumer, producer: Producer, stop: asyncio.Event) -> None:
        """One batch, all the way. Not interrupted by a revocation between the poll and the commit."""
        batch = Batch()
        try:
            batch = await consumer.poll(max_records=self._pace.max_records, wait=self._pace.wait)
            self._idle.clear()
            try:
                if batch.records or batch.lost:
                    await self._work(batch, consumer, producer)
            finally:
                self._idle.set()
        except (RetryableError, Backpressure) as error:
            consumer.rewind(_places(batch))
            self._metrics.retries.labels(self._stage).inc()
            await self._stand_still(error, stop)
        except Fenced as error:
            # what is still ours was not committed either: read it again
            consumer.rewind([place for place in _places(batch) if place in consumer.assigned])
            _log.info("runner.fenced", stage=self._stage, reason=str(error))
        else:
            self._failures = 0
            self._waiting_for = ""

    async def _work(self, batch: Batch, consumer: Consumer, producer: Producer) -> None:
        records, handled = await self._handle(batch.records, consumer)
        breaking = sum(
            letter.reason not in self._content_reasons and not was_retried(letter.record)
            for letter in handled.dead
        )
        self._flood.check(len(records), breaking)
        now = self._clock()
        messages: list[Message] = [
            *handled.messages,
            *(bury(letter, self._stage) for letter in handled.dead),
            *(_loss(topic, gaps, now).message() for topic, gaps in _by_topic(batch.lost).items()),
        ]
        if messages:
            await producer.send(messages)
        offsets = {gap.place: gap.last + 1 for gap in batch.lost}
        # the last of each partition: they come in its order
        last = {(record.topic, record.partition): record.offset for record in records}
        offsets |= {TopicPartition(*place): offset + 1 for place, offset in last.items()}
        if offsets:
            await consumer.commit(offsets)
        self._flood.add(len(records), breaking)
        self._count(batch, records, handled)

    async def _handle(
        self, records: Sequence[Record], consumer: Consumer
    ) -> tuple[Sequence[Record], Handled]:
        """The records that were handled, and the result. Partitions that need an upgrade are paused and left out."""
        while records:
            try:
                return records, await self._handler(records)
            except UpgradeNeeded as error:
                place = error.partition
                rest = [record for record in records if record.place != place]
                if len(rest) == len(records):
                    raise
                consumer.pause([place])
                consumer.rewind([place])
                self._outdated[place] = str(error)
                _log.error("runner.upgrade_needed", stage=self._stage, reason=str(error))
                records = rest
        return (), Handled()

    def _count(self, batch: Batch, records: Sequence[Record], handled: Handled) -> None:
        for topic, count in Counter(record.topic for record in records).items():
            self._metrics.bus_records.labels(self._group, topic).inc(count)
        for letter in handled.dead:
            self._metrics.dead_letters.labels(self._stage, letter.reason).inc()
        tell(self._stage, records if self._traced else (), handled.dead)
        for gap in batch.lost:
            self._metrics.bus_lost.labels(self._group, gap.place.topic).inc(gap.count)
            _log.error(
                "runner.lost",
                stage=self._stage,
                topic=gap.place.topic,
                partition=gap.place.partition,
                first=gap.first,
                last=gap.last,
            )

    async def _on_revoke(self, places: Sequence[TopicPartition]) -> None:
        await self._idle.wait()
        for place in places:
            self._outdated.pop(place, None)

    async def _stand_still(self, error: BusError, stop: asyncio.Event) -> None:
        least = 0.0
        if isinstance(error, Backpressure):
            self._metrics.backpressure.labels(error.reason).inc()
            least = error.retry_after
        self._waiting_for = str(error)
        self._failures += 1
        # full jitter: members that failed together do not come back together
        ceiling = min(self._pace.retry_max, self._pace.retry_min * 2 ** min(self._failures - 1, 16))
        seconds = max(least, self._rng.uniform(self._pace.retry_min, ceiling))
        _log.warning("runner.waiting", stage=self._stage, reason=str(error), seconds=round(seconds, 2))
        await self._sleep(stop, seconds)

    async def _measure_lag(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                lags = await self._bus.lag(self._group, self._topics)
            except BusError as error:  # the poll meets it, too, and decides
                _log.warning("runner.lag_unknown", stage=self._stage, reason=str(error))
            else:
                for topic in self._topics:
                    mine = [lag for place, lag in lags.items() if place.topic == topic]
                    labels = (self._group, topic)
                    self._metrics.bus_lag.labels(*labels).set(sum(lag.records for lag in mine))
                    self._metrics.bus_lag_seconds.labels(*labels).set(
                        max((lag.oldest_unread_seconds for lag in mine), default=0.0)
                    )
                    self._metrics.bus_retention_used.labels(*labels).set(
                        max((lag.retention_used for lag in mine), default=0.0)
                    )
            await sleep_until(stop, self._pace.lag_every)


def _by_topic(lost: Sequence[Lost]) -> dict[str, list[Lost]]:
    gaps: dict[str, list[Lost]] = {}
    for gap in lost:
        gaps.setdefault(gap.place.topic, []).append(gap)
    return gaps


def _loss(topic: str, lost: Sequence[Lost], now: float) -> CoverageEvent:
    """One event for all partitions: the ledger keeps one of a source and a time."""
    return CoverageEvent(
        source=f"bus:{topic}",
        since=now,
        until=now,
        lost=sum(gap.count for gap in lost),
        blind="retention",
        gaps=tuple(Gap(gap.place.partition, gap.first, gap.last) for gap in lost),
    )


def _places(batch: Batch) -> list[TopicPartition]:
    return list({record.place for record in batch.records} | {gap.place for gap in batch.lost})
