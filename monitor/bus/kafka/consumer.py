"""One member of a group on the brokers. Positions are ours: committed explicitly, never reset by the library.

Every rebalance takes all partitions from all members (the library knows no other way), so each begins again at its committed
offset. New partitions are paused until the next `poll` has looked up where they stand; only then is anything fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, OffsetAndMetadata, errors
from aiokafka.structs import ConsumerRecord
from aiokafka.structs import TopicPartition as KafkaPartition

from monitor.bus.base import (
    Batch,
    BusDamaged,
    BusError,
    Fenced,
    Lost,
    OnRevoke,
    Record,
    TopicPartition,
)
from monitor.bus.kafka.connection import BrokersAway, leave, meaning
from monitor.bus.kafka.topics import Topics
from monitor.bus.kafka.watchdog import Watchdog

_LOG = structlog.get_logger(__name__)
_BATCH_BYTES: Final = 16 * 1024**2  # of values in one poll
_FIRST_RECORDS: Final = 8  # of a poll, until their size is known: documents of 8 MiB may come
_SLACK_SECONDS: Final = 1.0
_SETTLE_SECONDS: Final = 10.0  # until a new leader knows the end of its log


class KafkaConsumer(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types for it
    """See `Consumer`."""

    def __init__(
        self,
        client: AIOKafkaConsumer,
        topics: Topics,
        watchdog: Watchdog,
        *,
        on_revoke: OnRevoke | None,
        on_assigned: Callable[[], object],
        join_seconds: float,
        revoke_seconds: float,
        patience: float,
    ) -> None:
        """`client` is not started and not subscribed yet. `on_assigned` is called after each rebalance. `patience`: seconds that a broker may take to answer."""
        self._client = client
        self._topics = topics
        self._watchdog = watchdog
        self._on_revoke = on_revoke
        self._on_assigned = on_assigned
        self._revoke_seconds = revoke_seconds
        self._join_seconds = join_seconds
        self._patience = patience
        self._assigned = asyncio.Event()  # not set while partitions move
        self._new: set[KafkaPartition] = set()  # whose position is not known yet
        self._committed: dict[KafkaPartition, int] = {}
        self._paused: set[KafkaPartition] = set()
        self._lost: list[Lost] = []
        self._closed = False

    async def start(self, topics: Sequence[str]) -> None:
        """Join. Raises BusError."""
        self._client.subscribe([self._topics.full(topic) for topic in topics], listener=self)
        try:
            async with asyncio.timeout(self._join_seconds):
                await self._client.start()  # returns with the first assignment
        except TimeoutError as error:
            await self.close()
            raise BrokersAway("joining the group") from error
        except errors.KafkaError as error:
            await self.close()
            raise meaning(error, "joining") from error
        except BaseException:
            await self.close()
            raise
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await self._assigned.wait()  # positions, too, are looked up: the group is known from here on

    # -- the listener's side: called by the library's own task

    async def on_partitions_revoked(self, revoked: Iterable[KafkaPartition]) -> None:
        places = [self._place(tp) for tp in revoked]
        self._assigned.clear()
        self._watchdog.moving()
        if not places or self._on_revoke is None:
            return
        try:
            async with asyncio.timeout(self._revoke_seconds):
                await self._on_revoke(places)
        except TimeoutError:
            _LOG.warning("partitions given up with work under way", seconds=self._revoke_seconds)

    async def on_partitions_assigned(self, assigned: Iterable[KafkaPartition]) -> None:
        self._new = set(assigned)
        self._committed.clear()
        self._paused.clear()
        self._lost.clear()  # whoever has the partition now meets it again
        if self._new:
            self._client.pause(*self._new)
            try:
                await self._look_up()
            except (errors.KafkaError, TimeoutError) as error:  # the next poll tries again, and tells
                _LOG.info("positions not known yet", reason=type(error).__name__)
        self._on_assigned()
        self._watchdog.settled()
        self._assigned.set()

    # -- the poller's side

    async def poll(self, *, max_records: int, wait: float) -> Batch:
        if self._closed:
            raise BusError("the consumer is closed")
        records: list[Record] = []
        try:
            if await self._settled(wait):
                await self._begin()
                await self._fetch(records, max_records, asyncio.get_running_loop().time() + wait)
        except errors.IllegalStateError:
            records.clear()  # partitions began to move in between; whatever was read comes again
        except BaseException as error:
            self._put_back(records)
            if isinstance(error, errors.KafkaError):
                raise meaning(error, "reading") from error
            if isinstance(error, TimeoutError):
                raise BrokersAway("looking up positions") from error
            raise
        if not self._assigned.is_set():
            return await self._nothing()  # likewise
        lost, self._lost = self._lost, []
        if not records and not lost:
            return await self._nothing()
        self._watchdog.alive()
        return Batch(records, lost)

    async def _nothing(self) -> Batch:
        await self._watchdog.look(self._client, self._paused)
        return Batch()

    def _put_back(self, records: Sequence[Record]) -> None:
        """Read but never handed out: the next poll begins with them again."""
        first = {record.place: record.offset for record in reversed(records)}
        for place, offset in first.items():
            tp = self._partition(place)
            if self._assigned.is_set() and tp in self._client.assignment():
                self._client.seek(tp, offset)

    async def _settled(self, wait: float) -> bool:
        if not self._assigned.is_set():
            self._client._coordinator.check_errors()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._assigned.wait()
        return self._assigned.is_set()

    async def _begin(self) -> None:
        """Let the new partitions be fetched, from where they stand."""
        if not self._new:
            return
        if not self._new <= self._committed.keys():
            await self._look_up()
        new = self._new & self._client.assignment()
        for tp in new:
            self._client.seek(tp, self._committed[tp])
        self._new.clear()
        self._client.resume(*(new - self._paused))

    async def _look_up(self) -> None:
        """Where the new partitions stand. A group that never was begins at the earliest record, and that is written down at once: what
        retention takes before its first commit is lost, not unknown.
        """
        new = sorted(self._new)
        async with asyncio.timeout(self._patience):
            found = await asyncio.gather(*(self._client.committed(tp) for tp in new))
            stored = {tp: offset for tp, offset in zip(new, found, strict=True) if offset is not None}
            if first := [tp for tp in new if tp not in stored]:
                beginning = await self._client.beginning_offsets(first)
                await self._client.commit({tp: OffsetAndMetadata(beginning[tp], "") for tp in first})
                stored |= beginning
        if self._new == set(new):  # else they moved meanwhile
            self._committed |= stored

    async def _fetch(self, records: list[Record], max_records: int, deadline: float) -> None:
        """Append to `records` until `deadline` (loop time) or until there are some."""
        loop = asyncio.get_running_loop()
        size, ask = 0, min(max_records, _FIRST_RECORDS)
        while ask > 0:
            wait = 0.0 if records else max(0.0, deadline - loop.time())
            try:
                async with asyncio.timeout(
                    wait + _SLACK_SECONDS
                ):  # while partitions move, the library waits without end
                    answer = await self._client.getmany(timeout_ms=int(wait * 1000), max_records=ask)
            except TimeoutError:
                return
            except errors.OffsetOutOfRangeError as error:
                if not records:  # else it comes again
                    await self._leap(error.args[0])
                return
            except errors.NoOffsetForPartitionError:
                return  # fetched for before its position was looked up; the next poll does
            before = len(records)
            for tp, found in answer.items():
                size += append(records, tp.topic.removeprefix(self._topics.prefix), found)
            if len(records) == before:
                return
            average = size // len(records) + 1
            ask = min(max_records - len(records), (_BATCH_BYTES - size) // average)

    async def _leap(self, positions: Mapping[KafkaPartition, int]) -> None:
        """Retention took records that this group had not read: name them, go on behind them. Raises BusDamaged."""
        for tp, position in positions.items():
            for _ in range(int(_SETTLE_SECONDS)):
                beginning = (await self._client.beginning_offsets([tp]))[tp]
                end = (await self._client.end_offsets([tp]))[tp]
                if position <= end:
                    break
                await asyncio.sleep(1.0)
            else:
                raise BusDamaged(
                    f"{tp.topic}[{tp.partition}] ends at {end}, but this group has read up to {position}: the topic was made anew or"
                    " the brokers lost records; when that is understood, set the group's offset with kafka-consumer-groups.sh"
                )
            if position < beginning:
                self._lost.append(Lost(self._place(tp), position, beginning - 1))
                self._client.seek(tp, beginning)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        wanted = {self._partition(place): offset for place, offset in offsets.items()}
        try:
            async with asyncio.timeout(self._patience):
                await self._client.commit(
                    {tp: OffsetAndMetadata(offset, "") for tp, offset in wanted.items()}
                )
        except (errors.IllegalStateError, errors.CommitFailedError) as error:
            raise Fenced("the partitions have moved") from error
        except TimeoutError as error:
            raise BrokersAway("committing") from error
        except errors.KafkaError as error:
            raise meaning(error, "committing") from error
        self._committed |= wanted

    def rewind(self, places: Sequence[TopicPartition]) -> None:
        for place in places:
            tp = self._partition(place)
            self._lost = [gap for gap in self._lost if gap.place != place]
            if self._assigned.is_set() and tp in self._committed and tp not in self._new:
                self._client.seek(tp, self._committed[tp])

    def pause(self, places: Sequence[TopicPartition]) -> None:
        mine = self._mine(places)
        self._paused |= mine
        self._client.pause(*mine)

    def resume(self, places: Sequence[TopicPartition]) -> None:
        mine = self._mine(places)
        self._paused -= mine
        self._client.resume(*(mine - self._new))

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        if self._closed or not self._assigned.is_set():
            return frozenset()
        return frozenset(self._place(tp) for tp in self._client.assignment())

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._on_revoke = None
        await end(self._client)

    def _mine(self, places: Sequence[TopicPartition]) -> set[KafkaPartition]:
        assigned: frozenset[KafkaPartition] = self._client.assignment()
        return {self._partition(place) for place in places} & assigned

    def _place(self, tp: KafkaPartition) -> TopicPartition:
        return TopicPartition(self._topics.short(tp.topic), tp.partition)

    def _partition(self, place: TopicPartition) -> KafkaPartition:
        return KafkaPartition(self._topics.full(place.topic), place.partition)


async def end(client: AIOKafkaConsumer) -> None:
    """Stop it; one that cannot be stopped in order is cut off and leaves its group by its silence."""
    if not await leave(client.stop()):
        await leave(client._client.close())


def append(records: list[Record], topic: str, found: Sequence[ConsumerRecord[Any, Any]]) -> int:
    """Turn them into ours; returns the bytes of their values."""
    size = 0
    for item in found:
        value = item.value or b""
        size += len(value)
        records.append(
            Record(
                topic,
                item.partition,
                item.offset,
                item.key or b"",
                value,
                dict(item.headers),
                item.timestamp / 1000,
            )
        )
    return size
