"""A partition is a row of segments, each a table of its own: begun, appended to, and dropped as a whole.

Why not one table with rows deleted at its head: SQLite then merges half-empty pages, and copies of rows stay behind in the
gaps of the pages they were moved from. `secure_delete` does not reach those; they outlive the row (a test found them). Nothing
ever moves between tables, and dropping one overwrites every page it had.

All functions take the connection inside a transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Sequence
from typing import Final, NamedTuple

SCHEMA: Final = """CREATE TABLE segments (
    partition INTEGER NOT NULL, first INTEGER NOT NULL, began REAL NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (partition, first)) WITHOUT ROWID"""

_COLUMNS: Final = "SELECT partition, first, began, bytes FROM segments"


class Segment(NamedTuple):
    """Offsets from `first` on, appended from `began` on."""

    partition: int
    first: int
    began: float
    bytes: int

    @property
    def table(self) -> str:
        return f"s{self.partition:d}_{self.first:d}"


def begin(run: sqlite3.Connection, partition: int, first: int, now: float) -> Segment:
    """A new segment behind the others."""
    segment = Segment(partition, first, now, 0)
    run.execute("INSERT INTO segments VALUES (?, ?, ?, ?)", segment)
    # `at` stands before the large columns: it is read without touching them
    run.execute(
        f"""CREATE TABLE {segment.table} (offset INTEGER PRIMARY KEY, at REAL NOT NULL, key BLOB NOT NULL,
        headers BLOB NOT NULL, value BLOB NOT NULL)"""
    )
    return segment


def newest(run: sqlite3.Connection, partition: int) -> Segment | None:
    row = run.execute(f"{_COLUMNS} WHERE partition = ? ORDER BY first DESC LIMIT 1", (partition,)).fetchone()
    return Segment(*row) if row else None


def append(
    run: sqlite3.Connection,
    segment: Segment,
    rows: Sequence[tuple[int, float, bytes, bytes, bytes]],
    size: int,
) -> None:
    """`rows` = offset, at, key, headers, value."""
    run.executemany(f"INSERT INTO {segment.table} VALUES (?, ?, ?, ?, ?)", rows)  # noqa: S608 - two numbers
    run.execute(
        "UPDATE segments SET bytes = bytes + ? WHERE partition = ? AND first = ?",
        (size, segment.partition, segment.first),
    )


def read(
    run: sqlite3.Connection, partition: int, offset: int, limit: int
) -> Generator[tuple[int, float, bytes, bytes, bytes]]:
    """At most `limit` rows from `offset` on, or from the first kept after it."""
    holding = run.execute(
        "SELECT max(first) FROM segments WHERE partition = ? AND first <= ?", (partition, offset)
    ).fetchone()[0]
    tables = run.execute(
        f"{_COLUMNS} WHERE partition = ? AND first >= ? ORDER BY first",
        (partition, offset if holding is None else holding),
    ).fetchall()
    for segment in map(Segment._make, tables):
        rows = run.execute(
            f"SELECT offset, at, key, headers, value FROM {segment.table} WHERE offset >= ? ORDER BY offset LIMIT ?",  # noqa: S608 - two numbers
            (offset, limit),
        )
        for row in rows:
            yield row
            limit -= 1
        if limit <= 0:
            return


def appended_at(run: sqlite3.Connection, partition: int, offset: int) -> float | None:
    """When the first record at or after `offset` came; None when there is none."""
    for _, at, *_ in read(run, partition, offset, 1):
        return at
    return None


def oldest(run: sqlite3.Connection) -> list[tuple[Segment, int]]:
    """The first segment of each partition that has one, the oldest first, with the offset after its last record."""
    found = []
    for partition, end in run.execute("SELECT partition, next FROM partitions").fetchall():
        rows = run.execute(f"{_COLUMNS} WHERE partition = ? ORDER BY first LIMIT 2", (partition,)).fetchall()
        if rows:
            found.append((Segment(*rows[0]), rows[1][1] if len(rows) > 1 else end))
    return sorted(found, key=lambda pair: pair[0].began)


def drop(run: sqlite3.Connection, segment: Segment, end: int) -> None:
    """`end` as from `oldest`: where the partition begins from now on."""
    run.execute(f"DROP TABLE {segment.table}")
    run.execute("DELETE FROM segments WHERE partition = ? AND first = ?", (segment.partition, segment.first))
    run.execute("UPDATE partitions SET first = ? WHERE partition = ?", (end, segment.partition))
    run.execute("UPDATE spec SET wal_holds_deleted = 1")
