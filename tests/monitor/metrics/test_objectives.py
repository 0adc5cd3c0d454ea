"""The objectives can be measured with the metrics that there are."""

from __future__ import annotations

import re

import pytest

from monitor.metrics import Metrics
from monitor.metrics.objectives import (
    BURNS,
    DELIVERY_SECONDS,
    FRESH,
    FRESH_RECORD,
    OBJECTIVES,
    PAGE_SECONDS,
    SEEN,
    SEEN_RECORD,
    WINDOW_DAYS,
    Objective,
)
from tests.support import promql


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda each: each.name)
def test_what_it_asks_for_is_there(objective: Objective) -> None:
    expression = objective.over("1h")
    for name, recorded in ((FRESH_RECORD, FRESH), (SEEN_RECORD, SEEN)):
        expression = expression.replace(name, recorded)
    assert promql.faults(expression) == []
    families = {re.sub("_(bucket|count)$", "", name) for name in promql.metrics_of(expression)}
    assert families == set(objective.metrics)


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda each: each.name)
def test_its_window_stands_wherever_a_range_does(objective: Objective) -> None:
    assert "[1h]" in objective.over("1h")
    assert "WINDOW" not in objective.over("1h")


def test_a_threshold_is_a_bound_of_its_histogram() -> None:
    histogram = Metrics().publish_to_notify
    assert PAGE_SECONDS in histogram._upper_bounds
    assert DELIVERY_SECONDS in histogram._upper_bounds


def test_no_burn_needs_more_than_everything_going_wrong() -> None:
    """A rate that not even a share of 100 % reaches would never fire."""
    loosest = min(1 - each.target for each in OBJECTIVES)
    for burn in BURNS:
        assert burn.rate * loosest < 1
        assert burn.rate * max(1 - each.target for each in OBJECTIVES) < 1
    assert WINDOW_DAYS == 30  # what the rates are made for
