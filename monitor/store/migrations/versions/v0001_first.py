"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("verb", sa.String(length=32), nullable=False),
        sa.Column("exposure_id", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_exposure_id"), "audit", ["exposure_id"], unique=False)
    op.create_table(
        "blob_places",
        sa.Column("blob_sha", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("kept_since", sa.Float(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("blob_sha", "digest"),
    )
    op.create_index(op.f("ix_blob_places_kept_since"), "blob_places", ["kept_since"], unique=False)
    op.create_table(
        "collector_cursors",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=256), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "name"),
    )
    op.create_table(
        "collector_seen",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key"),
        sqlite_with_rowid=False,
    )
    op.create_index("collector_seen_day", "collector_seen", ["day"], unique=False)
    op.create_table(
        "coverage",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", "since", "until"),
    )
    op.create_index("coverage_until", "coverage", ["until"], unique=False)
    op.create_table(
        "exposures",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("opening", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("decision", sa.String(length=64), nullable=False),
        sa.Column("severity", sa.String(length=8), nullable=False),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.Column("confidence", sa.String(length=8), nullable=False),
        sa.Column("rule", sa.String(length=128), nullable=False),
        sa.Column("provider", sa.String(length=128), nullable=False),
        sa.Column("family", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("check", sa.String(length=64), nullable=False),
        sa.Column("set_id", sa.String(length=128), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.Column("revoke", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("level", sa.String(length=8), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("first_published", sa.Float(), nullable=True),
        sa.Column("first_seen", sa.Float(), nullable=False),
        sa.Column("last_seen", sa.Float(), nullable=False),
        sa.Column("sightings", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.Float(), nullable=False),
        sa.Column("unwatched_since", sa.Float(), nullable=True),
        sa.Column("closed_at", sa.Float(), nullable=True),
        sa.Column("closed_by", sa.String(length=128), nullable=False),
        sa.Column("close_reason", sa.String(length=32), nullable=False),
        sa.Column("close_scope", sa.String(length=16), nullable=False),
        sa.Column("close_where", sa.Text(), nullable=False),
        sa.Column("close_note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("exposures_closed", "exposures", ["closed_at"], unique=False)
    op.create_index("exposures_level", "exposures", ["level", "last_seen"], unique=False)
    op.create_index("exposures_recent", "exposures", ["last_seen", "id"], unique=False)
    op.create_index("exposures_state", "exposures", ["state", "severity", "level"], unique=False)
    op.create_index("exposures_unwatched", "exposures", ["unwatched_since"], unique=False)
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "aliases",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.Column("exposure_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["exposure_id"], ["exposures.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_index(op.f("ix_aliases_exposure_id"), "aliases", ["exposure_id"], unique=False)
    op.create_table(
        "blobs",
        sa.Column("blob_sha", sa.String(length=64), nullable=False),
        sa.Column("exposure_id", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("occurrences", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["exposure_id"], ["exposures.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("blob_sha", "exposure_id"),
    )
    op.create_index(op.f("ix_blobs_exposure_id"), "blobs", ["exposure_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("notifier", sa.String(length=64), nullable=False),
        sa.Column("exposure_id", sa.String(length=64), nullable=False),
        sa.Column("opening", sa.Integer(), nullable=False),
        sa.Column("change", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("fetched_at", sa.Float(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.Float(), nullable=False),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("delivered_at", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(["exposure_id"], ["exposures.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", "notifier"),
    )
    op.create_index("outbox_delivered", "outbox", ["state", "delivered_at"], unique=False)
    op.create_index("outbox_due", "outbox", ["notifier", "state", "next_try", "id"], unique=False)
    op.create_index("outbox_order", "outbox", ["exposure_id", "notifier", "state", "id"], unique=False)
    op.create_table(
        "places",
        sa.Column("place_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("exposure_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["exposure_id"], ["exposures.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("place_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("places_exposure", "places", ["exposure_id"], unique=False)
    op.create_table(
        "sightings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("exposure_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("published_at", sa.Float(), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("blob_sha", sa.String(length=64), nullable=False),
        sa.Column("snippet", sa.Text(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["exposure_id"], ["exposures.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("exposure_id", "number"),
    )
    op.create_index("sightings_seen", "sightings", ["seen_at"], unique=False)


def downgrade() -> None:
    op.drop_index("sightings_seen", table_name="sightings")
    op.drop_table("sightings")
    op.drop_index("places_exposure", table_name="places")
    op.drop_table("places")
    op.drop_index("outbox_order", table_name="outbox")
    op.drop_index("outbox_due", table_name="outbox")
    op.drop_index("outbox_delivered", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_blobs_exposure_id"), table_name="blobs")
    op.drop_table("blobs")
    op.drop_index(op.f("ix_aliases_exposure_id"), table_name="aliases")
    op.drop_table("aliases")
    op.drop_table("meta")
    op.drop_index("exposures_unwatched", table_name="exposures")
    op.drop_index("exposures_state", table_name="exposures")
    op.drop_index("exposures_recent", table_name="exposures")
    op.drop_index("exposures_level", table_name="exposures")
    op.drop_index("exposures_closed", table_name="exposures")
    op.drop_table("exposures")
    op.drop_index("coverage_until", table_name="coverage")
    op.drop_table("coverage")
    op.drop_index("collector_seen_day", table_name="collector_seen")
    op.drop_table("collector_seen")
    op.drop_table("collector_cursors")
    op.drop_index(op.f("ix_blob_places_kept_since"), table_name="blob_places")
    op.drop_table("blob_places")
    op.drop_index(op.f("ix_audit_exposure_id"), table_name="audit")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_table("audit")
