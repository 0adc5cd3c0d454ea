"""Writing to the brokers: idempotent, a batch for each partition, every batch acknowledged by all copies in sync.

The library's producer has faults that it never recovers from: a lost sequence number, a fencing, one record that the broker
refuses (docs/decisions/0009). So any error but a refusal of rights means: throw that producer away, make another, and send again what
was not acknowledged. That may write a record twice, never not at all.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Final

import structlog
from aiokafka import AIOKafkaProducer, errors
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder

from monitor.bus.base import Backpressure, BusError, Message, RecordTooLarge, TopicPartition
from monitor.bus.kafka.connection import REFUSED, BrokersAway, leave, meaning
from monitor.bus.kafka.topics import Topics
from monitor.metrics import Metrics
from monitor.sizes import MAX_RECORD_BYTES

_LOG = structlog.get_logger(__name__)
BATCH_BYTES: Final = 256 * 1024
_REBUILDS: Final = 3  # in one call
_NUDGES: Final = 20
_NUDGE_SECONDS: Final = 0.5
_REST_BYTES: Final = MAX_RECORD_BYTES // 2  # key and headers; a topic takes twice MAX_RECORD_BYTES in all
_TOO_LARGE: Final = (errors.MessageSizeTooLargeError, errors.RecordListTooLargeError)

Pending = dict[TopicPartition, list[Message]]


class KafkaProducer:
    """See `Producer`. The connection is made at the first call."""

    def __init__(
        self, make: Callable[[], AIOKafkaProducer], topics: Topics, metrics: Metrics, *, patience: float
    ) -> None:
        """`patience`: seconds that one try may take until it is Backpressure."""
        self._make = make
        self._topics = topics
        self._metrics = metrics
        self._patience = patience
        self._client: AIOKafkaProducer | None = None
        self._making = asyncio.Lock()
        self._closed = False

    async def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            _check(message)
        pending = await self._by_partition(messages)
        for _ in range(_REBUILDS):
            if not pending:
                return
            client = await self._ready()
            failure = await self._try(client, pending)
            if failure is not None:
                await self._discard(client, failure)
                self._judge(failure)
        if pending:
            raise BrokersAway("writing")

    def _judge(self, failure: Exception) -> None:
        """Raise unless another producer may do better at once."""
        if isinstance(failure, _TOO_LARGE):
            raise RecordTooLarge(
                "a topic on the brokers takes less than 16 MiB (max.message.bytes)"
            ) from failure
        if not isinstance(failure, errors.KafkaError):
            raise BrokersAway("writing") from failure
        said = meaning(failure, "writing")
        if isinstance(failure, REFUSED) or isinstance(said, Backpressure):
            raise said from failure

    async def close(self) -> None:
        self._closed = True
        client, self._client = self._client, None
        if client is not None and not await leave(client.stop()):
            await _end(client)

    async def _by_partition(self, messages: Sequence[Message]) -> Pending:
        counts: dict[str, int] = {}
        for topic in {message.topic for message in messages}:
            counts[topic] = len(await self._topics.places([topic]))
        pending: defaultdict[TopicPartition, list[Message]] = defaultdict(list)
        for message in messages:
            # as every other client of Kafka chooses it, so that anybody may write beside us
            number = (murmur2(message.key) & 0x7FFFFFFF) % counts[message.topic]
            pending[TopicPartition(message.topic, number)].append(message)
        return dict(pending)

    async def _ready(self) -> AIOKafkaProducer:
        async with self._making:
            if self._closed:
                raise BusError("the producer is closed")
            if self._client is None:
                client = self._make()
                try:
                    async with asyncio.timeout(self._patience):
                        await client.start()
                except (errors.KafkaError, TimeoutError) as error:
                    await _end(client)
                    if isinstance(error, errors.KafkaError):
                        raise meaning(error, "connecting") from error
                    raise BrokersAway("connecting") from error
                except BaseException:
                    await _end(client)
                    raise
                self._client = client
            return self._client

    async def _try(self, client: AIOKafkaProducer, pending: Pending) -> Exception | None:
        """What is acknowledged leaves `pending`. Returns why something is left, the gravest reason first."""
        try:
            async with asyncio.timeout(self._patience):
                outcomes = await asyncio.gather(
                    *(self._deliver(client, place, pending) for place in list(pending))
                )
        except TimeoutError as error:
            return error
        failures = [failure for failure in outcomes if failure is not None]
        return max(failures, key=_gravity, default=None)

    async def _deliver(
        self, client: AIOKafkaProducer, place: TopicPartition, pending: Pending
    ) -> errors.KafkaError | None:
        """One partition's messages, in order."""
        name = self._topics.full(place.topic)
        waiting: list[tuple[asyncio.Future[object], int]] = []
        failure: errors.KafkaError | None = None
        try:
            for batch, count in _batches(client, pending[place]):
                waiting.append((await client.send_batch(batch, name, partition=place.partition), count))
        except errors.KafkaError as error:
            failure = error
        done, whole = 0, True
        for future, count in waiting:
            try:
                await future
            except errors.KafkaError as error:
                failure, whole = error, False
            else:
                done += count if whole else 0
        if failure is None:
            del pending[place]
        else:
            pending[place] = pending[place][done:]
        return failure

    async def _discard(self, client: AIOKafkaProducer, failure: Exception) -> None:
        if self._client is client:
            self._client = None
            self._metrics.rebuilds.labels(type(failure).__name__).inc()
            _LOG.warning("producer rebuilt", reason=type(failure).__name__)
        await _end(client)


def _check(message: Message) -> None:
    rest = len(message.key) + sum(len(name) + len(value) for name, value in message.headers.items())
    if len(message.value) > MAX_RECORD_BYTES or rest > _REST_BYTES:
        raise RecordTooLarge(
            f"{message.topic}: {len(message.value)} bytes of value and {rest} of key and headers;"
            f" {MAX_RECORD_BYTES} and {_REST_BYTES} may be"
        )


def _batches(client: AIOKafkaProducer, messages: Sequence[Message]) -> Iterator[tuple[BatchBuilder, int]]:
    """Each closed, or the library would let it linger; a message larger than a batch is one of its own."""
    batch, count = client.create_batch(), 0
    for message in messages:
        headers = list(message.headers.items())
        while batch.append(timestamp=None, key=message.key, value=message.value, headers=headers) is None:
            batch.close()
            yield batch, count
            batch, count = client.create_batch(), 0
        count += 1
    if count:
        batch.close()
        yield batch, count


def _gravity(error: errors.KafkaError) -> int:
    """What decides when several partitions failed: what no further try can mend."""
    return 2 if isinstance(error, REFUSED) else 1 if isinstance(error, _TOO_LARGE) else 0


async def _end(client: AIOKafkaProducer) -> None:
    """Give up whatever it still holds: `stop` would wait for that as long as the brokers are away. Who sent it is told."""
    client._closed = True
    await leave(client.client.close())  # ends the requests under way
    sender = client._sender.sender_task if client._sender is not None else None
    for _ in range(_NUDGES):  # once to end it, once more for each request that it then waits for
        if sender is None or sender.done():
            break
        sender.cancel()
        await asyncio.wait([sender], timeout=_NUDGE_SECONDS)
    accumulator = client._message_accumulator
    accumulator._closed = True
    held = {*accumulator._pending_batches, *chain.from_iterable(accumulator._batches.values())}
    accumulator._pending_batches |= held  # where the library looks for them when they end
    for batch in held:
        batch.failure(errors.ProducerClosed())
        for future in (batch.future, batch._drain_waiter):
            if not future.cancelled():
                future.exception()  # nobody may be waiting for it any more
