"""What a feed that is only sampled did not show: minute by minute, out of its windows, its late items and an archive's counts."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from monitor.contracts import CoverageEvent
from monitor.coverage.lateness import Missing, missing
from monitor.coverage.phases import with_cuts
from monitor.coverage.polls import Polls
from monitor.coverage.rates import CELL, Path, path
from monitor.coverage.windows import Window, window_of

_CELLS: Final = 2  # of the path, in a minute
_MINUTE: Final = CELL * _CELLS
_HOUR: Final = 3600.0
_REACH: Final = 1800.0  # seconds from the nearest window up to which the rate is told
_BLOCK: Final = 360  # minutes
_NINETY: Final = 1.645
_TOTAL_ERROR: Final = 0.03  # of an hour's sum, as far as the windows alone tell it


class Expected(NamedTuple):
    """What a minute held, and the two ends of its 90 % interval."""

    items: float
    low: float
    high: float


class _Rate(NamedTuple):
    """A minute's items without the late ones; `below` and `above`: logarithms to the ends of its interval."""

    items: float
    below: float
    above: float


def expected_minutes(
    feed: Polls, siblings: Sequence[Polls], archive: Sequence[CoverageEvent], start: float, count: int
) -> list[Expected | None]:
    """The `count` minutes from `start` on. `siblings` are the complete feeds of the same source, `archive` counts of whole hours."""
    windows = _windows(feed)
    if not windows or not count:
        return [None] * count
    end = start + count * _MINUTE
    # an archive's hour is looked at whole, whatever part of it was asked for
    hours = [event for event in archive if event.since < end and event.until > start]
    first = math.floor(min([start, *(event.since for event in hours)]) / _MINUTE) * _MINUTE
    last = max([end, *(event.until for event in hours)])
    rates = _rates(windows, first, math.ceil((last - first) / _MINUTE))
    age = sum(w.newest - w.oldest + 1.0 for w in windows) / len(windows) / 2.0
    scales = _scales(rates, hours, first)
    late = _as_archived(missing(feed, siblings, age), list(scales.values()))
    offset = round((start - first) / _MINUTE)
    return [_expected(rates[offset + i], scales.get(offset + i), late) for i in range(count)]


def _windows(feed: Polls) -> list[Window]:
    """What is new in each poll. Of one that repeats items of the poll before, all that came since then."""
    found: list[Window] = []
    before: float | None = None
    for event in feed.events:
        window = window_of(event)
        if window is None:
            continue
        if event.overlap and before is not None:
            if window.newest - before >= 2.0 and event.listed - event.overlap >= 2:
                # half a second more: both ends count as exact
                found.append(Window(before + 0.5, window.newest + 0.51, event.listed - event.overlap))
        else:
            found.append(window)
        before = max(window.newest, window.newest if before is None else before)
    return sorted(found, key=lambda w: w.middle)


def _rates(windows: Sequence[Window], first: float, count: int) -> list[_Rate | None]:
    """The `count` minutes from `first` on, block by block: a world's habits of the night are not those of the day."""
    found: list[_Rate | None] = []
    for block in range(0, count, _BLOCK):
        size = min(_BLOCK, count - block)
        begin = first + block * _MINUTE
        end = begin + size * _MINUTE
        near = [w for w in windows if begin - _REACH <= w.middle < end + _REACH]
        if not near:
            found += [None] * size
            continue
        # as far beyond the block as there are windows
        lead = max(0, math.ceil((begin - near[0].middle) / _MINUTE))
        tail = max(0, math.ceil((near[-1].middle - end) / _MINUTE))
        outer, cells = begin - lead * _MINUTE, (lead + size + tail) * _CELLS
        rate_of = path(with_cuts(near, path(near, outer, cells, rough=True)), outer, cells)
        seen = [w.middle for w in near]
        found += [_rate(rate_of, minute, seen) for minute in range(lead, lead + size)]
    return found


def _rate(rate_of: Path, minute: int, seen: Sequence[float]) -> _Rate | None:
    """None so far from all windows (their middles, ascending, are `seen`) that nothing can be said."""
    middle = rate_of.start + (minute + 0.5) * _MINUTE
    after = bisect.bisect(seen, middle)
    if min(abs(time - middle) for time in seen[max(0, after - 1) : after + 1]) > _REACH:
        return None
    cells = range(minute * _CELLS, (minute + 1) * _CELLS)
    low, mid, high = (
        CELL * sum(rate_of.quantile(cell, share) for cell in cells) for share in (0.05, 0.5, 0.95)
    )
    return _Rate(mid, math.log(mid / low), math.log(high / mid))


def _scales(
    rates: Sequence[_Rate | None], archive: Sequence[CoverageEvent], first: float
) -> dict[int, float]:
    """Minute -> by how much more its hour's archive knows of than the windows tell."""
    found: dict[int, float] = {}
    for event in archive:
        hour = range(round((event.since - first) / _MINUTE), round((event.until - first) / _MINUTE))
        told = [rates[i] for i in hour if 0 <= i < len(rates)]
        known = [rate for rate in told if rate is not None]
        if not event.expected or not hour or len(known) < len(hour):
            continue
        total = sum(rate.items for rate in known)
        below = sum(rate.below * rate.items for rate in known) / total
        scale = event.expected / total
        if math.log(scale) < -max(below, _NINETY * _TOTAL_ERROR):
            continue  # it lost some itself
        found.update(dict.fromkeys(hour, scale))
    return found


def _as_archived(late: Missing, scales: Sequence[float]) -> Missing:
    """The late share, as the hours with an archive tell it, too."""
    hours = sorted(set(scales))
    if not hours:
        return late
    weights = [
        weight
        * sum(math.exp(-(((math.log(s) + math.log1p(-share)) / _TOTAL_ERROR) ** 2) / 2.0) for s in hours)
        for share, weight in late
    ]
    total = sum(weights)
    if total <= 0.0:
        return late
    return [(share, weight / total) for (share, _), weight in zip(late, weights, strict=True)]


def _expected(rate: _Rate | None, scale: float | None, late: Missing) -> Expected | None:
    if rate is None:
        return None
    factor, below, above = _factor(late) if scale is None else (scale, 0.0, 0.0)
    count = rate.items * factor
    own = _NINETY / math.sqrt(max(1.0, count))
    # downwards there is an end ("none is late") where the truth may well lie, all the time: that distance counts whole
    low = count * math.exp(-math.hypot(rate.below, own) - below)
    return Expected(count, low, count * math.exp(math.hypot(rate.above, above, own)))


def _factor(late: Missing) -> tuple[float, float, float]:
    """1 / (1 - late): its middle, and the logarithms to the ends of its 90 % interval."""
    ends = []
    for share in (0.05, 0.5, 0.95):
        below = 0.0
        for value, weight in late:
            below += weight
            if below >= share:
                ends.append(-math.log1p(-value))
                break
        else:
            ends.append(-math.log1p(-late[-1][0]))
    return math.exp(ends[1]), ends[1] - ends[0], ends[2] - ends[1]
