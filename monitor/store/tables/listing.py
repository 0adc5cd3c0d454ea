"""What lists, counts and searches of exposures work with. Triggers of the migration keep all three; nobody else writes them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from monitor.store.tables.schema import Id, metadata

# Everything that exposures are filtered by, each combination once. Some thousands of rows. Term: the store's own; it names nobody.
exposure_kinds: Final = Table(
    "exposure_kinds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", String(8), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("level", String(8), nullable=False),
    Column("action", String(8), nullable=False),
    Column("rule", String(128), nullable=False),
    Column("title", Text, nullable=False),
    Column("source", String(64), nullable=False),
    UniqueConstraint("rule", "source", "severity", "state", "level", "action", "mode", "title"),
)

# How many exposures there are of each kind: the sum of its rows. A change adds one, so that two who change the same kind do not wait for
# each other; `monitor.store.janitor` adds them up. Term: the store's own.
exposure_counts: Final = Table(
    "exposure_counts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Integer, nullable=False),
    Column("exposures", Integer, nullable=False),
    Index("exposure_counts_kind", "kind"),
)

# Repository and path of what is watched, in lower case, to search in. Term: its exposure's.
exposure_words: Final = Table(
    "exposure_words",
    metadata,
    Column("exposure_id", String(64), ForeignKey("exposures.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Integer, nullable=False),
    Column("words", Text, nullable=False),
    sqlite_with_rowid=False,
)
