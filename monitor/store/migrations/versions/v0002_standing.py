"""What notifiers that show states need: the labels of what was told, as they were then, and the lease of the reconciler."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("labels", sa.JSON(), server_default=sa.text("'{}'"), nullable=False))
    op.create_index("outbox_recent", "outbox", ["notifier", "created_at"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("holder", sa.String(length=64), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )


def downgrade() -> None:
    op.drop_table("leases")
    op.drop_index("outbox_recent", table_name="outbox")
    op.drop_column("outbox", "labels")
