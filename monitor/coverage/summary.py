"""Minutes added up: what each source and feed saw in an hour, a day or a whole span."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor.coverage.estimate import Minute


@dataclass(frozen=True, slots=True)
class Row:
    """One feed from `start` on. `expected`, `low`, `high` and the shares count the minutes of which something is known; None = none is.

    `low` and `high` are the minutes' own added up: 90 % and more, since they do not all miss on the same side.
    """

    source: str
    feed: str
    start: float
    expected: float | None
    low: float | None
    high: float | None
    listed: float
    fetched: float
    scanned: float
    skipped: dict[str, float]
    lost: float
    blind_seconds: float
    capture: float | None
    capture_low: float | None
    capture_high: float | None


def rows(minutes: Iterable[Minute], width: float | None = None) -> list[Row]:
    """A row a source, feed and `width` seconds (by the clock, UTC); None = one for all of it. By source, feed and time."""
    cells: dict[tuple[str, str, float], list[Minute]] = {}
    for minute in minutes:
        start = minute.start // width * width if width else 0.0
        cells.setdefault((minute.source, minute.feed, start), []).append(minute)
    return [_row(cells[key]) for key in sorted(cells)]


def telling(minutes: Iterable[Minute]) -> list[Minute]:
    """Those that say anything."""
    return [
        m for m in minutes if m.expected is not None or m.listed or m.scanned or m.lost or m.blind_seconds
    ]


def by_source(minutes: Iterable[Minute]) -> dict[str, Row]:
    """All feeds of a source as one row."""
    cells: dict[str, list[Minute]] = {}
    for minute in minutes:
        cells.setdefault(minute.source, []).append(minute)
    return {name: _row(found) for name, found in sorted(cells.items())}


def _row(found: Sequence[Minute]) -> Row:
    known = [m for m in found if m.expected is not None]
    listed = sum(m.listed for m in known)
    expected = sum(m.expected or 0.0 for m in known) if known else None
    low = sum(m.low or 0.0 for m in known) if known else None
    high = sum(m.high or 0.0 for m in known) if known else None
    skipped: Counter[str] = Counter()
    for minute in found:
        skipped.update(minute.skipped)
    return Row(
        source=found[0].source,
        feed=found[0].feed,
        start=min(m.start for m in found),
        expected=expected,
        low=low,
        high=high,
        listed=sum(m.listed for m in found),
        fetched=sum(m.fetched for m in found),
        scanned=sum(m.scanned for m in found),
        skipped=dict(skipped.most_common()),
        lost=sum(m.lost for m in found),
        blind_seconds=sum(m.blind_seconds for m in found),
        capture=_share(listed, expected),
        capture_low=_share(listed, high),
        capture_high=_share(listed, low),
    )


def _share(listed: float, of: float | None) -> float | None:
    if of is None:
        return None
    return min(1.0, listed / of) if of > 0.0 else 1.0
