"""What goes when: by age always, by size only when room is needed.

Everything happens in steps of at most _STEP_RECORDS records or _STEP_BYTES, each its own transaction, so that producers
never wait long. Deleted bytes are overwritten (secure_delete) in the file; the WAL still holds their old pages until
it is emptied, so every deletion leaves a mark in the file, and the mark goes when the WAL has been cut to nothing.

Blocking; for the thread of its TopicLog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from monitor.bus.base import Backpressure, RecordTooLarge
from monitor.bus.embedded.log import Span, TopicLog

_STEP_RECORDS: Final = 500
_STEP_BYTES: Final = 8 * 1024 * 1024
_SLACK: Final = 32  # a full topic gives up a 32nd more than asked for, so that not every append has to delete


class Retention:
    """`slowest()` returns the lowest position of any group on each partition."""

    def __init__(self, log: TopicLog, slowest: Callable[[], Mapping[int, int]]) -> None:
        self._log = log
        self._slowest = slowest

    def expire_step(self) -> int:
        """Delete one step of what is older than its term; how many records went, 0 = done."""
        self._log.refresh()
        cutoff = self._log.clock() - self._log.spec.retention_seconds
        for partition, span in self._log.spans().items():
            removed = self._drop(partition, span, span.next, cutoff)
            if removed:
                return removed
        return 0

    def make_room(self, need: int) -> None:
        """Free `need` bytes of the topic's size, oldest records first.

        Raises Backpressure when it may not, RecordTooLarge when it never could.
        """
        log = self._log
        log.refresh()
        limit = log.spec.retention_bytes
        if need > limit:
            raise RecordTooLarge(f"{need} bytes for {log.topic}, which may hold {limit}")
        if log.used_bytes() + need <= limit:
            return
        ends = self._deletable()
        while log.used_bytes() + need > limit - limit // _SLACK:
            if not self._drop_oldest(ends):
                break
        if log.used_bytes() + need > limit:
            raise Backpressure("topic_full")

    def empty_wal_if_needed(self) -> bool:
        """False when deleted bytes are still in the WAL: call again soon."""
        with self._log.db.read() as run:
            (marked,) = run.execute("SELECT wal_holds_deleted FROM spec").fetchone()
        if not marked:
            return True
        if not self._log.db.empty_wal():
            return False
        with self._log.db.write() as run:
            run.execute("UPDATE spec SET wal_holds_deleted = 0")
        return True

    def _deletable(self) -> Mapping[int, int]:
        """Up to which offset (exclusive) each partition may give records up for room."""
        spans = self._log.spans()
        if not self._log.spec.block_when_full:
            return {partition: span.next for partition, span in spans.items()}
        slowest = self._slowest()  # without any group nothing is read yet, so nothing may go
        return {partition: slowest.get(partition, span.first) for partition, span in spans.items()}

    def _drop_oldest(self, ends: Mapping[int, int]) -> int:
        heads = []
        with self._log.db.read() as run:
            for partition, first, end in run.execute("SELECT partition, first, next FROM partitions"):
                if first < min(ends[partition], end):
                    (at,) = run.execute(
                        f"SELECT at FROM p{partition:d} WHERE offset = ?",  # noqa: S608 - a number
                        (first,),
                    ).fetchone()
                    heads.append((at, partition, Span(first, end)))
        if not heads:
            return 0
        _, partition, span = min(heads)
        return self._drop(partition, span, min(ends[partition], span.next), None)

    def _drop(self, partition: int, span: Span, end: int, cutoff: float | None) -> int:
        """Delete from the head up to `end` (exclusive), only what is older than `cutoff`, at most one step."""
        with self._log.db.read() as run:
            upto, size = span.first, 0
            for offset, at, length in run.execute(
                f"SELECT offset, at, length(value) FROM p{partition:d} WHERE offset < ? ORDER BY offset LIMIT ?",  # noqa: S608 - a number
                (end, _STEP_RECORDS),
            ):
                if (cutoff is not None and at >= cutoff) or size >= _STEP_BYTES:
                    break
                upto, size = offset + 1, size + length
        if upto == span.first:
            return 0
        with self._log.db.write() as run:
            removed = run.execute(f"DELETE FROM p{partition:d} WHERE offset < ?", (upto,)).rowcount  # noqa: S608 - a number
            run.execute("UPDATE partitions SET first = max(first, ?) WHERE partition = ?", (upto, partition))
            run.execute("UPDATE spec SET wal_holds_deleted = 1")
        return removed
