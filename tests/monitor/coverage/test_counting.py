from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.contracts import CoverageEvent
from monitor.coverage.counting import Counts, counts_of
from monitor.coverage.polls import polls_of


def minutes(events: list[CoverageEvent], count: int = 3) -> list[Counts]:
    """Of the only feed, from 0 on."""
    (found,) = counts_of(events, polls_of(events), 0.0, count).values()
    return found


def test_a_window_over_a_minutes_end_is_shared_out_by_its_seconds() -> None:
    event = CoverageEvent(
        "s",
        0.0,
        63.0,
        listed=300,
        fetched=30,
        skipped={"no_text": 270},
        overlap=0,
        feed="f",
        oldest=58.0,
        newest=60.0,
        oldest_count=100,
        newest_count=40,
        full=True,
    )
    first, second, third = minutes([event])
    assert (first.listed, second.listed, third.listed) == (pytest.approx(260.0), pytest.approx(40.0), 0.0)
    assert (first.fetched, second.fetched) == (pytest.approx(26.0), pytest.approx(4.0))
    assert first.skipped["no_text"] == pytest.approx(234.0)


def test_a_poll_that_meets_the_one_before_counts_what_is_new_since_then() -> None:
    events = [
        CoverageEvent("s", 30.0, 30.0, listed=10, feed="f", oldest=-5000.0, newest=30.0),
        CoverageEvent("s", 30.0, 150.0, listed=40, overlap=10, feed="f", oldest=-5000.0, newest=150.0),
    ]
    assert [cell.listed for cell in minutes(events)[1:]] == [pytest.approx(15.0), pytest.approx(7.5)]


def test_what_was_lost_lies_between_the_polls() -> None:
    events = [
        CoverageEvent("s", 0.0, 30.0, listed=10, feed="f", oldest=20.0, newest=30.0, full=True),
        CoverageEvent(
            "s", 30.0, 150.0, listed=10, overlap=0, lost=120, feed="f", oldest=150.0, newest=155.0, full=True
        ),
    ]
    assert [cell.lost for cell in minutes(events)] == [
        pytest.approx(30.0),
        pytest.approx(60.0),
        pytest.approx(30.0),
    ]


def test_other_counts_are_spread_over_their_span() -> None:
    events = [
        CoverageEvent("s", 30.0, 90.0, scanned=60, fetched=6, lost=4),
        CoverageEvent("s", 70.0, 70.0, scanned=5),
        CoverageEvent("s", -1e9, -1e8, scanned=1000),
    ]
    assert [(cell.scanned, cell.fetched, cell.lost) for cell in minutes(events)] == [
        (pytest.approx(30.0), pytest.approx(3.0), pytest.approx(2.0)),
        (pytest.approx(35.0), pytest.approx(3.0), pytest.approx(2.0)),
        (0.0, 0.0, 0.0),
    ]


def test_a_poll_without_times_counts_in_its_span_and_the_order_does_not_matter() -> None:
    events = [
        CoverageEvent("s", 0.0, 60.0, listed=8, overlap=2, feed="f"),
        CoverageEvent("s", 60.0, 120.0, listed=8, overlap=8, feed="f"),
        CoverageEvent("s", 120.0, 180.0, listed=1, overlap=0, feed="f", oldest=130.0, newest=130.0),
    ]
    assert [cell.listed for cell in minutes(events)] == [6.0, 0.0, 1.0]
    assert minutes(events[::-1]) == minutes(events)


def test_each_feed_has_its_own() -> None:
    event = CoverageEvent("s", 0.0, 60.0, listed=8, overlap=2, feed="f")
    events = [
        event,
        replace(event, feed="g"),
        replace(event, source="t"),
        CoverageEvent("s", 0.0, 60.0, fetched=1),
    ]
    found = counts_of(events, polls_of(events), 0.0, 1)
    assert {name: cells[0].listed for name, cells in found.items()} == {
        ("s", "f"): 6.0,
        ("s", "g"): 6.0,
        ("t", "f"): 6.0,
        ("s", ""): 0.0,
    }
