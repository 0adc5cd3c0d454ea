"""Where in its second each poll fell: read off the polls' own clock, where that proves to tell.

The newest second of a listing is cut off by the moment of the poll, so `b` of r items in it say that b/r of the second had passed.
Where a feed shows items after a steady time, that is the fraction of the poll's own time of day, shifted by one lag for all polls. Lag and
scatter are the mean direction and the spread of (b/r - fraction) on a circle of one second. With a small scatter the windows are told
where they were cut: much, when the listing is shorter than a second. With a large one (answers out of a cache, a slow way) nothing is.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import replace
from statistics import linear_regression
from typing import Final

from monitor.coverage.rates import CELL, Path
from monitor.coverage.windows import Window

_FEWEST: Final = 20  # windows
_LARGEST: Final = 0.18  # seconds of scatter that still tell something
_ALIKE: Final = 0.7
_LEAST: Final = 0.04


def with_cuts(windows: Sequence[Window], rough: Path) -> list[Window]:
    """The windows, with `cut` where the polls' clock tells it. `rough` is the rate as known without."""
    found = [(w, passed) for w, passed in ((w, _passed(w, rough)) for w in windows) if passed is not None]
    turns = [cmath.exp(1j * math.tau * (passed - _fraction(w))) for w, passed in found]
    # polls that always come at the same point of a second tell a rate and a lag only together
    same = abs(sum(cmath.exp(1j * math.tau * _fraction(w)) for w, _ in found))
    if len(turns) < _FEWEST or same > _ALIKE * len(turns):
        return list(windows)
    mean = sum(turns) / len(turns)
    length = abs(mean)
    scatter = math.sqrt(-2.0 * math.log(length)) / math.tau if 0.0 < length < 1.0 else 0.0
    if not length or scatter > _LARGEST:
        return list(windows)
    lag = cmath.phase(mean) / math.tau
    lag += _intercept([(w, passed) for w, passed in found if 0.1 < (_fraction(w) + lag) % 1.0 < 0.9], lag)
    error = max(_LEAST, scatter)
    return [w if w.polled is None else replace(w, cut=((w.polled + lag) % 1.0, error)) for w in windows]


def _fraction(window: Window) -> float:
    return (window.polled or 0.0) % 1.0


def _passed(window: Window, rough: Path) -> float | None:
    """How much of the newest second had passed."""
    cell = math.floor((window.middle - rough.start) / CELL)
    counted = window.newest_count is not None and window.newest > window.oldest
    if not counted or window.polled is None or not 0 <= cell < len(rough.cells):
        return None
    return (window.newest_count or 0) / rough.quantile(cell, 0.5)


def _intercept(found: Sequence[tuple[Window, float]], lag: float) -> float:
    """What the lag is off by: a `rough` that is too low or too high bends the mean, but not where the line begins."""
    if len(found) < _FEWEST // 2:
        return 0.0
    x = [(_fraction(w) + lag) % 1.0 for w, _ in found]
    y = [at + (passed - at + 0.5) % 1.0 - 0.5 for at, (_, passed) in zip(x, found, strict=True)]
    if max(x) - min(x) < 0.2:
        return 0.0
    slope, intercept = linear_regression(x, y)
    return min(0.2, max(-0.2, intercept / slope)) if slope > 0.5 else 0.0
