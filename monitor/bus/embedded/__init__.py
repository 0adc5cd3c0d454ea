"""The durable bus of one host: SQLite files in one folder, no server. docs/decisions/0002-bus.md says why and what it keeps.

    <folder>/                     mode 0700; files 0600
        <prefix><topic>.db        one topic: its records (with -wal and -shm while open, and .lock)
        groups.db                 members, leases and positions of all groups

Several processes may use the folder at once, on one host and a local file system. Start child processes with exec
(spawn, forkserver), never by a bare fork.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from monitor.aio import cancel, spawn
from monitor.bus.base import Backpressure, BusError, Lag, OnRevoke, Record, TopicPartition, TopicSpec
from monitor.bus.embedded.consumer import EmbeddedConsumer
from monitor.bus.embedded.groups import Groups, Member
from monitor.bus.embedded.log import TopicLog
from monitor.bus.embedded.producer import Bells, EmbeddedProducer, Outbox, TopicWriter
from monitor.bus.embedded.retention import Retention
from monitor.bus.embedded.worker import Worker
from monitor.metrics import Metrics

_log = structlog.get_logger(__name__)

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


class EmbeddedBus:
    """See `monitor.bus.base.Bus`. For one event loop.

    `clock` stamps records and judges their age. `session_seconds`: how long a dead member keeps its partitions.
    `revoke_seconds`: how long a living one may take to finish before it gives partitions up. `segments`: how many slices a
    topic's term has; records of one slice expire together. `max_file_bytes` limits each file as a full disk would.
    """

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
        metrics: Metrics | None = None,
        prefix: str = "leakstream.",
        session_seconds: float = 5.0,
        revoke_seconds: float = 10.0,
        retention_interval: float = 30.0,
        segments: int = 24,
        max_file_bytes: int | None = None,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._metrics = metrics
        self._prefix = prefix
        self._session_seconds = session_seconds
        self._revoke_seconds = revoke_seconds
        self._retention_interval = retention_interval
        self._segments = segments
        self._max_file_bytes = max_file_bytes
        self._bells = Bells()
        self._groups = Worker("bus-groups", lambda: Groups(self._folder / "groups.db"))
        self._outboxes: dict[str, Outbox] = {}
        self._inspectors: dict[str, Worker[TopicLog]] = {}
        self._members: list[EmbeddedConsumer] = []
        self._retained: set[str] = set()
        self._retaining: asyncio.Task[None] | None = None
        self._started = False

    async def start(self) -> None:
        """Raises BusError, BusDamaged."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folder.chmod(0o700)
        except OSError as error:
            raise BusError(f"{self._folder}: {error.strerror}") from error
        self._started = True
        await self._groups.call(Groups.generation, "")

    async def ensure_topics(self, topics: Sequence[TopicSpec]) -> Sequence[str]:
        """Retention follows the spec; only another number of partitions is told."""
        sentences = []
        for spec in topics:
            await self._groups.call(self._make_topic, spec)
            sentences.append(
                await self._outbox(spec.name).writer.call(lambda writer, spec=spec: writer.log.adopt(spec))
            )
            self._retained.add(spec.name)
        if self._retaining is None:
            self._retaining = spawn(self._retain_for_ever(), name="bus-retention")
        return [sentence for sentence in sentences if sentence]

    def producer(self) -> EmbeddedProducer:
        return EmbeddedProducer(self._outbox)

    async def consumer(
        self, group: str, topics: Sequence[str], *, on_revoke: OnRevoke | None = None
    ) -> EmbeddedConsumer:
        firsts = {
            TopicPartition(topic, partition): span.first
            for topic in topics
            for partition, span in (await self._inspector(topic).call(TopicLog.spans)).items()
        }
        await self._groups.call(Groups.introduce, group, firsts)
        consumer = EmbeddedConsumer(
            Member(group, uuid.uuid4().hex, tuple(topics), self._session_seconds),
            self._groups,
            lambda: {topic: self._open(topic) for topic in topics},
            self._bells,
            on_revoke=on_revoke,
            revoke_seconds=self._revoke_seconds,
        )
        await consumer.join()
        self._members.append(consumer)
        return consumer

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, Lag]:
        lags = {}
        for topic in topics:
            positions = await self._groups.call(Groups.positions, group, topic)
            inspector = self._inspector(topic)
            term = await inspector.call(TopicLog.term)
            for partition, span in (await inspector.call(TopicLog.spans)).items():
                place = TopicPartition(topic, partition)
                position = positions.get(partition, span.first)
                at = await inspector.call(TopicLog.appended_at, place, position)
                age = 0.0 if at is None else max(0.0, self._clock() - at)
                lags[place] = Lag(position, span.next, age, age / term)
        return lags

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return {
            TopicPartition(topic, partition): span.next
            for topic in topics
            for partition, span in (await self._inspector(topic).call(TopicLog.spans)).items()
        }

    async def read(self, place: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        records, _ = await self._inspector(place.topic).call(
            TopicLog.fetch, {place.partition: offset}, limit, 16 * 1024 * 1024
        )
        return records

    async def retain(self) -> None:
        """One pass of retention over the topics that this bus ensured. Also runs by itself."""
        for topic in sorted(self._retained):
            try:
                await self._retain(topic, self._outbox(topic).writer)
            except Backpressure as error:
                _log.warning("bus.retention_held_up", topic=topic, reason=error.reason)
            except BusError as error:  # the same file fails the producers and consumers, who end their stage
                _log.error("bus.retention_failed", topic=topic, error=str(error))

    async def _retain(self, topic: str, writer: Worker[TopicWriter]) -> None:
        removed = 0
        try:
            while step := await writer.call(lambda w: w.retention.expire_step()):
                removed += step
        finally:  # also on a full disk: it gives the WAL's room back
            emptied = await writer.call(lambda w: w.retention.empty_wal_if_needed())
        if removed:
            _log.info("bus.expired", topic=topic, records=removed)
        if not emptied:
            _log.info("bus.wal_in_use", topic=topic)
        if self._metrics:
            self._metrics.bus_bytes.labels(topic).set(await writer.call(lambda w: w.log.used_bytes()))

    async def close(self) -> None:
        if self._retaining is not None:
            await cancel(self._retaining)
            self._retaining = None
        for consumer in self._members:
            await consumer.close()
        for outbox in self._outboxes.values():
            await outbox.writer.close()
        for inspector in self._inspectors.values():
            await inspector.close()
        self._outboxes.clear()
        self._inspectors.clear()
        if self._started:
            self._started = False
            await self._groups.close()

    async def _retain_for_ever(self) -> None:
        while True:
            await self.retain()
            await asyncio.sleep(self._retention_interval)

    def _outbox(self, topic: str) -> Outbox:
        outbox = self._outboxes.get(topic)
        if outbox is None:
            writer = Worker(f"bus-write-{topic}", partial(self._open_writer, topic))
            outbox = self._outboxes[topic] = Outbox(writer)
        return outbox

    def _inspector(self, topic: str) -> Worker[TopicLog]:
        worker = self._inspectors.get(topic)
        if worker is None:
            worker = self._inspectors[topic] = Worker(f"bus-look-{topic}", partial(self._open, topic))
        return worker

    def _open_writer(self, topic: str) -> TopicWriter:
        log = self._open(topic)
        return TopicWriter(log, Retention(log, partial(self._slowest, topic)), self._bells)

    def _slowest(self, topic: str) -> Mapping[int, int]:
        with closing(Groups(self._folder / "groups.db")) as groups:
            return groups.slowest(topic)

    def _make_topic(self, groups: Groups, spec: TopicSpec) -> None:
        self._open(spec.name, spec, groups.furthest(spec.name)).close()

    def _open(
        self, topic: str, spec: TopicSpec | None = None, starts: Mapping[int, int] | None = None
    ) -> TopicLog:
        if not _NAME.fullmatch(topic):
            raise BusError(f"{topic!r} cannot be the name of a topic")
        return TopicLog(
            self._folder / f"{self._prefix}{topic}.db",
            topic,
            clock=self._clock,
            segments_by_age=self._segments,
            spec=spec,
            starts=starts,
            max_bytes=self._max_file_bytes,
        )
