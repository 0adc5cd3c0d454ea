from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from monitor.coverage.phases import with_cuts
from monitor.coverage.rates import path
from monitor.coverage.windows import Window


def listings(rate: float, *, count: int = 60, lag: float = 0.3, scatter: float = 0.0) -> list[Window]:
    """The newest 300 of a steady world that shows items `lag` seconds late, polled once a minute."""
    rng, found = random.Random(7), []
    for i in range(count):
        polled = 60.0 * i + rng.random() * 20.0
        at, times = polled - lag, []
        while len(times) < 300:
            at -= rng.expovariate(rate)
            times.append(float(math.floor(at)))
        told = polled + rng.gauss(0.0, scatter) if scatter else polled
        found.append(
            Window(times[-1], times[0], 300, times.count(times[-1]), times.count(times[0]), polled=told)
        )
    return found


def cut_ups(windows: list[Window]) -> list[Window]:
    return with_cuts(windows, path(windows, 0.0, 2 * len(windows), rough=True))


@pytest.mark.parametrize("lag", [0.0, 0.3, 40.75])
def test_a_steady_lag_is_learnt(lag: float) -> None:
    for window in cut_ups(listings(340.0, lag=lag)):
        assert window.cut is not None
        off = (window.cut[0] - (window.polled - lag)) % 1.0
        assert min(off, 1.0 - off) < 0.1
        assert window.cut[1] < 0.12


def test_what_is_learnt_makes_a_fast_world_known_better() -> None:
    windows = listings(400.0)
    with_, without = path(cut_ups(windows), 0.0, 120), path(windows, 0.0, 120)

    def width(found) -> float:
        return math.log(found.quantile(60, 0.95) / found.quantile(60, 0.05))

    assert width(with_) < 0.6 * width(without)
    assert with_.quantile(60, 0.05) < 400.0 < with_.quantile(60, 0.95)


def test_a_small_scatter_is_told_as_such() -> None:
    exact, scattered = cut_ups(listings(170.0)), cut_ups(listings(170.0, scatter=0.1))
    assert exact[0].cut[1] < 0.06 < scattered[0].cut[1] < 0.16


@pytest.mark.parametrize("scatter", [0.4, 5.0])
def test_a_clock_that_tells_nothing_is_not_asked(scatter: float) -> None:
    windows = listings(170.0, scatter=scatter)
    assert cut_ups(windows) == windows


@pytest.mark.parametrize("points", [(0.25,), (0.2, 0.3)])
def test_polls_at_one_point_of_the_second_tell_no_lag(points: tuple[float, ...]) -> None:
    windows = [
        replace(window, polled=math.floor(window.polled) + points[i % len(points)], newest_count=80 + i % 3)
        for i, window in enumerate(listings(170.0))
    ]
    assert cut_ups(windows) == windows


def test_polls_at_two_points_of_the_second_are_no_error() -> None:
    windows = [
        replace(window, polled=math.floor(window.polled) + 0.5 * (i % 2), newest_count=10 + 80 * (i % 2))
        for i, window in enumerate(listings(170.0))
    ]
    assert len(cut_ups(windows)) == len(windows)


def test_few_windows_or_none_with_counts_tell_nothing() -> None:
    few = listings(170.0, count=15)
    assert cut_ups(few) == few
    uncounted = [replace(window, newest_count=None) for window in listings(170.0)]
    assert cut_ups(uncounted) == uncounted
    unpolled = [replace(window, polled=None) for window in listings(170.0)]
    assert cut_ups(unpolled) == unpolled
