"""Make the coverage rows a chain of entries, and keep seals over it.

What was there is taken over in the order of its ids and bears the time of the move: that it was written earlier, nothing proves.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import orjson
import sqlalchemy as sa
from alembic import op

from monitor.coverage.chain import Entry, Head
from monitor.store.ledger import HEAD, row_of

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_PAGE: Final = 500
_OLD: Final = sa.table(
    "coverage",
    sa.column("id", sa.BigInteger()),
    sa.column("source", sa.String()),
    sa.column("since", sa.Float()),
    sa.column("until", sa.Float()),
    sa.column("gap", sa.String()),
    sa.column("last", sa.BigInteger()),
    sa.column("event", sa.JSON()),
)
_NEW: Final = sa.table(
    "ledger",
    *(sa.column(name, sa.BigInteger()) for name in ("seq", "last")),
    *(sa.column(name, sa.Float()) for name in ("at", "since", "until")),
    *(sa.column(name, sa.Text()) for name in ("source", "span", "gap", "body", "packed")),
    *(sa.column(name, sa.LargeBinary()) for name in ("prev", "hash")),
)
_META: Final = sa.table("meta", sa.column("name", sa.String()), sa.column("value", sa.Text()))


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("span", sa.String(length=64), nullable=False),
        sa.Column("gap", sa.String(length=128), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("packed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("span"),
    )
    _take_over()
    for index in ("coverage_until", "coverage_span", "coverage_gap"):
        op.drop_index(index, table_name="coverage")
    op.drop_table("coverage")
    op.rename_table("ledger", "coverage")
    op.create_index("coverage_at", "coverage", ["at"])
    op.create_index("coverage_until", "coverage", ["until"])
    op.create_index("coverage_gap", "coverage", ["source", "gap", "last"], **_where("gap <> ''"))
    op.create_index("coverage_packed", "coverage", ["at"], **_where("packed <> ''"))
    op.create_table(
        "seals",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_seals_day", "seals", ["day"])


def downgrade() -> None:
    op.create_table(
        "coverage_old",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("gap", sa.String(length=128), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    _give_back()
    for index in ("coverage_at", "coverage_until", "coverage_gap", "coverage_packed"):
        op.drop_index(index, table_name="coverage")
    op.drop_table("coverage")
    op.rename_table("coverage_old", "coverage")
    op.create_index("coverage_until", "coverage", ["until"], unique=False)
    op.create_index(
        "coverage_span", "coverage", ["source", "since", "until"], unique=True, **_where("gap = ''")
    )
    op.create_index("coverage_gap", "coverage", ["source", "gap"], unique=True, **_where("gap <> ''"))
    op.drop_index("ix_seals_day", table_name="seals")
    op.drop_table("seals")
    op.execute(sa.delete(_META).where(_META.c.name == HEAD))


def _take_over() -> None:
    connection, head, now = op.get_bind(), Head(), time.time()
    for rows in _pages(lambda after: sa.select(_OLD).where(_OLD.c.id > after).order_by(_OLD.c.id), "id"):
        taken = []
        for row in rows:
            event = {**row.event, "source": row.source, "since": row.since, "until": row.until}
            entry = Entry.make(head.seq + 1, now, head.hash, event)
            head = head.after(entry, entry.told())
            taken.append(row_of(entry, head, event))
        connection.execute(sa.insert(_NEW), taken)
    if head.seq:
        value = f"{head.seq} {head.hash.hex()} {head.at!r}"
        connection.execute(sa.insert(_META), [{"name": HEAD, "value": value}])


def _give_back() -> None:
    """The earlier table holds one row a span of a source, and of a gap the longest."""
    ledger = sa.table("coverage", *(sa.column(c.name, c.type) for c in _NEW.columns))
    longest = (
        sa.select(sa.func.max(ledger.c.seq))
        .group_by(
            ledger.c.source,
            ledger.c.gap,
            sa.case((ledger.c.gap == "", ledger.c.since)),
            sa.case((ledger.c.gap == "", ledger.c.until)),
        )
        .scalar_subquery()
    )
    old = sa.table("coverage_old", *(sa.column(c.name, c.type) for c in _OLD.columns))
    query = sa.select(ledger).where(ledger.c.seq.in_(longest)).order_by(ledger.c.seq)
    for rows in _pages(lambda after: query.where(ledger.c.seq > after), "seq"):
        given = [
            {
                "id": row.seq,
                "source": row.source,
                "since": row.since,
                "until": row.until,
                "gap": row.gap,
                "last": row.last,
                "event": {**orjson.loads(row.body)["event"], "items": row.packed},
            }
            for row in rows
        ]
        op.get_bind().execute(sa.insert(old), given)


def _pages(query: Callable[[int], sa.Select[Any]], key: str) -> Iterator[list[Any]]:
    after = -1
    while rows := list(op.get_bind().execute(query(after).limit(_PAGE))):
        yield rows
        after = getattr(rows[-1], key)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
