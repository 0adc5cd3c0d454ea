import pytest

from ledgers import NOON
from monitor.coverage.estimate import Minute
from monitor.coverage.plot import plot


def minute(n, share, **other):
    known = {} if share is None else {"expected": 100.0, "low": 90.0, "high": 110.0, "listed": 100.0 * share}
    return Minute("s", "", NOON + 60 * n, **known, **other)


def lines(minutes, count=20, width=100):
    return plot(minutes, NOON, NOON + 60 * count, width=width)


def test_blocks_are_as_high_as_the_share_and_blind_minutes_are_marked():
    shares = [1.0, 0.5, 0.25, 0.125, 0.001, 0.0, None]
    found = [minute(n, share) for n, share in enumerate(shares)]
    found += [minute(7, 0.0, blind_seconds=60.0), minute(8, 0.0, blind_seconds=5.0, repaired=True)]
    top, second, third, bottom, axis, times = lines(found, 9)
    assert [line[:9] for line in (top, axis)] == ["   100% │", "     0% ┼"]
    assert (top[9:], second[9:], third[9:], bottom[9:]) == ("█", "█", "██", "███▄▁")
    assert axis[9:] == "───────x+"
    assert times.strip() == "12:00"


def test_the_scale_ends_near_the_largest_share():
    assert [lines([minute(0, share)])[0].split()[0] for share in (0.004, 0.03, 0.1, 0.11, 0.9)] == [
        "1%",
        "5%",
        "10%",
        "20%",
        "100%",
    ]
    assert "100%" in lines([minute(0, None)])[0]


@pytest.mark.parametrize("count", [1, 20, 600, 20_000])
@pytest.mark.parametrize("width", [10, 80, 160])
def test_it_is_never_wider_than_it_may_be(count, width):
    found = [minute(n, 0.5, blind_seconds=1.0) for n in range(0, count, 7)]
    assert max(len(line) for line in lines(found, count, width)) <= max(width, 19) + 5


def test_a_blind_minute_shows_in_a_column_of_many():
    found = [minute(n, 1.0, blind_seconds=60.0 if n == 77 else 0.0) for n in range(600)]
    axis = lines(found, 600, 29)[4][9:]
    assert (len(axis), axis.count("x"), axis.index("x")) == (20, 1, 77 // 30)
