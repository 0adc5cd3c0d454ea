from __future__ import annotations

import math
from statistics import fmean, median

import pytest

from benchmarks.coverage_world import FIREHOSE, SOURCE, START, Scenario, World, live
from monitor.contracts import CoverageEvent
from monitor.coverage.firehose import Expected, expected_minutes
from monitor.coverage.polls import Polls, polls_of


def expected(world: World, archive: list[CoverageEvent], start: float = START) -> list[Expected]:
    polls = polls_of(world.events)[SOURCE, FIREHOSE]
    found = expected_minutes(polls, [], archive, start, round((START + 7200.0 - start) / 60.0))
    assert None not in found
    return [minute for minute in found if minute is not None]


def archived(items: int, hour: int = 0) -> CoverageEvent:
    since = START + 3600.0 * hour
    return CoverageEvent("gharchive", since, since + 3600.0, expected=items, feed="world")


@pytest.fixture(scope="module")
def late() -> World:
    """A fifth is late, and no complete feed tells."""
    return live(Scenario(lambda _: 170.0, 0.2, 60.0), seed=5)


def bias(found: list[Expected], world: World) -> float:
    return fmean(m.items / n for m, n in zip(found, world.published[-len(found) :], strict=True)) - 1.0


def width(found: list[Expected]) -> float:
    return median(math.log(minute.high / minute.low) for minute in found)


def test_an_archive_sets_its_hour_right_and_teaches_the_others(late: World) -> None:
    true = sum(late.published[:60])
    unaided, aided = expected(late, []), expected(late, [archived(true)])
    assert sum(minute.items for minute in aided[:60]) == pytest.approx(true)
    assert bias(unaided, late) < -0.13
    assert abs(fmean(m.items / n for m, n in zip(aided[60:], late.published[60:], strict=True)) - 1.0) < 0.04
    assert width(aided[:60]) < width(aided[60:])


def test_a_part_of_the_archived_hour_is_as_the_whole(late: World) -> None:
    archive = [archived(sum(late.published[:60]))]
    whole, part = expected(late, archive), expected(late, archive, START + 1800.0)
    assert [m.items for m in part[:30]] == [pytest.approx(m.items, rel=0.03) for m in whole[30:60]]


@pytest.mark.parametrize("share", [0.01, 0.5])
def test_an_archive_that_lost_some_itself_is_left_out(late: World, share: float) -> None:
    poor = archived(round(share * sum(late.published[:60])))
    assert expected(late, [poor]) == expected(late, [])


def test_an_hour_that_was_not_watched_whole_is_not_scaled() -> None:
    world = live(Scenario(lambda _: 170.0, outages=((0.0, 3500.0),)), seed=6)
    polls = Polls([e for e in polls_of(world.events)[SOURCE, FIREHOSE].events if e.until > START + 3500.0])
    archive = [archived(sum(world.published[:60]))]
    assert expected_minutes(polls, [], archive, START, 120) == expected_minutes(polls, [], [], START, 120)


def test_far_from_any_window_nothing_is_said() -> None:
    polls = polls_of(live(Scenario(lambda _: 170.0), 7, seconds=1200).events)[SOURCE, FIREHOSE]
    found = expected_minutes(polls, [], [], START - 7200.0, 300)
    told = [i for i, minute in enumerate(found) if minute is not None]
    assert (told[0], told[-1]) == (91, 169)  # half an hour before the first poll, and after the last
    outer, inner = found[told[-1]], found[130]
    assert outer is not None
    assert inner is not None
    assert outer.high / outer.low > inner.high / inner.low


def test_no_windows_no_word() -> None:
    assert expected_minutes(Polls([]), [], [], START, 2) == [None, None]
    assert expected_minutes(Polls([CoverageEvent("s", 0.0, 1.0, overlap=0)]), [], [], START, 1) == [None]


def test_a_poll_that_meets_the_one_before_tells_all_that_came_since() -> None:
    # at night the same feed carries 3 a second: the polls overlap
    def rate(second: float) -> float:
        return 170.0 if second < 6000.0 else 3.0

    world = live(Scenario(rate), seed=8)
    found = expected(world, [])
    quiet = [m.items / n for m, n in zip(found[102:118], world.published[102:118], strict=True)]
    assert fmean(quiet) == pytest.approx(1.0, abs=0.12)


def test_a_day_is_read_block_by_block() -> None:
    world = live(Scenario(lambda second: 20.0 + second / 1800.0), seed=9, seconds=8 * 3600)
    polls = polls_of(world.events)[SOURCE, FIREHOSE]
    found = [m for m in expected_minutes(polls, [], [], START, 480) if m is not None]
    assert len(found) == 480
    assert abs(bias(found, world)) < 0.04
