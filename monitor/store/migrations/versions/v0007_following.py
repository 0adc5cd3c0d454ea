"""What follows an exposure: whether it still stands there, who acknowledged it, evidence, silences, drills."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_SUMMED: Final = "message <> ''"
_CARRIED: Final = "carried > 0"
_CHECKED: Final = "next_check IS NOT NULL"


def upgrade() -> None:
    for column in (
        _word("public", 12, "unknown"),
        sa.Column("checked_at", sa.Float()),
        sa.Column("removed_at", sa.Float()),
        sa.Column("revoked_at", sa.Float()),
        sa.Column("acknowledged_at", sa.Float()),
        _word("acknowledged_by", 128, ""),
        sa.Column("people", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("exposures", column)
    for column in (
        _word("public", 12, "unknown"),
        sa.Column("checked_at", sa.Float()),
        sa.Column("removed_at", sa.Float()),
        sa.Column("next_check", sa.Float()),
        sa.Column("checks", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("sightings", column)
    op.create_index(
        "sightings_check",
        "sightings",
        ["next_check"],
        sqlite_where=sa.text(_CHECKED),
        postgresql_where=sa.text(_CHECKED),
    )
    op.add_column("outbox", _word("incident", 200, ""))
    op.add_column("outbox", _word("message", 64, ""))
    op.add_column("outbox", sa.Column("carried", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "outbox_messages",
        "outbox",
        ["notifier", "delivered_at"],
        sqlite_where=sa.text(_CARRIED),
        postgresql_where=sa.text(_CARRIED),
    )
    op.create_index(
        "outbox_incident",
        "outbox",
        ["notifier", "incident"],
        sqlite_where=sa.text(_SUMMED),
        postgresql_where=sa.text(_SUMMED),
    )
    op.create_table(
        "sealed",
        sa.Column("place_id", sa.LargeBinary(16), primary_key=True),
        sa.Column(
            "exposure_id",
            sa.String(64),
            sa.ForeignKey("exposures.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("sealed_exposure", "sealed", ["exposure_id"])
    op.create_index("sealed_at", "sealed", ["at"])
    op.create_table(
        "affected",
        sa.Column(
            "exposure_id",
            sa.String(64),
            sa.ForeignKey("exposures.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("person", sa.LargeBinary(16), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "silences",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("matches", sa.JSON(), nullable=False),
        sa.Column("even_critical", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("created_by", sa.String(128), nullable=False),
        _word("ended_by", 128, ""),
    )
    op.create_index("ix_silences_until", "silences", ["until"])
    op.create_table(
        "drills",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("planted_at", sa.Float(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float()),
        sa.Column("told_at", sa.Float()),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
    )
    op.create_index("ix_drills_fingerprint", "drills", ["fingerprint"])
    op.create_index("ix_drills_planted_at", "drills", ["planted_at"])


def downgrade() -> None:
    for table in ("drills", "silences", "affected", "sealed"):
        op.drop_table(table)
    op.drop_index("outbox_incident", "outbox")
    op.drop_index("sightings_check", "sightings")
    op.drop_index("outbox_messages", "outbox")
    _drop("outbox", "incident", "message", "carried")
    _drop("sightings", "public", "checked_at", "removed_at", "next_check", "checks")
    _drop(
        "exposures",
        "public",
        "checked_at",
        "removed_at",
        "revoked_at",
        "acknowledged_at",
        "acknowledged_by",
        "people",
    )


def _word(name: str, length: int, default: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False, server_default=default)


def _drop(table: str, *columns: str) -> None:
    for column in columns:
        op.drop_column(table, column)
