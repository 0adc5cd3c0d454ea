from __future__ import annotations

import pytest

from monitor.contracts import CoverageEvent
from monitor.coverage.blind import Interval, blind_intervals, covered, joined


def poll(until: float, overlap: int | None, *, feed: str = "f", since: float | None = None) -> CoverageEvent:
    return CoverageEvent(
        "s",
        until - 60.0 if since is None else since,
        until,
        listed=300,
        overlap=overlap,
        feed=feed,
        full=True,
        oldest=until - 2.0,
        newest=until,
    )


def blind(since: float, until: float, reason: str, *, feed: str = "", source: str = "s") -> CoverageEvent:
    return CoverageEvent(source, since, until, blind=reason, feed=feed)


def polls(overlap: int, count: int = 6, *, feed: str = "f") -> list[CoverageEvent]:
    return [poll(60.0 * i, overlap, feed=feed) for i in range(1, count + 1)]


def test_adjacent_spans_of_one_reason_are_one() -> None:
    events = [
        blind(20.0, 30.0, "timeout"),
        blind(10.0, 20.5, "timeout"),
        blind(30.9, 40.0, "timeout"),
        blind(40.0, 50.0, "limited"),
        blind(60.0, 70.0, "timeout"),
        blind(65.0, 66.0, "timeout", feed="g"),
        blind(10.0, 70.0, "timeout", source="t"),
    ]
    assert blind_intervals(events) == [
        Interval("s", "", 10.0, 40.0, "timeout"),
        Interval("s", "", 40.0, 50.0, "limited"),
        Interval("s", "", 60.0, 70.0, "timeout"),
        Interval("s", "g", 65.0, 66.0, "timeout"),
        Interval("t", "", 10.0, 70.0, "timeout"),
    ]


def test_a_gap_is_blind_time_of_a_feed_that_normally_meets() -> None:
    events = [*polls(200), poll(420.0, 0), blind(360.0, 418.0, "gap", feed="f")]
    assert blind_intervals(events) == [Interval("s", "f", 360.0, 418.0, "gap")]


def test_gaps_between_samples_are_no_outage_but_outages_are() -> None:
    gaps = [blind(60.0 * i, 60.0 * i + 58.0, "gap", feed="f") for i in range(1, 6)]
    events = [*polls(0), *gaps, blind(130.0, 175.0, "server_error"), blind(200.0, 210.0, "stale", feed="f")]
    assert blind_intervals(events) == [
        Interval("s", "", 130.0, 175.0, "server_error"),
        Interval("s", "f", 200.0, 210.0, "stale"),
    ]


def test_a_collector_that_was_not_there_is_silent() -> None:
    events = [*polls(0), poll(2000.0, 0, since=360.0), poll(2060.0, 0)]
    assert blind_intervals(events) == [Interval("s", "f", 420.0, 2000.0, "silent")]


def test_silence_with_a_known_reason_has_that_reason_only() -> None:
    events = [*polls(0), blind(420.0, 1990.0, "timeout"), poll(2000.0, 0, since=360.0)]
    assert [span.reason for span in blind_intervals(events)] == ["timeout"]


def test_a_complete_feed_that_meets_after_a_long_time_missed_nothing() -> None:
    assert blind_intervals([*polls(200), poll(2000.0, 5, since=360.0)]) == []


@pytest.mark.parametrize(
    ("repairs", "spans", "by"),
    [
        ("s f", [(0.0, 500.0)], "gharchive"),
        ("s", [(0.0, 500.0)], "gharchive"),
        ("s f", [(0.0, 390.0), (390.0, 500.0)], "gharchive"),  # two halves
        ("s f", [(0.0, 390.0), (400.0, 500.0)], ""),  # ten seconds short
        ("s g", [(0.0, 500.0)], ""),
        ("t", [(0.0, 500.0)], ""),
    ],
)
def test_a_span_is_repaired_by_who_covers_all_of_it(
    repairs: str, spans: list[tuple[float, float]], by: str
) -> None:
    events = [
        *polls(200),
        blind(360.0, 418.0, "gap", feed="f"),
        *(CoverageEvent("gharchive", since, until, repairs=repairs) for since, until in spans),
    ]
    assert [span.repaired_by for span in blind_intervals(events)] == [by]


def test_one_feed_of_a_blind_source_repaired_is_not_the_source_repaired() -> None:
    events = [blind(10.0, 20.0, "timeout"), CoverageEvent("gharchive", 0.0, 60.0, repairs="s f")]
    assert [span.repaired_by for span in blind_intervals(events)] == [""]


def test_an_outage_after_which_every_feed_still_met_itself_cost_nothing() -> None:
    outage = blind(365.0, 415.0, "server_error")
    caught_up = [*polls(200), *polls(100, feed="g"), outage, poll(420.0, 10), poll(420.0, 10, feed="g")]
    assert [span.repaired_by for span in blind_intervals(caught_up)] == ["s"]
    one_gap = [*polls(200), *polls(100, feed="g"), outage, poll(420.0, 10), poll(420.0, 0, feed="g")]
    assert [span.repaired_by for span in blind_intervals(one_gap)] == [""]
    not_yet = [*polls(200), outage]
    assert [span.repaired_by for span in blind_intervals(not_yet)] == [""]
    a_sample = [*polls(200), *polls(0, feed="g"), outage, poll(420.0, 10), poll(420.0, 0, feed="g")]
    assert [span.repaired_by for span in blind_intervals(a_sample)] == [""]


def test_a_clock_that_was_set_back_makes_no_negative_span() -> None:
    assert blind_intervals([blind(20.0, 10.0, "timeout")]) == [Interval("s", "", 20.0, 20.0, "timeout")]


def test_spans() -> None:
    assert joined([(5.0, 6.0), (0.0, 2.0), (2.5, 3.0), (1.0, 1.5)]) == [(0.0, 3.0), (5.0, 6.0)]
    assert covered((1.0, 2.0), [(0.0, 1.5), (1.0, 2.0)])
    assert not covered((0.0, 9.0), [(0.0, 4.0), (5.5, 9.0)])
