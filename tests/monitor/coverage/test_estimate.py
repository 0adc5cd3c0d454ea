from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.coverage_estimate import OUTAGES, SCENARIOS, judge, steady, summary
from benchmarks.coverage_world import FIREHOSE, SECONDS, SOURCE, START, Scenario, live
from monitor.contracts import CoverageEvent
from monitor.coverage.blind import blind_intervals
from monitor.coverage.estimate import Minute, minutes

SEEDS = (2, 3)  # more of them in benchmarks.coverage_estimate


def of_firehose(found: list[Minute]) -> list[Minute]:
    return [minute for minute in found if (minute.source, minute.feed) == (SOURCE, FIREHOSE)]


@pytest.mark.parametrize("name", SCENARIOS)
def test_two_hours_of_minutes_are_estimated_as_well_as_they_say(name: str) -> None:
    judged = [judge(live(SCENARIOS[name], seed)) for seed in SEEDS]
    assert [len(minutes) for minutes in judged] == [120] * len(SEEDS)
    found = summary(minute for minutes in judged for minute in minutes)
    assert found["near"] >= 0.97
    assert found["held"] >= 0.85
    assert found["half_width"] <= 0.15


def test_items_are_put_into_the_minute_of_their_publication() -> None:
    world = live(Scenario(steady), seed=4)
    found = of_firehose(minutes(world.events, START, START + SECONDS))
    assert [minute.listed for minute in found] == [pytest.approx(count) for count in world.listed[:-1]]
    assert len(set(world.listed[:-1])) > 2  # some windows lie over a minute's end


def test_outages_are_blind_seconds_and_the_loss_of_sampling_is_none() -> None:
    world = live(Scenario(steady, outages=OUTAGES), seed=1)
    spans = [span for span in blind_intervals(world.events) if span.source == SOURCE]
    assert [(span.since, span.until) for span in spans] == world.outages
    found = of_firehose(minutes(world.events, START, START + SECONDS))
    assert sum(minute.blind_seconds for minute in found) == pytest.approx(
        sum(b - a for a, b in world.outages)
    )
    assert {minute.blind for minute in found} == {(), ("server_error",)}
    assert not any(minute.repaired for minute in found)


def test_only_an_archives_count_of_the_world_counts() -> None:
    world = live(Scenario(steady, 0.2, 60.0, archive=True), seed=3, seconds=3600)

    def bias(events: list[CoverageEvent]) -> float:
        found = of_firehose(minutes(events, START, START + 3600.0))
        return sum(minute.expected or 0.0 for minute in found) / sum(world.published) - 1.0

    of_its_own = [replace(e, feed="its own") if e.feed == "world" else e for e in world.events]
    assert bias(world.events) == pytest.approx(0.0, abs=1e-6)
    assert bias(of_its_own) < -0.1


# -- complete feeds


def poll(i: int, *, listed: int = 40, overlap: int | None = 10, lost: int = 0) -> CoverageEvent:
    """One a minute, of a feed that meets itself."""
    since = 60.0 * (i - 1)
    return CoverageEvent(
        "s",
        since,
        since + 60.0,
        listed=listed,
        fetched=listed - (overlap or 0),
        overlap=overlap,
        lost=lost,
        feed="f",
        oldest=since - 20.0 if overlap else since + 40.0,
        newest=since + 60.0,
        full=True,
    )


def table(events: list[CoverageEvent], count: int) -> list[Minute]:
    return [minute for minute in minutes(events, 0.0, 60.0 * count) if minute.feed == "f"]


def test_of_a_feed_that_meets_itself_all_is_listed() -> None:
    found = table([poll(i) for i in range(-1, 12)], 8)
    assert [(m.listed, m.expected, m.low, m.high, m.capture) for m in found] == [
        (pytest.approx(30.0),) * 4 + (1.0,)
    ] * 8


def test_a_gap_in_such_a_feed_lowers_the_capture_and_is_blind_time() -> None:
    gap = CoverageEvent("s", 300.0, 340.0, blind="gap", feed="f")
    events = [*(poll(i) for i in range(1, 6)), gap, poll(6, listed=20, overlap=0, lost=40)]
    sixth = table([*events, *(poll(i) for i in range(7, 10))], 8)[5]
    assert (sixth.blind, sixth.blind_seconds, sixth.lost) == (("gap",), 40.0, pytest.approx(40.0))
    assert sixth.capture == pytest.approx(1.0 / 3.0, abs=0.02)
    assert sixth.capture_low < sixth.capture < sixth.capture_high
    archive = CoverageEvent("gharchive", 0.0, 3600.0, repairs="s f")
    assert table([*events, archive], 6)[5].repaired
    assert not table(events, 6)[5].repaired


def test_what_no_poll_has_reached_yet_is_not_known() -> None:
    found = table([poll(i) for i in range(3, 6)], 7)
    assert [minute.expected is None for minute in found] == [True, False, False, False, False, True, True]
    assert found[-1].capture is found[-1].capture_low is found[-1].capture_high is None


def test_a_quiet_minute_of_a_complete_feed_is_seen_whole() -> None:
    found = table([poll(i, listed=10, overlap=10) for i in range(1, 5)], 3)
    assert [(m.expected, m.capture) for m in found] == [(0.0, 1.0)] * 3


def test_counts_without_a_feed_have_a_row_of_their_own() -> None:
    events = [
        *(poll(i) for i in range(1, 4)),
        CoverageEvent("s", 0.0, 60.0, scanned=30, skipped={"budget": 4}),
    ]
    first = minutes(events, 0.0, 60.0)[0]
    assert (first.source, first.feed, first.expected, first.scanned) == ("s", "", None, 30.0)
    assert first.skipped == {"budget": 4.0}


# -- a sampled feed that falls silent


def test_a_firehose_that_is_not_heard_of_is_blind_and_less_and_less_known() -> None:
    world = live(Scenario(steady), seed=2, seconds=1800)
    found = of_firehose(minutes(world.events, START, START + 3600.0))
    assert [m.blind for m in found[:29]] == [()] * 29
    assert [(m.blind, m.blind_seconds) for m in found[32:]] == [(("silent",), 60.0)] * 28
    width = [m.high / m.low for m in found]
    assert width[20] < width[35] < width[50]
    assert [m.capture for m in found[32:]] == [0.0] * 28
    later = of_firehose(minutes(world.events, START + 7200.0, START + 7260.0))
    assert [(m.expected, m.blind) for m in later] == [(None, ("silent",))]


def test_a_part_of_the_time_is_as_the_whole_and_the_order_of_events_does_not_matter() -> None:
    world = live(Scenario(steady, 0.05, owners=3), seed=3)
    whole = minutes(world.events, START, START + SECONDS)
    part = minutes(world.events[::-1], START + 1830.0, START + 3600.0)
    assert [m for m in whole if START + 1800.0 <= m.start < START + 3600.0] == [
        Minute(
            **{
                name: pytest.approx(value, rel=0.05) if name in ("expected", "low", "high") else value
                for name, value in ((f, getattr(m, f)) for f in Minute.__slots__)
            }
        )
        for m in part
    ]


# -- anything


_NUMBER = st.integers(0, 10**6)
_TIME: Callable[[], st.SearchStrategy[float]] = lambda: st.floats(-1e4, 1e4) | st.integers(-100, 10_000)  # noqa: E731
_EVENTS = st.lists(
    st.builds(
        CoverageEvent,
        source=st.sampled_from(["s", "github_events", "gharchive"]),
        since=_TIME(),
        until=_TIME(),
        expected=st.none() | _NUMBER,
        listed=_NUMBER,
        fetched=_NUMBER,
        skipped=st.dictionaries(st.sampled_from(["a", "b"]), _NUMBER, max_size=2),
        lost=_NUMBER,
        blind=st.sampled_from(["", "", "", "gap", "timeout"]),
        overlap=st.none() | _NUMBER,
        feed=st.sampled_from(["", "/events", "world"]),
        oldest=st.none() | _TIME(),
        newest=st.none() | _TIME(),
        oldest_count=st.none() | _NUMBER,
        newest_count=st.none() | _NUMBER,
        full=st.booleans(),
        repairs=st.sampled_from(["", "", "s", "s /events"]),
        items=st.sampled_from(["", "!", "AAAA"]),
    ),
    max_size=8,
)


@settings(max_examples=80)
@given(_EVENTS)
def test_whatever_was_told_there_are_minutes(events: list[CoverageEvent]) -> None:
    for minute in minutes(events, 0.0, 600.0):
        assert minute.start % 60.0 == 0.0
        assert 0.0 <= minute.blind_seconds <= 60.0
        if minute.expected is not None:
            assert 0.0 <= minute.low <= minute.expected <= minute.high < math.inf
            assert 0.0 <= minute.capture_low <= minute.capture <= minute.capture_high <= 1.0


def test_an_empty_time_has_no_minutes() -> None:
    assert minutes([poll(1)], 60.0, 60.0) == []
    assert minutes([], 0.0, 600.0) == []
