"""Records that break our contract: where they go, how they come back, and when there are too many of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from monitor.bus.base import DeadLetter, Message, Record
from monitor.contracts import DEAD_LETTER_SUFFIX

_OURS: Final = "dlq-"
_RETRIES: Final = "dlq-retries"  # stays with a record that was sent again, so that a second burial counts on
_DIGITS: Final = 18  # of any number that we wrote


class DeadLetterFlood(Exception):
    """So many records break the contract that the fault is ours or the producer's: the stage ends, nothing more is read.

    The batch that tipped it was neither buried nor committed.
    """


def bury(letter: DeadLetter, stage: str) -> Message:
    """The record as it came, with the headers dlq-reason, -stage, -topic, -partition and -offset added."""
    record = letter.record
    return Message(
        record.topic + DEAD_LETTER_SUFFIX,
        record.key,
        record.value,
        {
            **record.headers,
            "dlq-reason": letter.reason.encode(),
            "dlq-stage": stage.encode(),
            "dlq-topic": record.topic.encode(),
            "dlq-partition": str(record.partition).encode(),
            "dlq-offset": str(record.offset).encode(),
        },
    )


@dataclass(frozen=True, slots=True)
class Burial:
    """What the headers of a dead letter say: why and by which stage it was buried, where it stood, how often it was sent again.

    The texts are whatever stands there (at most 64 characters); a number that is none is None, or no retry.
    """

    reason: str
    stage: str
    partition: int | None
    offset: int | None
    retries: int


def burial(record: Record) -> Burial:
    """Of any record of a dead-letter topic. Raises nothing."""
    headers = record.headers

    def text(name: str) -> str:
        return headers.get(name, b"")[:64].decode("ascii", "replace")

    return Burial(
        text("dlq-reason"),
        text("dlq-stage"),
        _number(headers.get("dlq-partition", b"")),
        _number(headers.get("dlq-offset", b"")),
        _number(headers.get(_RETRIES, b"")) or 0,
    )


def exhume(record: Record) -> Message:
    """A dead letter as the record that it was, for the topic that it was meant for; dlq-retries counts how often.

    The topic is told by the dead-letter topic's own name, never by a header.
    """
    headers = {name: value for name, value in record.headers.items() if not name.startswith(_OURS)}
    headers[_RETRIES] = str(burial(record).retries + 1).encode()
    return Message(record.topic.removesuffix(DEAD_LETTER_SUFFIX), record.key, record.value, headers)


def was_retried(record: Record) -> bool:
    """An operator sent it again: if it breaks the contract still, that says nothing about who produces."""
    return _RETRIES in record.headers


def _number(raw: bytes) -> int | None:
    return int(raw) if raw.isdigit() and len(raw) <= _DIGITS else None


class FloodGuard:
    """Trips above `limit` contract-breaking records in `window` seconds that are also more than `share` of all records."""

    def __init__(
        self, clock: Callable[[], float], *, limit: int = 100, share: float = 0.1, window: float = 60.0
    ) -> None:
        self._clock = clock
        self._limit = limit
        self._share = share
        self._window = window
        self._batches: deque[tuple[float, int, int]] = deque()  # when, records, of them breaking
        self._records = 0
        self._breaking = 0

    def check(self, records: int, breaking: int) -> None:
        """Would a batch like this be too much? Raises DeadLetterFlood. Remembers nothing."""
        while self._batches and self._batches[0][0] <= self._clock() - self._window:
            _, old, old_breaking = self._batches.popleft()
            self._records -= old
            self._breaking -= old_breaking
        breaking += self._breaking
        records += self._records
        if breaking > self._limit and breaking > self._share * records:
            raise DeadLetterFlood(
                f"{breaking} of {records} records in {self._window:.0f} s break their contract (at most {self._limit} may)"
            )

    def add(self, records: int, breaking: int) -> None:
        """A batch that is done."""
        self._batches.append((self._clock(), records, breaking))
        self._records += records
        self._breaking += breaking
