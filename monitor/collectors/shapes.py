"""Foreign JSON, read without trust: each function gives the wanted type or its empty value, and never raises."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any


def obj(value: object, *path: str) -> dict[str, Any]:
    """The object at `path` inside `value`, {} where anything on the way is something else."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: object, *path: str) -> str:
    """The string at `path`; numbers are written out, everything else is ""."""
    if path:
        value = obj(value, *path[:-1]).get(path[-1])
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def integer(value: object, *path: str) -> int | None:
    """The integer at `path`, also when it is written as a string of ASCII digits (at most 18)."""
    written = text(value, *path)
    digits = written.removeprefix("-")
    return int(written) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def instant(value: object, *path: str) -> float | None:
    """An ISO 8601 time as epoch seconds; without a zone it is UTC."""
    try:
        when = datetime.fromisoformat(text(value, *path))
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def iso(seconds: float) -> str:
    """Epoch seconds as `2026-11-21T10:38:40Z`, as forges want it in a query."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
