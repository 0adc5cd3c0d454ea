"""The coverage page's picture as numbers for its template: for each source a lane with a bar for each stretch of time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from monitor.console.coverage import Lane, Seen
from monitor.console.words import share, span, written
from monitor.coverage.summary import Row

WIDTH: Final = 960.0
HEIGHT: Final = 44.0  # of a lane
_TOPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # what a lane's scale may end at
_TICKS: Final = (300.0, 600.0, 1800.0, 3600.0, 10_800.0, 21_600.0, 86_400.0)  # seconds between two
_MOST_TICKS: Final = 9
_THIN: Final = 2.0  # a blind second has to be seen, too


@dataclass(frozen=True, slots=True)
class Bar:
    """`y` and `height` of the share that was listed, `low` and `high` the edges of its interval; all from the top."""

    x: float
    width: float
    y: float
    height: float
    high: float
    band: float
    words: str


@dataclass(frozen=True, slots=True)
class Dark:
    """A blind interval, from the lane's top to its bottom."""

    x: float
    width: float
    filled: bool
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    x: float
    label: str


@dataclass(frozen=True, slots=True)
class LanePicture:
    """`says` is the whole lane in one sentence, for who does not see it."""

    source: str
    total: Row
    top: str
    bars: Sequence[Bar]
    dark: Sequence[Dark]
    says: str

    @property
    def says_range(self) -> bool:
        """Whether the interval says more than the share."""
        return self.total.capture_low is not None and self.total.capture_low != self.total.capture_high


def lanes(seen: Seen) -> list[LanePicture]:
    """One for each source of which a share is known, or that was blind, in the order of their names."""
    return [_lane(lane, seen) for lane in seen.lanes if lane.total.capture is not None or lane.blind]


def ticks(seen: Seen) -> list[Tick]:
    """Times along the bottom, at whole hours or minutes."""
    length = seen.until - seen.since
    step = next((step for step in _TICKS if length / step <= _MOST_TICKS), _TICKS[-1])
    form = "%H:%M" if length <= 2 * 86_400 else "%d %b"
    first = (seen.since // step + 1) * step
    times = [first + n * step for n in range(int(max(0.0, seen.until - first) // step) + 1)]
    return [
        Tick(_x(at, seen), datetime.fromtimestamp(at, UTC).strftime(form)) for at in times if at < seen.until
    ]


def _lane(lane: Lane, seen: Seen) -> LanePicture:
    known = [bar.capture for bar in lane.bars if bar is not None and bar.capture is not None]
    most = max(known, default=1.0)
    top = next(each for each in _TOPS if each >= most - 1e-9)
    bars = []
    for number, row in enumerate(lane.bars):
        if row is None or row.capture is None:
            continue
        at = seen.since + number * seen.width
        bars.append(_bar(row, at, top, seen))
    dark = [
        Dark(
            x := _x(each.since, seen),
            round(max(_THIN, _x(each.until, seen) - x), 2),
            bool(each.repaired_by),
            f"blind for {span(each.until - each.since)}: {each.reason}",
        )
        for each in lane.blind
    ]
    says = f"{lane.source}: {share(lane.total.capture)} seen"
    if lane.total.capture_low is not None:
        says += f", between {share(lane.total.capture_low)} and {share(lane.total.capture_high)}"
    says += f"; blind for {span(lane.total.blind_seconds)}" if lane.total.blind_seconds else "; never blind"
    return LanePicture(lane.source, lane.total, f"{top:.0%}".replace("%", " %"), bars, dark, says)


def _bar(row: Row, at: float, top: float, seen: Seen) -> Bar:
    capture = row.capture or 0.0
    low = capture if row.capture_low is None else row.capture_low
    high = capture if row.capture_high is None else row.capture_high
    x, end = _x(at, seen), _x(min(at + seen.width, seen.until), seen)
    y, upper, lower = (_y(part, top) for part in (capture, high, low))
    return Bar(
        x=x,
        width=round(max(0.5, end - x + 0.1), 2),
        y=y,
        height=round(HEIGHT - y, 2),
        high=upper,
        band=round(max(0.0, lower - upper), 2),
        words=f"{written(at)[:16].replace('T', ' ')}: {share(capture)} seen ({share(low)} to {share(high)}), {row.listed:.0f} listed",
    )


def _x(at: float, seen: Seen) -> float:
    part = (at - seen.since) / (seen.until - seen.since)
    return round(WIDTH * min(1.0, max(0.0, part)), 2)


def _y(part: float, top: float) -> float:
    return round(HEIGHT * (1.0 - min(1.0, max(0.0, part / top))), 2)
