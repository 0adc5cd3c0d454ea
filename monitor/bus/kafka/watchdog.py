"""Ends a consumer that stands still in silence: the library can lose its way after a rejoin or a broker's restart and say nothing
(aiokafka issues 847, 625, 1037). A supervisor then starts the stage anew, and nothing is lost.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, errors
from aiokafka.structs import TopicPartition as KafkaPartition

from monitor.bus.base import ConsumerStalled
from monitor.bus.kafka.connection import BrokersAway

_LOG = structlog.get_logger(__name__)
_LOOK_EVERY: Final = 5.0  # seconds
_SILENT: Final = 15.0  # seconds without any answer to a fetch: are the brokers there at all?


class Watchdog:
    """Of one consumer. `look` after every empty poll, the other methods tell it what happens."""

    def __init__(
        self, *, stalled_seconds: float, moving_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`stalled_seconds`: how long records may lie there unread by a poll that waits for them. `moving_seconds`: how long
        partitions may be on their way.
        """
        self._stalled = stalled_seconds
        self._moving = moving_seconds
        self._clock = clock
        self._moving_since: float | None = clock()
        self._empty_since: float | None = None
        self._next_look = 0.0

    def moving(self) -> None:
        if self._moving_since is None:
            self._moving_since = self._clock()

    def settled(self) -> None:
        self._moving_since = None
        self._empty_since = None

    def alive(self) -> None:
        """Records came."""
        self._empty_since = None

    async def look(self, client: AIOKafkaConsumer, paused: Collection[KafkaPartition]) -> None:
        """After an empty poll. Raises ConsumerStalled, BrokersAway."""
        now = self._clock()
        if self._empty_since is None:
            self._empty_since = now
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_EVERY
        empty = now - self._empty_since
        if self._moving_since is not None:
            if now - self._moving_since > self._moving:
                await self._ask(client, [])
                raise ConsumerStalled(
                    f"no partitions for {now - self._moving_since:.0f} s, although brokers answer"
                )
            return
        if empty < _SILENT:
            return
        mine = [tp for tp in client.assignment() if tp not in paused]
        ends = await self._ask(client, mine)
        positions = await self._positions(client, mine)
        behind = [tp for tp, position in positions.items() if position < ends[tp]]
        if behind and empty > self._stalled:
            where = ", ".join(f"{tp.topic}[{tp.partition}]" for tp in behind)
            raise ConsumerStalled(f"nothing read for {empty:.0f} s, although there are records in {where}")

    async def _positions(
        self, client: AIOKafkaConsumer, places: list[KafkaPartition]
    ) -> dict[KafkaPartition, int]:
        """Of none when partitions move meanwhile."""
        try:
            async with asyncio.timeout(_SILENT):
                return {place: await client.position(place) for place in places}
        except errors.IllegalStateError:
            return {}
        except (errors.KafkaError, TimeoutError) as error:
            raise BrokersAway("looking for positions") from error

    async def _ask(self, client: AIOKafkaConsumer, places: list[KafkaPartition]) -> dict[KafkaPartition, int]:
        try:
            async with asyncio.timeout(_SILENT):
                if not places:
                    await client.topics()
                    return {}
                return dict(await client.end_offsets(places))
        except (errors.KafkaError, TimeoutError) as error:
            raise BrokersAway("looking for new records") from error
