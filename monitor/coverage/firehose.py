"""What a feed that is only sampled did not show: minute by minute, out of its windows, its late items and an archive's counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from monitor.contracts import CoverageEvent
from monitor.coverage.lateness import Missing, missing
from monitor.coverage.polls import Polls
from monitor.coverage.rates import CELL, Path, path
from monitor.coverage.windows import Window, window_of

_CELLS: Final = 2  # of the path, in a minute
_MINUTE: Final = CELL * _CELLS
_HOUR: Final = 3600.0
_REACH: Final = 1800.0  # seconds from the nearest window up to which the rate is told
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
    # an archive's hour is looked at whole, whatever part of it was asked for
    begin = min([start, *(e.since for e in archive if e.since < start + count * _MINUTE and e.until > start)])
    begin = math.floor(begin / _MINUTE) * _MINUTE
    end = max([start + count * _MINUTE, *(e.until for e in archive if e.since < start + count * _MINUTE)])
    near = [w for w in windows if begin - _REACH <= w.middle < end + _REACH]
    if not near:
        return [None] * count
    first = min(begin, math.floor(near[0].middle / _MINUTE) * _MINUTE)
    last = max(end, near[-1].middle + 1.0)
    rate_of = path(near, first, math.ceil((last - first) / _MINUTE) * _CELLS)
    rates = _rates(rate_of, [w.middle for w in near])
    width = sum(w.newest - w.oldest + 1.0 for w in near) / len(near)
    late = missing(feed, siblings, width / 2.0)
    scales = _scales(rates, archive, first)
    late = _as_archived(late, list(scales.values()))
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


def _rates(rate_of: Path, seen: Sequence[float]) -> list[_Rate | None]:
    found: list[_Rate | None] = []
    nearest = 0
    for minute in range(len(rate_of.cells) // _CELLS):
        middle = rate_of.start + (minute + 0.5) * _MINUTE
        while nearest + 1 < len(seen) and abs(seen[nearest + 1] - middle) <= abs(seen[nearest] - middle):
            nearest += 1
        if abs(seen[nearest] - middle) > _REACH:
            found.append(None)
            continue
        cells = range(minute * _CELLS, (minute + 1) * _CELLS)
        low, mid, high = (
            CELL * sum(rate_of.quantile(c, share) for c in cells) for share in (0.05, 0.5, 0.95)
        )
        found.append(_Rate(mid, math.log(mid / low), math.log(high / mid)))
    return found


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
    low = count * math.exp(-math.hypot(rate.below, below, own))
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
