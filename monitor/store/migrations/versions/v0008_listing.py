"""Kinds of exposures with how many there are of each, and the words to search in, so that lists and counts of a million are quick."""

# ruff: noqa: S608 - the names are this file's own
from __future__ import annotations

from contextlib import suppress
from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.exc import DBAPIError

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KIND: Final = ("state", "mode", "severity", "level", "action", "rule", "title", "source")
_ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NAMES: Final = ", ".join(_KIND)
_THESE: Final = " AND ".join(f"k.{name} = NEW.{name}" for name in _KIND)
_OTHERS: Final = " OR ".join(f"NEW.{name} <> OLD.{name}" for name in _KIND)
_WORDS: Final = "lower({0}repository || ' ' || {0}path)"

_SQLITE_SORT: Final = f"""
    INSERT INTO exposure_kinds ({_NAMES}) SELECT {", ".join(f"NEW.{name}" for name in _KIND)}
        WHERE NOT EXISTS (SELECT 1 FROM exposure_kinds k WHERE {_THESE});
    UPDATE exposures SET kind = (SELECT k.id FROM exposure_kinds k WHERE {_THESE}) WHERE id = NEW.id;
"""
_SQLITE: Final = (
    f"CREATE TRIGGER exposures_new AFTER INSERT ON exposures BEGIN {_SQLITE_SORT} END",
    f"CREATE TRIGGER exposures_sorted AFTER UPDATE OF {_NAMES} ON exposures WHEN {_OTHERS} BEGIN {_SQLITE_SORT} END",
    """CREATE TRIGGER exposures_counted AFTER UPDATE OF kind ON exposures WHEN NEW.kind IS NOT OLD.kind BEGIN
        INSERT INTO exposure_counts (kind, exposures) SELECT OLD.kind, -1 WHERE OLD.kind IS NOT NULL;
        INSERT INTO exposure_counts (kind, exposures) VALUES (NEW.kind, 1);
    END""",
    f"""CREATE TRIGGER exposures_worded AFTER UPDATE OF kind, repository, path ON exposures
        WHEN NEW.kind IS NOT OLD.kind OR NEW.repository <> OLD.repository OR NEW.path <> OLD.path BEGIN
        DELETE FROM exposure_words WHERE exposure_id = NEW.id;
        INSERT INTO exposure_words (exposure_id, kind, words)
            SELECT NEW.id, NEW.kind, {_WORDS.format("NEW.")} WHERE NEW.level <> 'none';
    END""",
    """CREATE TRIGGER exposures_gone AFTER DELETE ON exposures BEGIN
        INSERT INTO exposure_counts (kind, exposures) VALUES (OLD.kind, -1);
    END""",
)
_POSTGRESQL: Final = (
    f"""CREATE FUNCTION leakstream_sort() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        SELECT k.id INTO NEW.kind FROM exposure_kinds k WHERE {_THESE};
        IF NEW.kind IS NULL THEN
            INSERT INTO exposure_kinds ({_NAMES}) VALUES ({", ".join(f"NEW.{name}" for name in _KIND)})
                ON CONFLICT DO NOTHING;
            SELECT k.id INTO NEW.kind FROM exposure_kinds k WHERE {_THESE};
        END IF;
        RETURN NEW;
    END $$""",
    f"""CREATE FUNCTION leakstream_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            INSERT INTO exposure_counts (kind, exposures) VALUES (OLD.kind, -1);
            RETURN NULL;
        END IF;
        IF TG_OP = 'UPDATE' THEN
            DELETE FROM exposure_words WHERE exposure_id = NEW.id;
            IF NEW.kind <> OLD.kind THEN
                INSERT INTO exposure_counts (kind, exposures) VALUES (OLD.kind, -1), (NEW.kind, 1);
            END IF;
        ELSE
            INSERT INTO exposure_counts (kind, exposures) VALUES (NEW.kind, 1);
        END IF;
        IF NEW.level <> 'none' THEN
            INSERT INTO exposure_words (exposure_id, kind, words) VALUES (NEW.id, NEW.kind, {_WORDS.format("NEW.")});
        END IF;
        RETURN NULL;
    END $$""",
    "CREATE TRIGGER exposures_new BEFORE INSERT ON exposures FOR EACH ROW EXECUTE FUNCTION leakstream_sort()",
    f"""CREATE TRIGGER exposures_sorted BEFORE UPDATE OF {_NAMES} ON exposures FOR EACH ROW WHEN ({_OTHERS})
        EXECUTE FUNCTION leakstream_sort()""",
    """CREATE TRIGGER exposures_counted AFTER INSERT OR DELETE ON exposures FOR EACH ROW
        EXECUTE FUNCTION leakstream_count()""",
    """CREATE TRIGGER exposures_worded AFTER UPDATE ON exposures FOR EACH ROW
        WHEN (NEW.kind <> OLD.kind OR NEW.repository <> OLD.repository OR NEW.path <> OLD.path)
        EXECUTE FUNCTION leakstream_count()""",
)
_FILL: Final = (
    f"INSERT INTO exposure_kinds ({_NAMES}) SELECT DISTINCT {_NAMES} FROM exposures",
    f"UPDATE exposures SET kind = (SELECT k.id FROM exposure_kinds k WHERE {_THESE.replace('NEW.', 'exposures.')})",
    "INSERT INTO exposure_counts (kind, exposures) SELECT kind, count(*) FROM exposures GROUP BY kind",
    f"""INSERT INTO exposure_words (exposure_id, kind, words)
        SELECT id, kind, {_WORDS.format("")} FROM exposures WHERE level <> 'none'""",
)


def upgrade() -> None:
    op.create_table(
        "exposure_kinds",
        sa.Column("id", sa.Integer(), primary_key=True),
        *(sa.Column(name, sa.String(8), nullable=False) for name in _KIND[:5]),
        sa.Column("rule", sa.String(128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.UniqueConstraint("rule", "source", "severity", "state", "level", "action", "mode", "title"),
    )
    op.create_table(
        "exposure_counts",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("exposures", sa.Integer(), nullable=False),
    )
    op.create_index("exposure_counts_kind", "exposure_counts", ["kind"])
    op.create_table(
        "exposure_words",
        sa.Column(
            "exposure_id",
            sa.String(64),
            sa.ForeignKey("exposures.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("kind", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.add_column("exposures", sa.Column("kind", sa.Integer()))
    for statement in (*_FILL, *(_POSTGRESQL if _on_postgresql() else _SQLITE)):
        op.execute(statement)
    op.drop_index("exposures_recent", "exposures")
    op.drop_index("exposures_state", "exposures")
    op.create_index("exposures_listed", "exposures", ["last_seen", "id", "kind"])
    op.create_index("exposures_kind", "exposures", ["kind", "last_seen", "id"])
    if _on_postgresql():
        _find_parts_of_words()


def _find_parts_of_words() -> None:
    """Where the server has pg_trgm and lets us have it; without it a search reads through all words."""
    with suppress(DBAPIError), op.get_bind().begin_nested():
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.execute("CREATE INDEX exposure_words_parts ON exposure_words USING gin (words gin_trgm_ops)")


def downgrade() -> None:
    triggers = ("new", "sorted", "counted", "worded", *(() if _on_postgresql() else ("gone",)))
    for trigger in triggers:
        op.execute(f"DROP TRIGGER exposures_{trigger}" + (" ON exposures" if _on_postgresql() else ""))
    if _on_postgresql():
        op.execute("DROP FUNCTION leakstream_sort, leakstream_count")
    for index in ("exposures_listed", "exposures_kind"):
        op.drop_index(index, "exposures")
    op.drop_column("exposures", "kind")
    for table in ("exposure_words", "exposure_counts", "exposure_kinds"):
        op.drop_table(table)
    op.create_index("exposures_recent", "exposures", ["last_seen", "id"])
    op.create_index("exposures_state", "exposures", ["state", "severity", "level"])


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
