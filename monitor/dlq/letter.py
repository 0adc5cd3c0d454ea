"""One dead letter as it may be shown: where it lies, why it was buried, and a little of its metadata, masked. Never content.

Only of a document the source's own id is told, so that an operator can find it again. What broke on the way from the matcher names
places of leaks whose owner was never decided (docs/explanation/privacy.md): of those nothing but the source is told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Self

import orjson

from monitor.bus.base import Record
from monitor.bus.deadletters import Burial, burial
from monitor.contracts import DEAD_LETTER_SUFFIX, DOCUMENTS
from monitor.store.dead_letters import LetterKey, Mark
from monitor.untrusted import Sink, untrusted

_LONGEST: Final = 1024  # characters of a text that is looked at
_LONGEST_VALUE: Final = 1024 * 1024  # bytes of an event that is parsed for its source


class UnknownLetter(LookupError):
    """No dead letter has this place. The message says which place."""


class LetterId(NamedTuple):
    """`documents.v1/0/17`: the topic that it was meant for, partition and offset in the dead-letter topic."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises UnknownLetter."""
        match text.split("/"):
            case [topic, partition, offset] if all(
                part.isascii() and part.isdigit() and len(part) <= 18 for part in (partition, offset)
            ):
                return cls(topic, int(partition), int(offset))
        raise UnknownLetter(f"{untrusted(text, Sink.TERMINAL, limit=80)} is no place like documents.v1/0/17")


@dataclass(frozen=True, slots=True)
class Letter:
    """Texts are masked, still foreign (`monitor.untrusted`), "" where unknown. `size` is of the value, in bytes."""

    id: LetterId
    buried_at: float
    burial: Burial
    size: int
    source: str
    document: str
    media_type: str
    done: Mark | None

    @property
    def key(self) -> LetterKey:
        return LetterKey(
            self.id.topic + DEAD_LETTER_SUFFIX, self.id.partition, self.id.offset, self.buried_at
        )


def key_of(record: Record) -> LetterKey:
    """What the store knows it by."""
    return LetterKey(record.topic, record.partition, record.offset, record.appended_at)


def letter_of(record: Record, done: Mark | None, mask: Callable[[str], str]) -> Letter:
    """Of any record of a dead-letter topic; what cannot be read is left out."""
    topic = record.topic.removesuffix(DEAD_LETTER_SUFFIX)
    told = _metadata(topic, record)

    def text(name: str) -> str:
        value = told.get(name)
        return masked(value, mask) if isinstance(value, str) else ""

    return Letter(
        LetterId(topic, record.partition, record.offset),
        record.appended_at,
        burial(record),
        len(record.value),
        text("source"),
        text("id") if topic == DOCUMENTS else "",
        text("media_type") if topic == DOCUMENTS else "",
        done,
    )


def masked(text: str, mask: Callable[[str], str]) -> str:
    """The text without its secrets. A very long one is not looked at: to cut it first could cut a secret open."""
    return mask(text) if len(text) <= _LONGEST else f"[{len(text)} characters]"


def letter_object(letter: Letter) -> dict[str, Any]:
    """For JSON. Times are ISO 8601, UTC; `state` is open, retried or dropped; `partition` and `offset` are where it stood first."""

    def text(value: str) -> str:
        return untrusted(value, Sink.PLAIN)

    done = letter.done
    return {
        "place": str(letter.id),
        "topic": letter.id.topic,
        "buried_at": when(letter.buried_at),
        "reason": text(letter.burial.reason),
        "stage": text(letter.burial.stage),
        "partition": letter.burial.partition,
        "offset": letter.burial.offset,
        "retries": letter.burial.retries,
        "size": letter.size,
        "source": text(letter.source),
        "document": text(letter.document),
        "media_type": text(letter.media_type),
        "state": done.verb if done else "open",
        "done": {"at": when(done.at), "by": done.actor} if done else None,
    }


def when(at: float) -> str:
    """Epoch seconds as ISO 8601, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _metadata(topic: str, record: Record) -> Mapping[str, Any]:
    raw = record.headers.get("m", b"") if topic == DOCUMENTS else record.value
    if len(raw) > _LONGEST_VALUE:
        return {}
    try:
        told = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return told if isinstance(told, dict) else {}
