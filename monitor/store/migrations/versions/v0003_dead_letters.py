"""Remember which dead letters were dealt with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dead_letters_done",
        sa.Column("topic", sa.String(length=128), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("appended_at", sa.Float(), nullable=False),
        sa.Column("verb", sa.String(length=8), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", "appended_at"),
    )
    op.create_index(op.f("ix_dead_letters_done_at"), "dead_letters_done", ["at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_dead_letters_done_at"), table_name="dead_letters_done")
    op.drop_table("dead_letters_done")
