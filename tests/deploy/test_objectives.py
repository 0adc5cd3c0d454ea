"""The rules on the objectives say what monitor/metrics/objectives.py says: one place has the targets, and this is where a second would show."""

from __future__ import annotations

import re
from itertools import groupby

import pytest

from alertrules import ALERTS, RECORDED
from monitor.metrics.objectives import (
    BURNS,
    FRESH,
    FRESH_RECORD,
    OBJECTIVES,
    SEEN,
    SEEN_RECORD,
    Burn,
    Objective,
)

WINDOWS = sorted({window for burn in BURNS for window in (burn.long, burn.short)} | {"5m", "30m"})
NAMES = {"time_to_page": "TimeToPage", "delivery": "Delivery", "freshness": "Freshness", "seen": "Seen"}
SPEEDS = {"page": "Fast", "ticket": "Slowly"}
BY_SEVERITY = {severity: list(burns) for severity, burns in groupby(BURNS, lambda burn: burn.severity)}
# what wakes somebody is ours to mend; one source that is away mostly is not (docs/decisions/0027-alerts.md)
PAGES = {"time_to_page", "delivery"}


def spaced(expression: str) -> str:
    """Without line breaks, which mean nothing."""
    return re.sub(r"(?<=\() | (?=\))", "", " ".join(expression.split()))


def terms(objective: Objective, burn: Burn) -> list[str]:
    limit = f"> {burn.rate:g} * (1 - {objective.target})"
    ratio = f"leakstream:{objective.name}:error_ratio_"
    return [f"{ratio}{burn.long} {limit}", f"{ratio}{burn.short} {limit}"]


def test_every_objective_is_known_here() -> None:
    assert NAMES.keys() == {objective.name for objective in OBJECTIVES}
    assert {rule["alert"] for rule in ALERTS if "Burns" in rule["alert"]} == {
        f"Leakstream{name}Burns{speed}" for name in NAMES.values() for speed in SPEEDS.values()
    }


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
def test_the_share_of_errors_is_recorded(objective: Objective, window: str) -> None:
    recorded = RECORDED[f"leakstream:{objective.name}:error_ratio_{window}"]
    assert spaced(recorded) == spaced(objective.over(window))


def test_what_a_minute_is_worth_is_recorded() -> None:
    assert spaced(RECORDED[FRESH_RECORD]) == spaced(FRESH)
    assert spaced(RECORDED[SEEN_RECORD]) == spaced(SEEN)


def test_nothing_is_recorded_that_nobody_promises() -> None:
    ratios = {name for name in RECORDED if ":error_ratio_" in name}
    assert len(ratios) == len(OBJECTIVES) * len(WINDOWS)


@pytest.mark.parametrize("severity", BY_SEVERITY)
@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda objective: objective.name)
def test_an_alert_has_the_target_and_the_burns(objective: Objective, severity: str) -> None:
    name = f"Leakstream{NAMES[objective.name]}Burns{SPEEDS[severity]}"
    rule = next(rule for rule in ALERTS if rule["alert"] == name)
    parts = spaced(rule["expr"]).split(" or ")
    burns = BY_SEVERITY[severity]
    assert len(parts) == len(burns)
    for part, burn in zip(parts, burns, strict=True):
        found = re.findall(r"leakstream:\S+ > [\d.]+ \* \(1 - [\d.]+\)", part)
        assert found == terms(objective, burn)
    assert rule["labels"]["severity"] == (severity if objective.name in PAGES else "ticket")
