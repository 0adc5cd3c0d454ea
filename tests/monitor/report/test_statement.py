"""A span added up from its parts."""

from __future__ import annotations

import pytest

from monitor.coverage.blind import Interval
from monitor.coverage.estimate import Minute
from monitor.report.statement import Adding, Statement, Watched


def minute(start: float, **more: object) -> Minute:
    return Minute("github_events", "/events", start, **more)


def test_shares_count_the_minutes_of_which_something_is_known() -> None:
    adding = Adding()
    adding.add([minute(0, expected=100, low=90, high=110, listed=50)], [], 0, 60)
    adding.add(
        [minute(60, listed=7, lost=1), minute(120, expected=100, low=80, high=125, listed=40)], [], 60, 180
    )
    (feed,) = adding.watched()
    assert (feed.listed, feed.known, feed.expected, feed.lost) == (97, 90, 200, 1)
    assert feed.capture == pytest.approx((90 / 200, 90 / 235, 90 / 170))


def test_nothing_published_is_wholly_seen_and_nothing_known_is_no_share() -> None:
    assert Watched("s", "", expected=0.0).capture == (1.0, 1.0, 1.0)
    assert Watched("s", "", listed=3.0).capture is None
    assert Watched("s", "", known=9.0, expected=8.0, low=8.0, high=9.0).capture == (1.0, 1.0, 1.0)


def test_a_feed_that_says_nothing_is_left_out() -> None:
    adding = Adding()
    adding.add([minute(0), minute(60, scanned=1)], [], 0, 120)
    assert [each.scanned for each in adding.watched()] == [1]
    empty = Adding()
    empty.add([minute(0, blind_seconds=60)], [], 0, 60)
    assert empty.watched() == []


def test_blind_spans_are_cut_to_the_part_and_joined_over_parts() -> None:
    adding = Adding()
    long = Interval("s", "", 50, 150, "outage")
    adding.add([], [long], 60, 100)
    adding.add([], [long, Interval("s", "", 300, 400, "outage")], 100, 200)
    adding.add([], [Interval("s", "", 140, 150, "outage", "gharchive")], 100, 200)
    assert adding.blind() == [
        Interval("s", "", 60, 150, "outage"),
        Interval("s", "", 140, 150, "outage", "gharchive"),
    ]


def test_sources_once_each() -> None:
    said = Statement(
        0, 1, 0, False, 0, [Watched("b", "x"), Watched("b", "y"), Watched("a", "")], [], [], 0, ""
    )
    assert said.sources == ["a", "b"]
