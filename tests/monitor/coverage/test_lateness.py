from __future__ import annotations

import random
from dataclasses import replace

import pytest

from benchmarks.coverage_world import FIREHOSE, SOURCE, Scenario, live
from monitor.contracts import CoverageEvent
from monitor.coverage.items import Outcome, item, pack
from monitor.coverage.lateness import Missing, missing
from monitor.coverage.polls import Polls, polls_of


def learnt(share: float, late_by: float, *, owners: int = 20, behind: float = 0.0) -> Missing:
    scenario = Scenario(lambda _: 5.0, share, late_by, owners=owners, behind=behind)
    found = polls_of(live(scenario, seed=3).events)
    complete = [polls for name, polls in found.items() if name != (SOURCE, FIREHOSE)]
    return missing(found[SOURCE, FIREHOSE], complete, 1.0)


def mean(found: Missing) -> float:
    return sum(share * weight for share, weight in found)


def spread(found: Missing) -> float:
    return sum(weight * (share - mean(found)) ** 2 for share, weight in found) ** 0.5


@pytest.mark.parametrize(("share", "late_by"), [(0.0, 30.0), (0.05, 30.0), (0.2, 60.0)])
@pytest.mark.parametrize("behind", [0.0, 40.0])
def test_feeds_that_meet_tell_how_many_are_late(share: float, late_by: float, behind: float) -> None:
    found = learnt(share, late_by, behind=behind)
    assert sum(weight for _, weight in found) == pytest.approx(1.0)
    assert mean(found) == pytest.approx(share * (1.0 - 1.0 / late_by), abs=max(0.005, 2.5 * spread(found)))
    assert spread(found) < 0.025


def test_without_such_feeds_a_few_percent_are_taken_to_be_late() -> None:
    found = learnt(0.0, 30.0, owners=0)
    assert 0.01 < mean(found) < 0.06
    assert sum(weight for share, weight in found if share > 0.25) < 0.05
    assert found[0] == (0.0, pytest.approx(0.24, abs=0.02))


def test_what_is_late_by_seconds_only_is_partly_there_in_an_older_window() -> None:
    # the same feeds asked about an age of 20 s: of those late by up to 30 s a third is still missing
    scenario = Scenario(lambda _: 5.0, 0.2, 30.0, owners=20)
    found = polls_of(live(scenario, seed=3).events)
    complete = [polls for name, polls in found.items() if name != (SOURCE, FIREHOSE)]
    young, old = (mean(missing(found[SOURCE, FIREHOSE], complete, age)) for age in (1.0, 20.0))
    assert old == pytest.approx(young / 3.0, rel=0.25)


def test_items_that_do_not_fit_their_poll_tell_nothing() -> None:
    rng = random.Random(4)
    polls = [
        CoverageEvent(
            "s", 60.0 * i, 60.0 * i + 60.0, listed=20, overlap=10, oldest=0.0, newest=60.0 * i + 59.0
        )
        for i in range(1, 30)
    ]

    def with_items(event: CoverageEvent, count: int) -> CoverageEvent:
        times = [event.until - rng.random() * 150.0 for _ in range(count)]
        return replace(event, items=pack(item("f", str(i), t, Outcome.LISTED) for i, t in enumerate(times)))

    sampled = Polls(polls)
    nothing = missing(sampled, [], 1.0)
    fits = missing(sampled, [Polls([with_items(event, 10) for event in polls])], 1.0)
    known_too = missing(sampled, [Polls([with_items(event, 20) for event in polls])], 1.0)
    broken = missing(sampled, [Polls([replace(event, items="!") for event in polls])], 1.0)
    assert known_too == broken == nothing
    assert mean(fits) > 0.2
