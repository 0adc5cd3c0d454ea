from __future__ import annotations

import math
import random
from dataclasses import replace

import pytest

from monitor.contracts import CoverageEvent
from monitor.coverage.windows import Window, at_least, spread_over, window_of

RATES = [math.exp(4.0 + 0.02 * i) for i in range(150)]  # 55 to 1,096 items a second


def best(likelihood: list[float]) -> float:
    return RATES[max(range(len(RATES)), key=likelihood.__getitem__)]


def listing(rng: random.Random, rate: float, *, limit: int = 300) -> Window:
    """The newest `limit` items of a steady world, looked at in the middle of some second."""
    times, at = [], 1000.0 + rng.random()
    while len(times) < limit:
        at -= rng.expovariate(rate)
        times.append(float(math.floor(at)))
    return Window(times[-1], times[0], limit, times.count(times[-1]), times.count(times[0]))


def combined(windows: list[Window]) -> list[float]:
    """Weights of RATES from all windows."""
    told = [window.likelihood(RATES) for window in windows]
    logs = [sum(math.log(found) for found in column) for column in zip(*told, strict=True)]
    weights = [math.exp(log - max(logs)) for log in logs]
    return [weight / sum(weights) for weight in weights]


@pytest.mark.parametrize(("rate", "within"), [(80.0, 0.03), (170.0, 0.05), (340.0, 0.05), (600.0, 0.1)])
@pytest.mark.parametrize("told", [True, False])
def test_many_windows_tell_the_rate(rate: float, within: float, told: bool) -> None:
    rng = random.Random(1)
    windows = [listing(rng, rate) for _ in range(150)]
    if not told:
        windows = [Window(w.oldest, w.newest, w.count) for w in windows]
    mean = sum(r * weight for r, weight in zip(RATES, combined(windows), strict=True))
    assert mean == pytest.approx(rate, rel=within)


def test_five_windows_hold_the_rate_as_often_as_they_say() -> None:
    rng, inside = random.Random(2), 0
    for _ in range(120):
        rate = math.exp(rng.uniform(math.log(100.0), math.log(500.0)))
        weights = combined([listing(rng, rate) for _ in range(5)])
        below = sum(weight for r, weight in zip(RATES, weights, strict=True) if r < rate)
        inside += 0.05 <= below <= 0.95
    assert 0.84 <= inside / 120 <= 0.96


def test_a_full_second_in_the_middle_tells_most() -> None:
    window = Window(100.0, 102.0, 300, 60, 70)
    assert best(window.likelihood(RATES)) == pytest.approx(170.0, rel=0.03)


def test_cut_off_seconds_alone_say_at_least() -> None:
    likelihood = Window(100.0, 101.0, 300, 160, 140).likelihood(RATES)
    told = dict(zip(RATES, likelihood, strict=True))
    below, fits, far = (min(RATES, key=lambda r: abs(r - rate)) for rate in (110.0, 190.0, 700.0))
    assert told[below] < 0.01 < 0.1 < told[far] < told[fits]


def test_one_odd_window_rules_nothing_out() -> None:
    assert min(Window(100.0, 130.0, 300, 10, 10).likelihood(RATES)) > 1e-5


def test_times_finer_than_seconds_count_as_they_are() -> None:
    window = Window(100.25, 101.25, 171)
    assert best(window.likelihood(RATES)) == pytest.approx(170.0, rel=0.02)
    assert window.spread() == [(100.25, 101.25, 1.0)]


def test_counts_of_other_items_are_not_used() -> None:
    told, untold = Window(100.0, 102.0, 150, 100, 90), Window(100.0, 102.0, 150)
    assert told.likelihood(RATES) == untold.likelihood(RATES)


@pytest.mark.parametrize(
    ("window", "pieces"),
    [
        (Window(100.0, 103.0, 10, 1, 4), [(100.0, 101.0, 0.1), (101.0, 103.0, 0.5), (103.0, 104.0, 0.4)]),
        (Window(100.0, 101.0, 10, 6, 4), [(100.0, 101.0, 0.6), (101.0, 102.0, 0.4)]),
        (Window(100.0, 100.0, 10, 10, 10), [(100.0, 101.0, 1.0)]),
        (Window(100.0, 103.0, 10), [(100.0, 104.0, 1.0)]),
    ],
)
def test_when_the_items_of_a_window_were_published(
    window: Window, pieces: list[tuple[float, float, float]]
) -> None:
    assert [tuple(map(pytest.approx, piece)) for piece in window.spread()] == pieces


def test_pieces_are_shared_out_by_time_and_outside_of_the_cells_to_nobody() -> None:
    found: dict[int, float] = {}

    def add(cell: int, share: float) -> None:
        found[cell] = found.get(cell, 0.0) + share

    spread_over(
        [(50.0, 150.0, 1.0), (130.0, 130.0, 0.5), (-1e12, 1e12, 0.0), (500.0, 500.0, 1.0)], 60.0, 60.0, 2, add
    )
    assert found == {0: pytest.approx(0.6), 1: pytest.approx(0.8)}


@pytest.mark.parametrize(("count", "mean"), [(1, 0.3), (5, 5.0), (150, 170.0), (150, 120.0), (300, 340.0)])
def test_the_tail_of_poisson(count: int, mean: float) -> None:
    below = sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(count))
    assert at_least(count, mean) == pytest.approx(1.0 - below, abs=0.005)


def test_what_is_no_window() -> None:
    assert window_of(CoverageEvent("s", 0.0, 1.0, listed=5)) is None
    assert window_of(CoverageEvent("s", 0.0, 1.0, listed=1, oldest=1.0, newest=1.0)) is None
    assert window_of(CoverageEvent("s", 0.0, 1.0, listed=5, oldest=2.0, newest=1.0)) is None
    event = CoverageEvent("s", 0.0, 1.0, listed=5, oldest=1, newest=3, oldest_count=2, newest_count=1)
    window = window_of(event)
    assert window == Window(1.0, 3.0, 5, 2, 1, polled=1.0)
    assert window.whole_seconds


def test_a_window_whose_cut_is_known_tells_more() -> None:
    """150 items in the newest half second, and 150 in the second before: 300 a second."""
    window = Window(100.0, 101.0, 300, 150, 150, cut=(0.5, 0.03))
    assert best(window.likelihood(RATES)) == pytest.approx(300.0, rel=0.06)
    far = RATES.index(min(RATES, key=lambda rate: abs(rate - 600.0)))
    assert window.likelihood(RATES)[far] < 0.01 < replace(window, cut=None).likelihood(RATES)[far]


def test_a_cut_listing_of_one_second() -> None:
    """300 items in half of a second: at least 600 a second, or nearly."""
    told = dict(
        zip(RATES, Window(100.0, 100.0, 300, 300, 300, cut=(0.5, 0.03)).likelihood(RATES), strict=True)
    )
    low, high = (min(RATES, key=lambda rate: abs(rate - wanted)) for wanted in (450.0, 700.0))
    assert told[low] < 0.05 < 0.8 < told[high]
