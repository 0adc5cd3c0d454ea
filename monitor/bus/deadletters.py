"""Records that break our contract: where they go, and when there are too many of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from monitor.bus.base import DeadLetter, Message
from monitor.contracts import DEAD_LETTER_SUFFIX


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
