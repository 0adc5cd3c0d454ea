"""What has to be told to whom."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from monitor.store.tables.schema import Id, metadata

# What has to be told to whom. Term: those of open exposures stay; else delivered ones 90 days, failed, skipped and dropped ones 400 days, pending ones
# until delivered.
outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("notifier", String(64), nullable=False),
    Column("exposure_id", String(64), ForeignKey("exposures.id", ondelete="CASCADE"), nullable=False),
    Column("opening", Integer, nullable=False),
    Column("change", String(16), nullable=False),
    Column("action", String(8), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("fetched_at", Float),
    Column("state", String(12), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try", Float, nullable=False),
    Column("lease_until", Float, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("reason", String(32), nullable=False),
    Column("delivered_at", Float),
    Column("labels", JSON, nullable=False, server_default=text("'{}'")),
    Column("incident", String(200), nullable=False, server_default=""),  # what is told together
    Column("message", String(64), nullable=False, server_default=""),  # the key of the summary that tells it
    Column("published_at", Float),  # of what is told; None: its age says nothing about us
    Column("trace_id", String(64), nullable=False, server_default=""),
    # how many rows its message told: 1 alone, n on one row of a summary and 0 on its others
    Column("carried", Integer, nullable=False, server_default="0"),
    UniqueConstraint("key", "notifier"),
    Index("outbox_due", "notifier", "state", "next_try", "id"),
    Index("outbox_order", "exposure_id", "notifier", "state", "id"),
    Index("outbox_delivered", "state", "delivered_at"),
    Index(
        "outbox_incident",
        "notifier",
        "incident",
        sqlite_where=text("message <> ''"),
        postgresql_where=text("message <> ''"),
    ),
    Index("outbox_recent", "notifier", "created_at"),
    Index(
        "outbox_messages",
        "notifier",
        "delivered_at",
        sqlite_where=text("carried > 0"),
        postgresql_where=text("carried > 0"),
    ),
)

# When nobody is to be told of what. Term: a year after the end.
silences: Final = Table(
    "silences",
    metadata,
    Column("id", Id, primary_key=True),
    Column("since", Float, nullable=False),
    Column("until", Float, nullable=False, index=True),
    Column("matches", JSON, nullable=False),  # name -> value, all of which an exposure must have
    Column("even_critical", Boolean, nullable=False, server_default=false()),  # and proved
    Column("reason", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("created_by", String(128), nullable=False),
    Column("ended_by", String(128), nullable=False, server_default=""),
)
