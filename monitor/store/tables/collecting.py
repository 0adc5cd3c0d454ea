"""The memory of collectors; a file of its own on one host."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Float, Index, Integer, LargeBinary, String, Table, Text

from monitor.store.tables.schema import metadata

# Where a source goes on. Term: the store's own.
collector_cursors: Final = Table(
    "collector_cursors",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("name", String(256), primary_key=True),
    Column("value", Text, nullable=False),
)

# What a source has already put on the bus, as digests. Term: 400 days.
collector_seen: Final = Table(
    "collector_seen",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("key", LargeBinary(32), primary_key=True),
    Column("day", Integer, nullable=False),  # days since 1970
    Index("collector_seen_day", "day"),
    sqlite_with_rowid=False,
)

# Which texts went to the bus lately, so that the thousandth fork of a file is not scanned again. Term: 20 h, shorter than alerting
# remembers the blobs that it found something in.
collector_blobs: Final = Table(
    "collector_blobs",
    metadata,
    Column("key", LargeBinary(16), primary_key=True),
    Column("at", Float, nullable=False),
    Index("collector_blobs_at", "at"),
    sqlite_with_rowid=False,
)

# What others ask of a source: sweep a repository, repair an hour. Term: until the source has done it.
collector_requests: Final = Table(
    "collector_requests",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("target", String(1024), primary_key=True),
    Column("requested_at", Float, nullable=False),
    Column("reason", Text, nullable=False),
)
