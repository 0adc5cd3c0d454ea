"""The bus of many hosts: Apache Kafka 3.5 or later, through aiokafka. See docs/decisions/0009 for what is worked around and why.

Only this package imports aiokafka.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition as KafkaPartition

from monitor.bus.base import BusError, Lag, OnRevoke, Record, TopicPartition, TopicSpec
from monitor.bus.kafka.connection import BrokersAway, connection, leave
from monitor.bus.kafka.consumer import KafkaConsumer
from monitor.bus.kafka.inspector import Inspector
from monitor.bus.kafka.producer import BATCH_BYTES, KafkaProducer
from monitor.bus.kafka.topics import Topics, admin
from monitor.bus.kafka.watchdog import Watchdog
from monitor.config import KafkaSettings
from monitor.metrics import Metrics

_MIB: Final = 1024**2
_STALLED_SECONDS: Final = 120.0


class KafkaBus:
    """See `Bus`. For one event loop."""

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        prefix: str = "",
        clock: Callable[[], float] = time.time,
        metrics: Metrics | None = None,
        client_id: str = "leakstream",
    ) -> None:
        """`clock` is what lags are measured against. Blocks (reads certificate and password files); raises OSError, ValueError."""
        self._settings = settings
        self._prefix = prefix
        self._arguments = connection(settings, client_id)
        # The library gives a join no longer than any request, and the brokers answer one only when every member has come or this time
        # is over. Were it longer, a dead member would make all others give up, and their joins that nobody waits for hold partitions.
        self._rebalance_seconds = settings.request_seconds * 2 / 3
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._producers: list[KafkaProducer] = []
        self._consumers: list[KafkaConsumer] = []
        self._topics: Topics | None = None
        self._inspector: Inspector | None = None

    async def start(self) -> None:
        """Raises BusError when no broker answers."""
        client = admin(self._arguments)
        topics = Topics(client, self._settings, self._prefix)
        try:
            await topics.ask("connecting", client.start)
        except BrokersAway as error:
            await leave(client.close())
            asked = self._settings
            raise BusError(
                f"no broker answers at {', '.join(asked.bootstrap)}: are address, security ({asked.security}), sasl ({asked.sasl}) and"
                " ca_file those of the listener, and user and password right?"
            ) from error
        except BaseException:
            await leave(client.close())
            raise
        self._topics = topics
        self._inspector = Inspector(
            partial(self._reader, None), topics, clock=self._clock, patience=self._settings.request_seconds
        )

    async def ensure_topics(self, topics: Sequence[TopicSpec]) -> Sequence[str]:
        return await self._started().ensure(topics)

    def producer(self) -> KafkaProducer:
        producer = KafkaProducer(
            self._writer, self._started(), self._metrics, patience=self._settings.request_seconds
        )
        self._producers.append(producer)
        return producer

    async def consumer(
        self, group: str, topics: Sequence[str], *, on_revoke: OnRevoke | None = None
    ) -> KafkaConsumer:
        known = self._started()
        await known.places(topics)
        consumer = KafkaConsumer(
            self._reader(self._prefix + group),
            known,
            Watchdog(
                stalled_seconds=_STALLED_SECONDS,
                moving_seconds=2 * (self._rebalance_seconds + self._settings.session_seconds),
            ),
            on_revoke=on_revoke,
            on_assigned=self._metrics.rebalances.labels(group).inc,
            join_seconds=self._settings.request_seconds + self._rebalance_seconds,
            revoke_seconds=self._rebalance_seconds / 2,
            patience=self._settings.request_seconds,
        )
        await consumer.start(topics)
        self._consumers.append(consumer)
        return consumer

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, Lag]:
        known = self._started()
        places = await known.places(topics)
        names = {KafkaPartition(known.full(place.topic), place.partition): place for place in places}
        stored = await known.committed(self._prefix + group, list(names))
        return await self._look().lag(topics, {names[name]: offset for name, offset in stored.items()})

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return await self._look().ends(topics)

    async def read(self, place: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        return await self._look().read(place, offset, limit)

    async def close(self) -> None:
        for consumer in self._consumers:
            await consumer.close()
        for producer in self._producers:
            await producer.close()
        if self._inspector is not None:
            await self._inspector.close()
        if self._topics is not None:
            await self._topics.close()

    def _started(self) -> Topics:
        if self._topics is None:
            raise BusError("the bus is not started")
        return self._topics

    def _look(self) -> Inspector:
        if self._inspector is None:
            raise BusError("the bus is not started")
        return self._inspector

    def _writer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            **self._arguments,
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            max_batch_size=BATCH_BYTES,
            max_request_size=16 * _MIB,
        )

    def _reader(self, group: str | None) -> AIOKafkaConsumer:
        session = int(self._settings.session_seconds * 1000)
        return AIOKafkaConsumer(
            **self._arguments,
            group_id=group,
            group_instance_id=(self._settings.instance or None) if group else None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=session,
            # by a heartbeat a member also learns that it has to join again, in time
            heartbeat_interval_ms=max(100, min(session // 9, int(self._rebalance_seconds * 1000) // 6)),
            rebalance_timeout_ms=int(self._rebalance_seconds * 1000),
            max_poll_interval_ms=600_000,
            fetch_min_bytes=16 * 1024,
            fetch_max_wait_ms=100,
            fetch_max_bytes=16 * _MIB,
            max_partition_fetch_bytes=_MIB,
        )
