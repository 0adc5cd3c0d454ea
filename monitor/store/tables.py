"""Every table, with its term: how long a row is kept (`monitor.store.janitor` enforces it). docs/privacy.md repeats the terms.

Times are epoch seconds. Digests are lower-case hex, but for the two tables of millions of rows (`places`, `collector_seen`)
that keep them as bytes. No column holds a secret: texts come out of the matcher's redactor. Portable SQL only.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import BigInteger

_Id: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only a column named INTEGER

metadata: Final = MetaData()


def _where(condition: str) -> dict[str, Any]:
    """For an index of some rows only."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


# One row a leak. Term: open and attributed ones stay; closed ones a year after the close; those that nobody watches
# (level "none") keep only fingerprint, rule, source and day after 24 h, and go after 180 days.
exposures: Final = Table(
    "exposures",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("mode", String(8), nullable=False),
    Column("opening", Integer, nullable=False),
    Column("rank", Integer, nullable=False),
    Column("told", Integer, nullable=False),
    Column("action", String(8), nullable=False),
    Column("decision", String(64), nullable=False),
    Column("severity", String(8), nullable=False),
    Column("verdict", String(12), nullable=False),
    Column("confidence", String(8), nullable=False),
    Column("rule", String(128), nullable=False),
    Column("provider", String(128), nullable=False),
    Column("family", String(128), nullable=False),
    Column("title", Text, nullable=False),
    Column("check", String(64), nullable=False),
    Column("set_id", String(128), nullable=False),
    Column("parts", JSON, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("preview", Text, nullable=False),
    Column("revoke", Text, nullable=False),
    Column("source", String(64), nullable=False),
    Column("repository", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("level", String(8), nullable=False),
    Column("score", Integer, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("first_published", Float),
    Column("first_seen", Float, nullable=False),
    Column("last_seen", Float, nullable=False),
    Column("sightings", Integer, nullable=False),
    Column("opened_at", Float, nullable=False),
    Column(
        "unwatched_since", Float
    ),  # how long places of what nobody watches have been kept; NULL = there are none
    Column("closed_at", Float),
    Column("closed_by", String(128), nullable=False),
    Column("close_reason", String(32), nullable=False),
    Column("close_scope", String(16), nullable=False),
    Column("close_where", Text, nullable=False),
    Column("close_note", Text, nullable=False),
    Index("exposures_state", "state", "severity", "level"),
    Index("exposures_recent", "last_seen", "id"),
    Index("exposures_level", "level", "last_seen"),
    Index("exposures_closed", "closed_at"),
    Index("exposures_unwatched", "unwatched_since"),
)

# Fingerprint under any key -> exposure. Term: its exposure's.
aliases: Final = Table(
    "aliases",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("key_id", String(16), nullable=False),
    Column(
        "exposure_id",
        String(64),
        ForeignKey("exposures.id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
)

# Every place ever counted, 16 bytes each, so that a replay adds nothing. Term: its exposure's; 24 h while nobody watches it.
places: Final = Table(
    "places",
    metadata,
    Column("place_id", LargeBinary(16), primary_key=True),
    Column("exposure_id", String(64), ForeignKey("exposures.id", ondelete="CASCADE"), nullable=False),
    Index("places_exposure", "exposure_id"),
    sqlite_with_rowid=False,
)

# The first 20 and the last 100 places of an exposure in full. Term: 400 days; 24 h while nobody watches it.
sightings: Final = Table(
    "sightings",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("exposure_id", String(64), ForeignKey("exposures.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("place_id", LargeBinary(16), nullable=False),
    Column("seen_at", Float, nullable=False),
    Column("published_at", Float),
    Column("source", String(64), nullable=False),
    Column("document_id", Text, nullable=False),
    Column("blob_sha", String(64), nullable=False),
    Column("snippet", Text, nullable=False),
    Column("place", JSON, nullable=False),
    UniqueConstraint("exposure_id", "number"),
    Index("sightings_seen", "seen_at"),
)

# Which leaks a git blob holds and how often, so that a sighting of the blob elsewhere finds them. Term: its exposure's; 24 h
# while nobody watches it.
blobs: Final = Table(
    "blobs",
    metadata,
    Column("blob_sha", String(64), primary_key=True),
    Column(
        "exposure_id",
        String(64),
        ForeignKey("exposures.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    Column("origin", String(32), nullable=False),  # digest of the place that `occurrences` was counted at
    Column("occurrences", Integer, nullable=False),
    Column("seen_at", Float, nullable=False),
)

# Further places of blobs, told by collectors, whether a leak is known in the blob or is still on its way through the matcher.
# Term: 24 h.
blob_places: Final = Table(
    "blob_places",
    metadata,
    Column("blob_sha", String(64), primary_key=True),
    Column("digest", String(32), primary_key=True),
    Column("seen_at", Float, nullable=False),
    Column("kept_since", Float, nullable=False, index=True),
    Column("event", JSON, nullable=False),
)

# What has to be told to whom. Term: those of open exposures stay; else delivered ones 90 days, failed ones 400 days, pending ones
# until delivered.
outbox: Final = Table(
    "outbox",
    metadata,
    Column("id", _Id, primary_key=True),
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
    UniqueConstraint("key", "notifier"),
    Index("outbox_due", "notifier", "state", "next_try", "id"),
    Index("outbox_order", "exposure_id", "notifier", "state", "id"),
    Index("outbox_delivered", "state", "delivered_at"),
    Index("outbox_recent", "notifier", "created_at"),
)

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
    Column("id", _Id, primary_key=True),
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

# What the sources say they saw: the entries of the ledger, never changed (`monitor.store.ledger`). Term: 400 days from when they were
# written; `packed` 35 days, its digest stays in `body`.
coverage: Final = Table(
    "coverage",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
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
    Index("coverage_gap", "source", "gap", "last", **_where("gap <> ''")),
    Index("coverage_packed", "at", **_where("packed <> ''")),
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

# Facts about the store itself (key check values, notifiers' revisions). Term: the store's own.
meta: Final = Table(
    "meta", metadata, Column("name", String(64), primary_key=True), Column("value", Text, nullable=False)
)

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
