"""What series of measured values come to. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles, in the unit given. Raises StatisticsError for no values, before Python 3.13 for one, too."""
    cuts = statistics.quantiles(seconds, n=1000, method="inclusive")
    return {
        "count": len(seconds),
        "p50": round(cuts[499], 4),
        "p90": round(cuts[899], 4),
        "p99": round(cuts[989], 4),
        "max": round(max(seconds), 4),
    }


def trend(times: Sequence[float], values: Sequence[float]) -> float:
    """By how much the values grow in a unit of time: the slope that Theil and Sen take, the median over all pairs. A pause of the machine,
    which a line of least squares would follow, does not move it. Raises StatisticsError unless two times differ.
    """
    points = sorted(zip(times, values, strict=True))
    slopes = [
        (later - value) / (then - time)
        for number, (time, value) in enumerate(points)
        for then, later in points[number + 1 :]
        if then > time
    ]
    return statistics.median(slopes)
