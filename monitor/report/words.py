"""Times and spans as sentences have them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_UNITS: Final = (("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1))


def moment(at: float) -> str:
    """`2023-11-15 12:00:00 UTC`; one that no calendar has as its seconds."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return f"{at:.0f} s"


def length(seconds: float) -> str:
    """`90.0` as `1 minute 30 seconds`: the two largest units, whole seconds."""
    left = max(0, round(seconds))
    words: list[str] = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count or (name == "second" and not words):
            words.append(f"{count} {name}{'' if count == 1 else 's'}")
        elif words:
            words.append("")
        if len(words) == 2:
            break
    return " ".join(word for word in words if word)


def count(number: float, thing: str) -> str:
    """`1 place`, `3 places`."""
    return f"{number:.0f} {thing}{'' if round(number) == 1 else 's'}"


def share(part: float) -> str:
    return f"{part:.1%}"
