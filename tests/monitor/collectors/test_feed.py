from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.collectors.feed import Feed
from monitor.http import Validators

NOW = 1000.0


def polled(newest: float | None = 940.0) -> Feed:
    feed = Feed("/events")
    feed.polled_at, feed.newest = 940.0, newest
    return feed


@settings(max_examples=60)
@given(st.text(max_size=20), st.none() | st.integers(0, 10**10) | st.floats(0, 1e10))
def test_a_position_survives_its_cursor(etag: str, newest: float | None) -> None:
    feed = polled(newest)
    feed.validators = Validators(etag, "Sat, 21 Nov 2026 10:00:00 GMT")
    again = Feed("/events")
    again.restore(feed.save())
    assert (again.validators, again.polled_at, again.newest) == (feed.validators, 940.0, newest)


def test_a_first_start_has_no_overlap_and_no_gap() -> None:
    feed = Feed()
    feed.restore(None)
    tally, gap = feed.tally("s", 3, 0, [900.0, 950.0], NOW, full=True)
    assert (tally.overlap, tally.lost, tally.since, gap) == (None, 0, NOW, [])


@pytest.mark.parametrize(
    ("known", "full", "overlap", "lost", "gaps"),
    [(1, True, 1, 0, 0), (0, False, 0, 0, 0), (0, True, 0, 88, 1)],
)
def test_two_polls_that_do_not_meet_leave_a_gap(
    known: int, full: bool, overlap: int, lost: int, gaps: int
) -> None:
    times = [985.0, 986.0]
    tally, gap = polled().tally("s", 2, known, times, NOW, full=full)
    assert (tally.overlap, tally.lost, len(gap)) == (overlap, lost // 2 if lost else 0, gaps)
    if gap:
        assert (gap[0].since, gap[0].until, gap[0].blind) == (940.0, 985.0, "gap")


def test_the_newest_never_goes_back() -> None:
    feed = polled(990.0)
    feed.advance(NOW, [950.0])
    assert (feed.polled_at, feed.newest) == (NOW, 990.0)
    feed.advance(NOW, [995.0])
    assert feed.newest == 995.0


def test_a_window_tells_its_ends_and_how_many_share_them() -> None:
    tally, _ = polled().tally("s", 6, 0, [985.0, 986.0, 985.0, 987.0, 987.0, 987.0], NOW, full=True)
    event = tally.event("s", NOW)
    assert (event.oldest, event.newest, event.oldest_count, event.newest_count) == (985.0, 987.0, 2, 3)
    assert (event.feed, event.full) == ("/events", True)


def test_a_window_without_times_has_no_ends() -> None:
    tally, _ = polled().tally("s", 2, 0, [], NOW, full=False)
    assert (tally.oldest, tally.newest, tally.oldest_count, tally.newest_count) == (None, None, None, None)


@pytest.mark.parametrize("listed", [2, 4])
def test_ends_are_not_counted_where_times_are_not_those_of_the_items(listed: int) -> None:
    tally, _ = polled().tally("s", listed, 0, [985.0, 986.0, 986.0], NOW, full=True)
    assert (tally.oldest, tally.newest, tally.oldest_count, tally.newest_count) == (985.0, 986.0, None, None)
