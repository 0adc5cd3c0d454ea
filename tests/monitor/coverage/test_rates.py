from __future__ import annotations

import math

import pytest

from monitor.coverage.rates import CELL, Path, path
from monitor.coverage.windows import Window


def window(at: float, rate: int) -> Window:
    """Two whole seconds of `rate` between two that are cut in half."""
    half = rate // 2
    return Window(at, at + 3.0, 3 * rate, half, rate - half)


def spread(found: Path, cell: int) -> float:
    """Width of the 90 % interval, as a logarithm."""
    return math.log(found.quantile(cell, 0.95) / found.quantile(cell, 0.05))


def test_a_steady_rate_is_known_better_the_longer_it_is_seen() -> None:
    one = path([window(60.0, 170)], 0.0, 4)
    many = path([window(60.0 * i, 170) for i in range(1, 60)], 0.0, 120)
    assert many.quantile(60, 0.5) == pytest.approx(170.0, rel=0.02)
    assert spread(many, 60) < 0.5 * spread(one, 2)


def test_a_jump_is_followed_within_a_poll() -> None:
    polls = [window(30.0 + 60.0 * i, 170 if i < 30 else 340) for i in range(60)]
    found = path(polls, 0.0, 120)
    assert found.quantile(58, 0.5) == pytest.approx(170.0, rel=0.05)
    assert found.quantile(62, 0.5) == pytest.approx(340.0, rel=0.05)


def test_what_is_not_seen_is_less_sure() -> None:
    polls = [window(30.0 + 60.0 * i, 170 + 10 * (i % 3)) for i in range(60) if not 20 <= i < 40]
    found = path(polls, 0.0, 120)
    assert spread(found, 60) > 1.5 * spread(found, 20)
    assert found.quantile(60, 0.05) < 175.0 < found.quantile(60, 0.95)


def test_noise_of_the_windows_is_no_change_of_the_rate() -> None:
    noisy = [window(30.0 + 60.0 * i, 140 if i % 2 else 205) for i in range(60)]
    found = path(noisy, 0.0, 120)
    middles = [found.quantile(cell, 0.5) for cell in range(20, 100)]
    assert max(middles) / min(middles) < 1.15
    assert math.sqrt(140 * 205) == pytest.approx(middles[40], rel=0.07)


def test_later_windows_tell_of_earlier_times() -> None:
    found = path([window(600.0, 500)], 0.0, 40)
    assert found.start == 0.0
    assert spread(found, 0) > spread(found, 15) > spread(found, 20)
    assert found.quantile(0, 0.5) == pytest.approx(500.0, rel=0.2)


def test_windows_outside_of_the_cells_do_not_count() -> None:
    assert path([window(30.0, 100), window(1e6, 400)], 0.0, 4).quantile(1, 0.5) == pytest.approx(
        100.0, rel=0.1
    )


def test_weights_add_up_and_quantiles_ascend() -> None:
    found = path([window(30.0, 100), window(90.0, 10_000)], 0.0, 4)
    assert [sum(cell) for cell in found.cells] == [pytest.approx(1.0)] * 4
    for cell in range(4):
        quantiles = [found.quantile(cell, share / 20) for share in range(21)]
        assert quantiles == sorted(quantiles)
    assert CELL * 4 == 120.0
