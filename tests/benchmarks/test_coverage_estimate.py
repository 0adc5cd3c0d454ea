"""That the judge of the estimate tells good from bad."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.coverage_estimate import judge, steady, summary
from benchmarks.coverage_world import FIREHOSE, START, Scenario, World, live
from monitor.contracts import CoverageEvent


@pytest.fixture
def world() -> World:
    return live(Scenario(steady), seed=1, seconds=1200)


def test_a_good_estimate_passes(world: World) -> None:
    found = summary(judge(world))
    assert (found["minutes"], found["near"]) == (20, 1.0)
    assert found["held"] >= 0.85
    assert abs(found["bias"]) < 0.06


def test_a_collector_that_tells_of_a_slower_world_is_found_out(world: World) -> None:
    def slower(event: CoverageEvent) -> CoverageEvent:
        if event.feed != FIREHOSE or event.oldest is None:
            return event
        return replace(event, oldest=event.oldest - 1.0)

    found = summary(judge(replace(world, events=[slower(event) for event in world.events])))
    assert found["near"] < 0.2
    assert found["held"] < 0.5


def test_minutes_that_nobody_knows_are_no_success(world: World) -> None:
    late = replace(world, events=[event for event in world.events if event.since > START + 1e6])
    assert judge(late) == []
    first = [event for event in world.events if event.feed == FIREHOSE][:2]
    assert (
        summary(judge(replace(world, events=first, published=[10_200] * 60, listed=[0] * 61)))["near"] < 0.7
    )


def test_the_same_seed_is_the_same_world(world: World) -> None:
    assert live(Scenario(steady), seed=1, seconds=1200) == world
    assert live(Scenario(steady), seed=2, seconds=1200) != world
