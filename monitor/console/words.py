"""Times, spans and shares as the pages have them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_UNITS: Final = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def seconds_of(time: str) -> float:
    """Epoch seconds of a time as `monitor.alerting.exposures.view` writes it, a mere day among them."""
    return datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()


def written(seconds: float) -> str:
    """The other way round: `2026-11-22T14:03:20Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(time: str) -> str:
    """`2026-11-22T14:03:20Z` as `2026-11-22 14:03:20`; a mere day as it is."""
    return time.removesuffix("Z").replace("T", " ")


def span(seconds: float) -> str:
    """`8700` as `2 h 25 min`: the two largest units; below a second `0 s`."""
    left = max(0, round(seconds))
    words: list[str] = []
    for name, size in _UNITS:
        count, left = divmod(left, size)
        if count or words or name == "s":
            words.append(f"{count} {name}" if count or not words else "")
        if len(words) == 2:
            break
    return " ".join(word for word in words if word)


def ago(time: str, now: float) -> str:
    """How long before `now`: its largest unit only."""
    past = now - seconds_of(time)
    if abs(past) < 1.0:
        return "now"
    whole = " ".join(span(abs(past)).split(" ")[:2])
    return f"{whole} ago" if past > 0 else f"in {whole}"


def share(part: float | None) -> str:
    """`0.9731` as `97.3 %`; `?` where nothing is known."""
    return "?" if part is None else f"{part:.1%}".replace("%", " %")
