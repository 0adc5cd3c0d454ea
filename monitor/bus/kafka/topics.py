"""The topics on the brokers: made as the configuration says, compared when they are there already, counted in partitions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import TopicPartition as KafkaPartition

from monitor.bus.base import BusError, TopicPartition, TopicSpec, UnknownTopic
from monitor.bus.kafka.connection import BrokersAway, leave, meaning
from monitor.config import KafkaSettings
from monitor.sizes import MAX_RECORD_BYTES

_T = TypeVar("_T")
_TRIES: Final = 3
_MIB: Final = 1024**2
_MADE_LOOKS: Final = 150  # until a new topic has leaders
_MADE_PAUSE: Final = 0.1  # seconds


class Topics:
    """For the tasks of one event loop. Partition counts are remembered; they only ever grow, by an operator's hand."""

    def __init__(self, admin: AIOKafkaAdminClient, settings: KafkaSettings, prefix: str) -> None:
        self._admin = admin
        self._settings = settings
        self.prefix = prefix
        self._partitions: dict[str, int] = {}
        self.retention: dict[
            str, float
        ] = {}  # seconds, as the brokers have it; of the topics that `ensure` was given

    def full(self, topic: str) -> str:
        """The name on the brokers."""
        return self.prefix + topic

    def short(self, name: str) -> str:
        return name.removeprefix(self.prefix)

    async def places(self, topics: Sequence[str]) -> list[TopicPartition]:
        """Every partition of them. Raises UnknownTopic, BusError."""
        if missing := [topic for topic in topics if topic not in self._partitions]:
            found = await self._described(missing)
            for topic in missing:
                if topic not in found:
                    raise UnknownTopic(f"{self.full(topic)}: no such topic on the brokers")
            self._partitions |= found
        return [
            TopicPartition(topic, number) for topic in topics for number in range(self._partitions[topic])
        ]

    async def ensure(self, specs: Sequence[TopicSpec]) -> list[str]:
        """See `Bus.ensure_topics`. Raises UnknownTopic where topics are missing and we may not make them, BusError."""
        found = await self._described([spec.name for spec in specs])
        missing = [spec for spec in specs if spec.name not in found]
        if missing and not self._settings.create_topics:
            names = ", ".join(self.full(spec.name) for spec in missing)
            raise UnknownTopic(f"missing on the brokers: {names}; make them, or set create_topics = true")
        if missing:
            await self._make(missing)
        there = [spec for spec in specs if spec.name in found]
        configs = await self._configs([spec.name for spec in there])
        for spec in specs:
            kept = configs.get(spec.name, {}).get("retention.ms")
            self.retention[spec.name] = int(kept) / 1000 if kept else spec.retention_seconds
        return [
            f"{self.full(spec.name)}: {'; '.join(differences)}"
            for spec in there
            if (differences := self._differences(spec, found[spec.name], configs[spec.name]))
        ]

    def _differences(self, spec: TopicSpec, partitions: int, config: Mapping[str, str]) -> list[str]:
        wanted = {"partitions": str(spec.partitions), **self._wanted(spec)}
        there = {"partitions": str(partitions), **config}
        return [
            f"{name} is {there[name]}, the configuration says {value}"
            for name, value in wanted.items()
            if name in there and there[name] != value
        ]

    def _wanted(self, spec: TopicSpec) -> dict[str, str]:
        """The topic's settings. Retention removes whole closed segments only, so segments are much shorter than the term."""
        term = int(spec.retention_seconds * 1000)
        room = max(64 * _MIB, spec.retention_bytes // spec.partitions)
        return {
            "cleanup.policy": "delete",
            "message.timestamp.type": "LogAppendTime",  # a producer's clock must not decide how long plaintext stays
            "max.message.bytes": str(2 * MAX_RECORD_BYTES),
            "retention.ms": str(term),
            "retention.bytes": str(room),
            "segment.ms": str(max(1000, term // 24)),
            "segment.bytes": str(min(256 * _MIB, room // 2)),
            "min.insync.replicas": str(self._settings.min_insync),
        }

    async def _make(self, specs: Sequence[TopicSpec]) -> None:
        new = [
            NewTopic(
                self.full(spec.name),
                spec.partitions,
                self._settings.replication,
                topic_configs=self._wanted(spec),
            )
            for spec in specs
        ]
        response = await self.ask("making topics", lambda: self._admin.create_topics(new))
        for name, code, *rest in response.topic_errors:
            error = errors.for_code(code)
            if error not in (errors.NoError, errors.TopicAlreadyExistsError):
                said = next((text for text in rest if isinstance(text, str) and text), error.__name__)
                raise BusError(f"{name}: cannot be made: {said}")
        for _ in range(_MADE_LOOKS):
            if len(await self._described([spec.name for spec in specs], led=True)) == len(specs):
                return
            await asyncio.sleep(_MADE_PAUSE)
        raise BrokersAway("waiting for the leaders of new topics")

    async def _described(self, topics: Sequence[str], *, led: bool = False) -> dict[str, int]:
        """Partition counts of those that are there; with `led`, whose partitions all have leaders."""
        if not topics:
            return {}
        names = [self.full(topic) for topic in topics]
        found = {}
        for topic in await self.ask("describing topics", lambda: self._admin.describe_topics(names)):
            error = errors.for_code(topic["error_code"])
            if error is errors.TopicAuthorizationFailedError:
                raise meaning(error(), f"describing {topic['topic']}")
            partitions = topic["partitions"]
            there = error in (errors.NoError, errors.LeaderNotAvailableError)
            if there and partitions and not (led and any(p["leader"] < 0 for p in partitions)):
                found[self.short(topic["topic"])] = len(partitions)
        return found

    async def _configs(self, topics: Sequence[str]) -> dict[str, dict[str, str]]:
        if not topics:
            return {}
        resources = [ConfigResource(ConfigResourceType.TOPIC, self.full(topic)) for topic in topics]
        found: dict[str, dict[str, str]] = {topic: {} for topic in topics}
        for response in await self.ask("comparing topics", lambda: self._admin.describe_configs(resources)):
            for _code, _message, _kind, name, entries in response.resources:
                # without the right to see a topic's settings there is nothing to compare
                found[self.short(name)] = {entry[0]: entry[1] for entry in entries}
        return found

    async def committed(self, group: str, places: list[KafkaPartition]) -> dict[KafkaPartition, int]:
        """The stored offsets of `group` (its name on the brokers), of those places that it has any for. Raises BusError."""
        found = await self.ask(
            f"looking at group {group}",
            lambda: self._admin.list_consumer_group_offsets(group, partitions=places),
        )
        return {place: stored.offset for place, stored in found.items() if stored.offset >= 0}

    async def close(self) -> None:
        await leave(self._admin.close())

    async def ask(self, what: str, request: Callable[[], Awaitable[_T]]) -> _T:
        """The answer of whichever broker is alive. Raises BrokersAway, BusError."""
        for attempt in range(_TRIES):
            try:
                async with asyncio.timeout(self._settings.request_seconds):
                    return await request()
            except errors.KafkaError as error:
                said = meaning(error, what)
                if not isinstance(said, BrokersAway) or attempt == _TRIES - 1:
                    raise said from error
                await asyncio.sleep(0.2)
            except TimeoutError as error:
                raise BrokersAway(what) from error
        raise AssertionError("the last try returns or raises")


def admin(arguments: Mapping[str, Any]) -> AIOKafkaAdminClient:
    """Not started."""
    return AIOKafkaAdminClient(**arguments)
