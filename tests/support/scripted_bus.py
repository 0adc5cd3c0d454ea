"""A bus that plays a script to one reader and writes down everything that was said to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from monitor.bus.base import Batch, Lag, Message, OnRevoke, Record, TopicPartition, TopicSpec

Line = tuple[str, object]


def record(
    value: bytes,
    offset: int,
    *,
    topic: str = "in",
    partition: int = 0,
    headers: Mapping[str, bytes] | None = None,
) -> Record:
    return Record(topic, partition, offset, b"key", value, headers or {}, 1000.0)


class ScriptedBus:
    """Each poll takes the next of `script`: a batch, or an exception to raise. At its end `stop` is set.

    `sends` and `commits` hold an outcome each for the next calls: None or an exception. `said` is the whole dialogue.
    """

    def __init__(
        self,
        script: Sequence[Batch | BaseException],
        *,
        sends: Sequence[BaseException | None] = (),
        commits: Sequence[BaseException | None] = (),
        joins: Sequence[BaseException | None] = (),
    ) -> None:
        self.stop = asyncio.Event()
        self.said: list[Line] = []
        self.on_revoke: OnRevoke | None = None
        self.lags: dict[TopicPartition, Lag] = {}
        self._script = list(script)
        self._outcomes = {"send": list(sends), "commit": list(commits), "join": list(joins)}

    def _say(self, verb: str, what: object) -> None:
        self.said.append((verb, what))
        outcomes = self._outcomes.get(verb)
        if outcomes and (outcome := outcomes.pop(0)) is not None:
            raise outcome

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.said]

    def all(self, verb: str) -> list[object]:
        return [what for said, what in self.said if said == verb]

    # -- Bus

    async def start(self) -> None: ...

    async def ensure_topics(self, topics: Sequence[TopicSpec]) -> Sequence[str]:
        return []

    def producer(self) -> ScriptedBus:
        return self

    async def consumer(
        self, group: str, topics: Sequence[str], *, on_revoke: OnRevoke | None = None
    ) -> ScriptedBus:
        self._say("join", group)
        self.on_revoke = on_revoke
        return self

    async def lag(self, group: str, topics: Sequence[str]) -> Mapping[TopicPartition, Lag]:
        return self.lags

    async def end_offsets(self, topics: Sequence[str]) -> Mapping[TopicPartition, int]:
        return {}

    async def read(self, place: TopicPartition, offset: int, limit: int) -> Sequence[Record]:
        return []

    # -- Producer

    async def send(self, messages: Sequence[Message]) -> None:
        self._say("send", list(messages))

    # -- Consumer

    async def poll(self, *, max_records: int, wait: float) -> Batch:
        await asyncio.sleep(0)
        if not self._script:
            self.stop.set()
            return Batch()
        step = self._script.pop(0)
        if isinstance(step, BaseException):
            raise step
        return step

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self._say("commit", dict(offsets))

    def rewind(self, places: Sequence[TopicPartition]) -> None:
        self._say("rewind", list(places))

    def pause(self, places: Sequence[TopicPartition]) -> None:
        self._say("pause", list(places))

    def resume(self, places: Sequence[TopicPartition]) -> None:
        self._say("resume", list(places))

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        return frozenset({TopicPartition("in", 0)})

    async def close(self) -> None:
        self.said.append(("close", None))
