"""What the service keeps about itself and those who use it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import JSON, BigInteger, Column, Float, Integer, String, Table, Text

from monitor.store.tables.schema import Id, metadata

# Which process does what only one of them should do. Term: the store's own.
leases: Final = Table(
    "leases",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("fence", Integer, nullable=False),
    Column("until", Float, nullable=False),
)

# Who closed, reopened or looked. Term: a year.
audit: Final = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Float, nullable=False, index=True),
    Column("actor", String(128), nullable=False),
    Column("verb", String(32), nullable=False),
    Column("exposure_id", String(64), nullable=False, index=True),  # outlives the exposure: no foreign key
    Column("detail", JSON, nullable=False),
)

# Which dead letters were sent again or dropped, by their place on the bus. Term: 40 days, longer than any topic keeps its records.
dead_letters_done: Final = Table(
    "dead_letters_done",
    metadata,
    Column("topic", String(128), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("appended_at", Float, primary_key=True),
    Column("verb", String(8), nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("actor", String(128), nullable=False),
)

# Facts about the store itself (key check values, notifiers' revisions). Term: the store's own.
meta: Final = Table(
    "meta", metadata, Column("name", String(64), primary_key=True), Column("value", Text, nullable=False)
)

# Synthetic leaks that were planted to see whether they come out at the other end. Term: 400 days.
drills: Final = Table(
    "drills",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("fingerprint", String(64), nullable=False, index=True),
    Column("planted_at", Float, nullable=False, index=True),
    Column("due", Float, nullable=False),  # when it is missed
    Column("seen_at", Float),
    Column("told_at", Float),
    Column("state", String(12), nullable=False),  # planted | told | missed
    Column("detail", JSON, nullable=False),
)
