"""What every table is declared with."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Integer, MetaData, text

Id: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only a column named INTEGER
metadata: Final = MetaData()


def some(condition: str) -> dict[str, Any]:
    """For an index of some rows only."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
