"""Sending: one writer thread a topic, shared by all producers of a bus; each call is one transaction."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence

from monitor.bus.base import MAX_RECORD_BYTES, BusError, Message, RecordTooLarge
from monitor.bus.embedded.log import TopicLog
from monitor.bus.embedded.retention import Retention
from monitor.bus.embedded.worker import Worker


class Bells:
    """Tells readers of the same process that a topic has new records. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, set[threading.Event]] = defaultdict(set)

    def listen(self, topics: Sequence[str], bell: threading.Event) -> None:
        with self._lock:
            for topic in topics:
                self._listeners[topic].add(bell)

    def forget(self, bell: threading.Event) -> None:
        with self._lock:
            for listeners in self._listeners.values():
                listeners.discard(bell)

    def ring(self, topic: str) -> None:
        with self._lock:
            for bell in self._listeners[topic]:
                bell.set()


class TopicWriter:
    """The write side of a topic's file: appends and retention, for the thread of one Worker."""

    def __init__(self, log: TopicLog, retention: Retention, bells: Bells) -> None:
        self.log = log
        self.retention = retention
        self._bells = bells

    def append(self, messages: Sequence[Message]) -> None:
        self.log.append(messages, self.retention.make_room)
        self._bells.ring(self.log.topic)

    def close(self) -> None:
        self.log.close()


class EmbeddedProducer:
    """See `monitor.bus.base.Producer`."""

    def __init__(self, writer: Callable[[str], Worker[TopicWriter]]) -> None:
        self._writer = writer
        self._closed = False

    async def send(self, messages: Sequence[Message]) -> None:
        if self._closed:
            raise BusError("this producer is closed")
        by_topic: dict[str, list[Message]] = {}
        for message in messages:
            if len(message.value) > MAX_RECORD_BYTES:
                raise RecordTooLarge(
                    f"{len(message.value)} bytes for {message.topic}, at most {MAX_RECORD_BYTES}"
                )
            by_topic.setdefault(message.topic, []).append(message)
        if len(by_topic) == 1:
            ((topic, batch),) = by_topic.items()
            await self._writer(topic).call(TopicWriter.append, batch)
            return
        outcomes = await asyncio.gather(
            *(self._writer(topic).call(TopicWriter.append, batch) for topic, batch in by_topic.items()),
            return_exceptions=True,  # so that nothing is still being written when the caller hears of a failure
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def close(self) -> None:
        self._closed = True
