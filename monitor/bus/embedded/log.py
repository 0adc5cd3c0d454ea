"""A topic in its own file: partitions of segments, appended at one end and cut by retention at the other.

Offsets are dense and never given twice, also after everything was deleted (`partitions` keeps the next one). A new file
begins at `starts`, the furthest that any group has read of an older file of the same name: a lost file is a gap, counted
as such, and never makes a group skip new records.

Blocking; for one thread. Raises what Database raises.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from monitor.bus.base import Backpressure, BusError, Message, Record, TopicPartition, TopicSpec, UnknownTopic
from monitor.bus.embedded import segments
from monitor.bus.embedded.codec import decode_headers, encode_headers, partition_of
from monitor.bus.embedded.sqlite import Database

_VERSION: Final = 1
_PAGE_BYTES: Final = 16 * 1024  # fastest of 4 to 32 KiB for records of 2 KB
_EMPTY_PAGES: Final = 4  # schema, spec, partitions, segments
_ROW_BYTES: Final = 24  # what a row costs beside its texts, roughly
# of a segment: a 64th of the topic, so that retention by size cuts thin slices, each dropped in well under a second
_SEGMENTS_BY_SIZE: Final = 64
_SEGMENT_MIN_BYTES, _SEGMENT_MAX_BYTES = 64 * 1024, 16 * 1024 * 1024
_REMEDY: Final = (
    "Stop every process of the service, move the file and its -wal and -shm away and start again: what was in it and unread "
    "is gone and will be counted as lost. Check the disk."
)


@dataclass(slots=True)
class _Part:
    """What one call appends to one partition."""

    rows: list[tuple[bytes, bytes, bytes]]
    size: int


class Span(NamedTuple):
    """Offsets `first` to `next - 1` are kept."""

    first: int
    next: int


class TopicLog:
    """`spec` makes the file if it is missing; without it the file must be there."""

    def __init__(
        self,
        path: Path,
        topic: str,
        *,
        clock: Callable[[], float],
        segments_by_age: int,
        spec: TopicSpec | None = None,
        starts: Mapping[int, int] | None = None,
        max_bytes: int | None = None,
    ) -> None:
        if spec is None and not path.exists():
            raise UnknownTopic(f"there is no topic {topic!r} in {path.parent}")
        self.topic = topic
        self.clock = clock
        self._segments_by_age = segments_by_age
        schema = _schema(spec, starts or {}) if spec else ()
        self.db = Database(
            path,
            schema=schema,
            version=_VERSION,
            durable=True,
            remedy=_REMEDY,
            page_bytes=_PAGE_BYTES,
            max_bytes=max_bytes,
        )
        try:
            self.refresh()
        except BaseException:
            self.db.close()
            raise

    def refresh(self) -> None:
        """Learn what another process may have set since."""
        with self.db.read() as run:
            self.spec = _stored_spec(run, self.topic)

    def close(self) -> None:
        self.db.close()

    def adopt(self, spec: TopicSpec) -> str:
        """Take over the retention of `spec`, for all processes; a sentence about what cannot be changed, or ""."""
        found = self.spec
        wanted = TopicSpec(
            found.name,
            found.partitions,
            spec.retention_seconds,
            spec.retention_bytes,
            spec.block_when_full,
        )
        if wanted != found:
            with self.db.write() as run:
                run.execute(
                    "UPDATE spec SET retention_seconds = ?, retention_bytes = ?, block_when_full = ?",
                    (spec.retention_seconds, spec.retention_bytes, spec.block_when_full),
                )
            self.spec = wanted
        if spec.partitions == found.partitions:
            return ""
        return (
            f"topic {self.topic} has {found.partitions} partitions, not {spec.partitions} as configured: the number is fixed "
            "when a topic is made"
        )

    def append(self, messages: Sequence[Message], room: Callable[[int], None]) -> None:
        """Write all or nothing, durably. `room(bytes)` makes room first; raises Backpressure when it cannot."""
        count = self.spec.partitions
        parts: dict[int, _Part] = {}
        for message in messages:
            headers = encode_headers(message.headers)
            part = parts.setdefault(partition_of(message.key, count), _Part([], 0))
            part.rows.append((message.key, headers, message.value))
            part.size += len(message.key) + len(headers) + len(message.value) + _ROW_BYTES
        need = sum(part.size for part in parts.values())
        room(need)
        with self.db.write() as run:
            if self.used_bytes() + need > self.spec.retention_bytes:  # another process was faster
                raise Backpressure("topic_full")
            ends = dict(run.execute("SELECT partition, next FROM partitions").fetchall())
            now = self.clock()
            for partition, part in parts.items():
                end = ends[partition]
                rows = [(offset, now, *row) for offset, row in enumerate(part.rows, end)]
                segments.append(run, self._segment(run, partition, end, now), rows, part.size)
                run.execute(
                    "UPDATE partitions SET next = ? WHERE partition = ?", (end + len(rows), partition)
                )

    def _segment(self, run: sqlite3.Connection, partition: int, end: int, now: float) -> segments.Segment:
        """The one to append to."""
        newest = segments.newest(run, partition)
        full = min(
            max(_SEGMENT_MIN_BYTES, self.spec.retention_bytes // _SEGMENTS_BY_SIZE), _SEGMENT_MAX_BYTES
        )
        if (
            newest is None
            or newest.bytes >= full
            or now - newest.began >= self.spec.retention_seconds / self._segments_by_age
        ):
            return segments.begin(run, partition, end, now)
        return newest

    def used_bytes(self) -> int:
        """What the records take up in the file, in whole pages; an empty topic takes 0. Without the WAL."""
        with self.db.translated():
            run = self.db.connection.execute
            pages: int = run("PRAGMA page_count").fetchone()[0] - run("PRAGMA freelist_count").fetchone()[0]
        return max(0, pages - _EMPTY_PAGES) * _PAGE_BYTES

    def spans(self) -> dict[int, Span]:
        with self.db.read() as run:
            return _spans(run)

    def fetch(
        self, positions: Mapping[int, int], limit: int, max_bytes: int
    ) -> tuple[list[Record], dict[int, Span]]:
        """Records from each position on, partition after partition in the order given, and what is kept of each now.

        Ends at `limit` records or when `max_bytes` are reached; at least one record if there is one. A position before
        the first kept record reads from that record on: compare it with the spans.
        """
        records: list[Record] = []
        topic = self.topic
        with self.db.read() as run:
            spans = _spans(run)
            for partition, position in positions.items():
                span = spans.get(partition)
                if span is None:
                    raise BusError(f"{topic} has no partition {partition}")
                if position >= span.next:
                    continue
                rows = segments.read(run, partition, position, limit - len(records))
                for offset, at, key, headers, value in rows:
                    records.append(Record(topic, partition, offset, key, value, decode_headers(headers), at))
                    max_bytes -= len(value) + len(headers)
                    if max_bytes <= 0:
                        break
                rows.close()
                if max_bytes <= 0 or len(records) >= limit:
                    break
        return records, spans

    def term(self) -> float:
        """The retention in seconds."""
        return self.spec.retention_seconds

    def appended_at(self, place: TopicPartition, offset: int) -> float | None:
        """When the first record at or after `offset` came; None when there is none."""
        with self.db.read() as run:
            return segments.appended_at(run, place.partition, offset)


def _schema(spec: TopicSpec, starts: Mapping[int, int]) -> tuple[str, ...]:
    statements = [
        """CREATE TABLE spec (
            partitions INTEGER NOT NULL, retention_seconds REAL NOT NULL, retention_bytes INTEGER NOT NULL,
            block_when_full INTEGER NOT NULL, wal_holds_deleted INTEGER NOT NULL DEFAULT 0)""",
        f"""INSERT INTO spec (partitions, retention_seconds, retention_bytes, block_when_full) VALUES (
            {spec.partitions:d}, {spec.retention_seconds!r}, {spec.retention_bytes:d}, {spec.block_when_full:d})""",  # noqa: S608 - numbers
        "CREATE TABLE partitions (partition INTEGER PRIMARY KEY, first INTEGER NOT NULL, next INTEGER NOT NULL)",
        segments.SCHEMA,
    ]
    statements += [
        f"INSERT INTO partitions VALUES ({partition:d}, {starts.get(partition, 0):d}, {starts.get(partition, 0):d})"  # noqa: S608 - numbers
        for partition in range(spec.partitions)
    ]
    return tuple(statements)


def _stored_spec(run: sqlite3.Connection, topic: str) -> TopicSpec:
    partitions, seconds, size, block = run.execute(
        "SELECT partitions, retention_seconds, retention_bytes, block_when_full FROM spec"
    ).fetchone()
    return TopicSpec(topic, partitions, seconds, size, bool(block))


def _spans(run: sqlite3.Connection) -> dict[int, Span]:
    return {
        partition: Span(first, end)
        for partition, first, end in run.execute("SELECT partition, first, next FROM partitions")
    }
