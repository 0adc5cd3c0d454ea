from __future__ import annotations

from alerting_samples import exposure
from monitor.alerting.containment.steps import containment
from monitor.alerting.drills.exercises import MISSED, todo
from monitor.alerting.drills.judge import LOOK
from monitor.canary import RULE


def test_what_a_drill_planted_needs_nothing() -> None:
    (step,) = todo(exposure(rule=RULE, provider="leakstream", mode="exercise")).steps
    assert step.startswith("Do nothing")


def test_a_missed_drill_says_what_to_look_at() -> None:
    row = exposure(rule=MISSED, provider="leakstream", mode="exercise", revoke=LOOK["match"])
    steps = " ".join(todo(row).steps)
    assert LOOK["match"] in steps
    assert "Take it out" not in steps


def test_a_practice_and_a_stranger_s_canary_have_the_steps_of_what_they_show() -> None:
    for row in (
        exposure(rule="aws-secret-access-key", provider="aws", mode="exercise"),
        exposure(rule=RULE, provider="leakstream", mode="live"),
    ):
        assert todo(row) == containment(row)
