import pytest

from ledgers import NOON
from monitor.coverage.estimate import Minute
from monitor.coverage.summary import by_source, rows, telling


def minute(n, **other):
    given = {"expected": 10.0, "low": 8.0, "high": 20.0, "listed": 5.0, "fetched": 4.0}
    return Minute(**{"source": "s", "feed": "/f", "start": NOON + 60 * n, **given, **other})


def test_minutes_are_added_up():
    (row,) = rows(
        [minute(0, skipped={"size": 2.0}), minute(1, skipped={"size": 1.0, "kind": 4.0}, blind_seconds=9.0)]
    )
    assert (row.source, row.feed, row.start) == ("s", "/f", NOON)
    assert (row.expected, row.low, row.high, row.listed, row.fetched) == (20, 16, 40, 10, 8)
    assert (row.capture, row.capture_low, row.capture_high) == (0.5, 0.25, 0.625)
    assert list(row.skipped.items()) == [("kind", 4.0), ("size", 3.0)]
    assert row.blind_seconds == 9


def test_minutes_of_which_nothing_is_known_do_not_make_the_capture_better():
    (row,) = rows([minute(0), minute(1, expected=None, low=None, high=None, listed=100.0)])
    assert (row.listed, row.expected, row.capture) == (105, 10, 0.5)
    (row,) = rows([minute(1, expected=None, low=None, high=None)])
    assert (row.capture, row.capture_low, row.capture_high) == (None, None, None)


def test_nothing_published_is_nothing_missed():
    (row,) = rows([minute(0, expected=0.0, low=0.0, high=0.0, listed=0.0)])
    assert row.capture == 1.0


@pytest.mark.parametrize(("width", "count"), [(60.0, 3), (120.0, 2), (3600.0, 1), (None, 1)])
def test_a_row_for_each_span_of_the_clock(width, count):
    found = rows([minute(n) for n in range(3)], width)
    assert [row.start for row in found] == [NOON + n * (width or 0) for n in range(count)]


def test_feeds_are_apart_and_a_source_is_all_of_them():
    minutes = [minute(0), minute(0, feed="/g", listed=10.0), minute(0, source="t")]
    assert [(row.source, row.feed) for row in rows(minutes)] == [("s", "/f"), ("s", "/g"), ("t", "/f")]
    found = by_source(minutes)
    assert (list(found), found["s"].capture) == (["s", "t"], 0.75)


def test_minutes_that_say_nothing_are_left_out():
    blank = minute(0, expected=None, listed=0.0, fetched=0.0)
    some = [minute(0), minute(1, expected=None, blind_seconds=1.0), minute(2, expected=0.0)]
    assert telling([blank, *some]) == some
