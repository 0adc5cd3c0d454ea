"""Documents and how they die."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from monitor.bus.base import Bus, DeadLetter, Message, Record
from monitor.bus.deadletters import bury
from monitor.contracts import DOCUMENTS, Document, Provenance


def document(number: int, *, content: bytes = b"", name: str = "", source: str = "git") -> Message:
    """Of a repository of nobody's."""
    return Document(
        source=source,
        id=name or f"acme/code/{number}.txt@{number:040x}",
        content=content or b"document %d" % number,
        fetched_at=1.0,
        media_type="text/plain",
        provenance=Provenance(repository="acme/code"),
    ).message()


def broken(topic: str = DOCUMENTS) -> Message:
    """No version, no metadata."""
    return Message(topic, b"key", orjson.dumps(["rubbish"]), {"m": b"\xff not json"})


def dead(message: Message, offset: int = 0, reason: str = "worker_crash") -> Message:
    """What the runner sends to the dead letters."""
    record = Record(message.topic, 3, offset, message.key, message.value, message.headers, 1.0)
    return bury(DeadLetter(record, reason), "match")


async def put(bus: Bus, messages: Sequence[Message]) -> None:
    producer = bus.producer()
    await producer.send(messages)
    await producer.close()


async def everything(bus: Bus, topic: str) -> list[Record]:
    """All records of a topic."""
    found: list[Record] = []
    for place, end in (await bus.end_offsets([topic])).items():
        at = 0
        while at < end and (records := await bus.read(place, at, 100)):
            found += records
            at = records[-1].offset + 1
    return found
