"""Looking at topics and groups from outside: lag, ends, single records. No member of any group."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from aiokafka import AIOKafkaConsumer, errors
from aiokafka.structs import TopicPartition as KafkaPartition

from monitor.bus.base import Lag, Record, TopicPartition
from monitor.bus.kafka.connection import BrokersAway, meaning
from monitor.bus.kafka.consumer import append, end
from monitor.bus.kafka.topics import Topics

_READ_BYTES: Final = 16 * 1024**2  # of values in one answer
_FEW: Final = 8  # records at a time, of up to 8 MiB each
_T = TypeVar("_T")
_LOOK_SECONDS: Final = 5.0
_PAUSE: Final = 0.2  # seconds of one wait for records
_FRESH: Final = (
    60.0  # seconds that a reader may be behind without having to ask what a full topic still keeps
)


class Inspector:
    """For the tasks of one event loop; one look at a time."""

    def __init__(
        self,
        make: Callable[[], AIOKafkaConsumer],
        topics: Topics,
        *,
        clock: Callable[[], float],
        patience: float,
    ) -> None:
        """`make` gives a consumer without a group that is not started."""
        self._make = make
        self._topics = topics
        self._clock = clock
        self._patience = patience
        self._client: AIOKafkaConsumer | None = None
        self._turn = asyncio.Lock()

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await end(client)

    async def ends(self, topics: Sequence[str]) -> dict[TopicPartition, int]:
        """The next offset of every partition."""
        places = await self._topics.places(topics)
        async with self._turn:
            found = await self._asked(lambda client: client.end_offsets([self._named(p) for p in places]))
        return {place: found[self._named(place)] for place in places}

    async def lag(
        self, topics: Sequence[str], stored: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, Lag]:
        """`stored`: the group's committed offsets, as far as there are any."""
        places = await self._topics.places(topics)
        names = {place: self._named(place) for place in places}
        async with self._turn:
            first = await self._asked(lambda client: client.beginning_offsets(list(names.values())))
            ends = await self._asked(lambda client: client.end_offsets(list(names.values())))
            positions = {place: stored.get(place, first[names[place]]) for place in places}
            unread = {
                names[place]: max(position, first[names[place]])
                for place, position in positions.items()
                if position < ends[names[place]]
            }
            ages = await self._ages(unread)
            behind = {name: first[name] for name, age in ages.items() if age > _FRESH and first[name] > 0}
            oldest = await self._ages(behind)
        lags = {}
        for place, position in positions.items():
            name = names[place]
            age = ages.get(name, 0.0)
            term = self._topics.retention.get(place.topic)
            # full topics lose their oldest records before the term: then what is kept is as old as the oldest there is
            used = age / min(term, oldest.get(name, term)) if term else 0.0
            lags[place] = Lag(position, ends[name], age, used)
        return lags

    async def read(self, place: TopicPartition, offset: int, limit: int) -> list[Record]:
        """See `Bus.read`."""
        await self._topics.places([place.topic])
        name = self._named(place)
        async with self._turn:
            first = (await self._asked(lambda client: client.beginning_offsets([name])))[name]
            end = (await self._asked(lambda client: client.end_offsets([name])))[name]
            start = max(offset, first)
            if start >= end or limit <= 0:
                return []
            return await self._asked(
                lambda client: self._records(client, name, place, start, min(end, start + limit))
            )

    async def _records(
        self, client: AIOKafkaConsumer, name: KafkaPartition, place: TopicPartition, start: int, end: int
    ) -> list[Record]:
        client.assign([name])
        client.seek(name, start)
        records: list[Record] = []
        position, size = start, 0
        while position < end and size < _READ_BYTES:
            answer = await client.getmany(
                timeout_ms=int(_PAUSE * 1000), max_records=min(_FEW, end - position)
            )
            size += append(records, place.topic, answer.get(name, ()))
            position = await client.position(name)
        return [record for record in records if record.offset < end]

    async def _ages(self, places: Mapping[KafkaPartition, int]) -> dict[KafkaPartition, float]:
        """Seconds since the record at each offset was appended; what cannot be seen in time is left out."""
        times = await self._asked(lambda client: self._times(client, places))
        return {name: max(0.0, self._clock() - time) for name, time in times.items()}

    async def _times(
        self, client: AIOKafkaConsumer, unread: Mapping[KafkaPartition, int]
    ) -> dict[KafkaPartition, float]:
        """When the record at each offset was appended, epoch seconds; what cannot be seen in time is left out."""
        if not unread:
            return {}
        client.assign(list(unread))
        for name, offset in unread.items():
            client.seek(name, offset)
        times: dict[KafkaPartition, float] = {}
        deadline = asyncio.get_running_loop().time() + _LOOK_SECONDS
        while len(times) < len(unread) and asyncio.get_running_loop().time() < deadline:
            for name, found in (await client.getmany(timeout_ms=int(_PAUSE * 1000))).items():
                times.setdefault(name, found[0].timestamp / 1000)
        return times

    async def _asked(self, ask: Callable[[AIOKafkaConsumer], Awaitable[_T]]) -> _T:
        """With a client that works: one that fails is thrown away. Raises BusError."""
        try:
            async with asyncio.timeout(self._patience):
                if self._client is None:
                    client = self._make()
                    self._client = client
                    await client.start()
                return await ask(self._client)
        except TimeoutError as error:
            await self._give_up()
            raise BrokersAway("looking at topics") from error
        except errors.KafkaError as error:
            await self._give_up()
            raise meaning(error, "looking at topics") from error

    async def _give_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await end(client)

    def _named(self, place: TopicPartition) -> KafkaPartition:
        return KafkaPartition(self._topics.full(place.topic), place.partition)
