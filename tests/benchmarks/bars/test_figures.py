import statistics

import pytest

from benchmarks.bars.figures import spread, trend


def test_spread_of_a_thousand():
    found = spread([number / 1000 for number in range(1001)])
    assert found == {"count": 1001, "p50": 0.5, "p90": 0.9, "p99": 0.99, "max": 1.0}


def test_no_values_have_no_spread():
    with pytest.raises(statistics.StatisticsError):
        spread([])


def test_a_growing_lag_has_its_slope():
    assert trend([0, 3, 6, 9], [100, 130, 160, 190]) == pytest.approx(10)


def test_one_pause_is_no_trend():
    times = list(range(0, 60, 3))
    values = [0] * len(times)
    values[7] = 5000
    assert trend(times, values) == 0


def test_a_trend_needs_time():
    with pytest.raises(statistics.StatisticsError):
        trend([1, 1], [5, 6])
