"""What every table is declared with."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Integer, MetaData, String, text
from sqlalchemy.ext.compiler import compiles

Id: Final = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only a column named INTEGER
metadata: Final = MetaData()


@compiles(String, "postgresql")
def _text(*_: object, **__: object) -> str:
    """SQLite takes texts of any length, and strangers' are of any: PostgreSQL has to as well, or one of them would end a stage."""
    return "TEXT"


def some(condition: str) -> dict[str, Any]:
    """For an index of some rows only."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}
