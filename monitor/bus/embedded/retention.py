"""What goes when: by age always, by size only when room is needed; a segment at a time, each in its own transaction.

`retention_seconds` is the longest that a record is kept: a segment goes when its oldest record has reached it, so its
newest goes up to one segment's length (a 24th of the term) earlier. Dropped pages are overwritten in the file (secure_delete);
the WAL still holds their former content until it is emptied, so every drop leaves a mark in the file, and the
mark goes when the WAL has been cut to nothing, by whichever process comes first.

Blocking; for the thread of its TopicLog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from monitor.bus.base import Backpressure, RecordTooLarge
from monitor.bus.embedded import segments
from monitor.bus.embedded.log import TopicLog

_SLACK: Final = 32  # a full topic gives up a 32nd more than asked for, so that not every append has to drop


class Retention:
    """`slowest()` returns the lowest position of any group on each partition."""

    def __init__(self, log: TopicLog, slowest: Callable[[], Mapping[int, int]]) -> None:
        self._log = log
        self._slowest = slowest

    def expire_step(self) -> int:
        """Drop the oldest segment if it is over its term; how many records went, 0 = done."""
        self._log.refresh()
        return self._drop_oldest(began_by=self._log.clock() - self._log.spec.retention_seconds)

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
        # without any group nothing is read yet, so nothing of a topic that blocks may go
        read_by_all = self._slowest() if log.spec.block_when_full else None
        while log.used_bytes() + need > limit - limit // _SLACK:
            if not self._drop_oldest(read_by_all=read_by_all):
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

    def _drop_oldest(
        self, *, began_by: float | None = None, read_by_all: Mapping[int, int] | None = None
    ) -> int:
        with self._log.db.write() as run:
            for segment, end in segments.oldest(run):
                if began_by is not None and segment.began > began_by:
                    continue
                if read_by_all is not None and read_by_all.get(segment.partition, 0) < end:
                    continue
                segments.drop(run, segment, end)
                return end - segment.first
        return 0
