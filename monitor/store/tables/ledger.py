"""The coverage ledger."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Table, Text

from monitor.store.tables.schema import Id, metadata, some

# What the sources say they saw: the entries of the ledger, never changed (`monitor.store.ledger`). Term: 400 days from when they were
# written; `packed` 35 days, its digest stays in `body`.
coverage: Final = Table(
    "coverage",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("at", Float, nullable=False),
    Column("source", String(64), nullable=False),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("span", String(64), nullable=False, unique=True),  # digest of what makes two tellings one
    Column(
        "gap", String(128), nullable=False
    ),  # kind of blindness, partition, first offset; "" = none is named
    Column("last", BigInteger, nullable=False),  # offset of a gap
    Column("body", Text, nullable=False),
    Column("prev", LargeBinary(32), nullable=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("packed", Text, nullable=False),  # the items; "" = none, or dropped by age
    Index("coverage_at", "at"),
    Index("coverage_until", "until"),
    Index("coverage_gap", "source", "gap", "last", **some("gap <> ''")),
    Index("coverage_packed", "at", **some("packed <> ''")),
)

# What the ledger held at the end of each day, signed. Term: the store's own.
seals: Final = Table(
    "seals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("day", String(10), nullable=False, index=True),
    Column("until", Float, nullable=False),
    Column("body", Text, nullable=False),
    Column("signature", LargeBinary(64), nullable=False),
)
