"""The leaks: exposures, their names, their places, what their blobs hold."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from monitor.store.tables.schema import Id, metadata, some

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
    # whether it still stands there: unknown | public | cleaned | removed (`monitor.alerting.exposures.states`)
    Column("public", String(12), nullable=False, server_default="unknown"),
    Column("checked_at", Float),
    Column("removed_at", Float),
    Column("revoked_at", Float),
    Column("acknowledged_at", Float),
    Column("acknowledged_by", String(128), nullable=False, server_default=""),
    Column("people", Integer, nullable=False, server_default="0"),  # whose data it holds, at least
    Column("kind", Integer),  # of `exposure_kinds`; triggers set it
    Index("exposures_listed", "last_seen", "id", "kind"),
    Index("exposures_kind", "kind", "last_seen", "id"),
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
    Column("id", Id, primary_key=True),
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
    Column("public", String(12), nullable=False, server_default="unknown"),
    Column("checked_at", Float),
    Column("removed_at", Float),
    Column("next_check", Float),  # NULL = it is not looked at again
    Column("checks", Integer, nullable=False, server_default="0"),
    UniqueConstraint("exposure_id", "number"),
    Index("sightings_seen", "seen_at"),
    Index("sightings_check", "next_check", **some("next_check IS NOT NULL")),
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

# The responders' evidence: secret and surroundings, encrypted at the matcher to their age keys; nothing here can open it. Term: its
# exposure's, at most `evidence.days`; 24 h while nobody watches it.
sealed: Final = Table(
    "sealed",
    metadata,
    Column("place_id", LargeBinary(16), primary_key=True),
    Column("exposure_id", String(64), ForeignKey("exposures.id", ondelete="CASCADE"), nullable=False),
    Column("at", Float, nullable=False),
    Column("recipients", Text, nullable=False),  # the public keys it was encrypted to, with commas
    Column("body", LargeBinary, nullable=False),
    Index("sealed_exposure", "exposure_id"),
    Index("sealed_at", "at"),
)

# Whose data went to the wrong place, as keyed hashes (`monitor.misdelivery`), so that each is counted once. Term: its exposure's.
affected: Final = Table(
    "affected",
    metadata,
    Column("exposure_id", String(64), ForeignKey("exposures.id", ondelete="CASCADE"), primary_key=True),
    Column("person", LargeBinary(16), primary_key=True),
    sqlite_with_rowid=False,
)
