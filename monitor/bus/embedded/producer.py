"""Sending. One writer thread a topic, shared by all producers of a bus; calls that wait while a transaction is under way go
into the next one together, so that many small sends cost one fsync.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.bus.base import BusError, Message, RecordTooLarge
from monitor.bus.embedded.log import TopicLog
from monitor.bus.embedded.retention import Retention
from monitor.bus.embedded.worker import Worker
from monitor.sizes import MAX_RECORD_BYTES

_TOGETHER_BYTES: Final = 4 * 1024 * 1024


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


@dataclass(slots=True, eq=False)
class _Call:
    """One `send` to one topic."""

    messages: Sequence[Message]
    done: bool = False
    error: BusError | ValueError | None = None


class TopicWriter:
    """The write side of a topic's file: appends and retention, for the thread of one Worker."""

    def __init__(self, log: TopicLog, retention: Retention, bells: Bells) -> None:
        self.log = log
        self.retention = retention
        self._bells = bells

    def append(self, calls: Sequence[_Call]) -> None:
        """In one transaction; when that fails, each call in its own, so that none suffers for another."""
        calls = [call for call in calls if not call.done]
        try:
            self._append([message for call in calls for message in call.messages])
        except (BusError, ValueError) as error:
            if len(calls) == 1:
                calls[0].error = error
            else:
                for call in calls:
                    self.append([call])
        for call in calls:
            call.done = True

    def _append(self, messages: Sequence[Message]) -> None:
        self.log.append(messages, self.retention.make_room)
        self._bells.ring(self.log.topic)

    def close(self) -> None:
        self.log.close()


class Outbox:
    """What waits to be written to one topic. For one event loop."""

    def __init__(self, writer: Worker[TopicWriter]) -> None:
        self.writer = writer
        self._waiting: list[_Call] = []
        self._turn = asyncio.Lock()

    async def append(self, messages: Sequence[Message]) -> None:
        """Return when they are durable. Raises what the topic's file raises."""
        call = _Call(messages)
        self._waiting.append(call)
        try:
            async with self._turn:
                while not call.done:  # unless somebody before us took it along
                    calls = self._take()
                    try:
                        await self.writer.call(TopicWriter.append, calls)
                    finally:
                        # cut off: the others come again, and the thread leaves out what it has done
                        self._waiting[:0] = [other for other in calls if not other.done]
        finally:
            if call in self._waiting:
                self._waiting.remove(call)
        if call.error is not None:
            raise call.error

    def _take(self) -> list[_Call]:
        calls, size = [], 0
        while self._waiting and size < _TOGETHER_BYTES:
            calls.append(self._waiting.pop(0))
            size += sum(len(message.value) for message in calls[-1].messages)
        return calls


class EmbeddedProducer:
    """See `monitor.bus.base.Producer`."""

    def __init__(self, outbox: Callable[[str], Outbox]) -> None:
        self._outbox = outbox
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
        outcomes = await asyncio.gather(
            *(self._outbox(topic).append(batch) for topic, batch in by_topic.items()),
            return_exceptions=True,  # so that nothing is still being written when the caller hears of a failure
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def close(self) -> None:
        self._closed = True
