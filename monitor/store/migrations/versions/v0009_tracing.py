"""What is told knows when it was published and which document it came from, for the time to page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("published_at", sa.Float()))
    op.add_column("outbox", sa.Column("trace_id", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("outbox", "trace_id")
    op.drop_column("outbox", "published_at")
