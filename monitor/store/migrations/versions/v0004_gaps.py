"""Know a gap of the coverage ledger by what it names, not by when it was told."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "coverage_new",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("gap", sa.String(length=128), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _move("source, since, until, gap, last, event", "source, since, until, '', 0, event")
    op.create_index("coverage_until", "coverage", ["until"], unique=False)
    op.create_index(
        "coverage_span", "coverage", ["source", "since", "until"], unique=True, **_where("gap = ''")
    )
    op.create_index("coverage_gap", "coverage", ["source", "gap"], unique=True, **_where("gap <> ''"))


def downgrade() -> None:
    op.create_table(
        "coverage_new",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("source", "since", "until"),
    )
    op.drop_index("coverage_gap", table_name="coverage")
    op.drop_index("coverage_span", table_name="coverage")
    # gaps that were told at one time were one event: the earlier tables hold one of them
    first = "id IN (SELECT min(id) FROM coverage GROUP BY source, since, until)"
    _move("source, since, until, event", "source, since, until, event", where=f" WHERE {first}")
    op.create_index("coverage_until", "coverage", ["until"], unique=False)


def _move(columns: str, values: str, where: str = "") -> None:
    op.execute(f"INSERT INTO coverage_new ({columns}) SELECT {values} FROM coverage{where}")  # noqa: S608
    op.drop_index("coverage_until", table_name="coverage")
    op.drop_table("coverage")
    op.rename_table("coverage_new", "coverage")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
