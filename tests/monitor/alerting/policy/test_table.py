from itertools import product

import pytest
from pydantic import ValidationError

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.ownership import Level
from monitor.alerting.policy.cases import Case
from monitor.alerting.policy.table import Action, Policy, PolicyRow, PolicySettings
from monitor.contracts import Mode


def decide(policy=None, **other):
    values = {
        "level": Level.PROVED,
        "severity": Severity.HIGH,
        "verdict": Verdict.UNPROVABLE,
        "confidence": Confidence.HIGH,
        "mode": Mode.LIVE,
    }
    decision = (policy or Policy()).decide(Case(**(values | other)))
    return decision.action.value, decision.reason


@pytest.mark.parametrize(
    ("level", "severity", "verdict", "confidence", "action", "reason"),
    [
        ("proved", "critical", "proved", "high", "page", "yours_proved"),
        ("proved", "medium", "proved", "low", "page", "yours_proved"),
        ("proved", "critical", "unprovable", "medium", "page", "yours"),
        ("proved", "high", "unprovable", "high", "page", "yours"),
        ("proved", "high", "unprovable", "low", "ticket", "yours_lesser"),
        ("proved", "medium", "unprovable", "high", "ticket", "yours_lesser"),
        ("proved", "low", "proved", "high", "record", "yours_minor"),
        ("claimed", "critical", "proved", "high", "ticket", "claimed"),
        ("claimed", "high", "unprovable", "medium", "ticket", "claimed"),
        ("claimed", "high", "unprovable", "low", "record", "claimed_lesser"),
        ("claimed", "medium", "proved", "high", "record", "claimed_lesser"),
        ("none", "critical", "proved", "high", "record", "unattributed"),
        ("none", "info", "unprovable", "low", "record", "unattributed"),
    ],
)
def test_the_table_that_is_there(level, severity, verdict, confidence, action, reason):
    assert decide(
        level=Level(level),
        severity=Severity(severity),
        verdict=Verdict(verdict),
        confidence=Confidence(confidence),
    ) == (action, reason)


def test_only_what_is_proved_ours_pages():
    for level, severity, verdict, confidence in product(
        (Level.NONE, Level.CLAIMED), Severity, Verdict, Confidence
    ):
        action, _ = decide(level=level, severity=severity, verdict=verdict, confidence=confidence)
        assert action != "page"


def test_refuted_is_dropped_and_a_drill_pages():
    assert decide(verdict=Verdict.REFUTED) == ("drop", "refuted")
    assert decide(level=Level.NONE, severity=Severity.INFO, mode=Mode.EXERCISE) == ("page", "exercise")
    assert decide(mode=Mode.REPLAY) == ("page", "yours")


@pytest.mark.parametrize(
    ("stated", "fits", "misses", "said"),
    [
        ({"score_at_least": 60}, {"score": 60}, {"score": 59}, "score at least 60, it is 59"),
        (
            {"family": "personal"},
            {"personal": True},
            {"personal": False},
            "family personal, it is credential",
        ),
        ({"people_at_least": 100}, {"people": 100}, {"people": 99}, "people at least 100, it is 99"),
        ({"sources": ("git", "ail")}, {"source": "git"}, {"source": "x"}, "source git or ail, it is x"),
        ({"mode": "replay"}, {"mode": Mode.REPLAY}, {"mode": Mode.LIVE}, "mode replay, it is live"),
        (
            {"age_at_least_hours": 24},
            {"age": 24 * 3600},
            {"age": 24 * 3600 - 1},
            "age at least 24 h, it is 24.0 h",
        ),
        ({"age_below_hours": 2}, {"age": 7199}, {"age": 7200}, "age below 2 h, it is 2.0 h"),
        (
            {"severity": "critical"},
            {"severity": Severity.CRITICAL},
            {},
            "severity at least critical, it is high",
        ),
        ({"confidence": "high"}, {}, {"confidence": Confidence.LOW}, "confidence at least high, it is low"),
        ({"verdict": "proved"}, {"verdict": Verdict.PROVED}, {}, "verdict proved, it is unprovable"),
        ({"owned": "none"}, {"level": Level.NONE}, {}, "owned none, it is proved"),
    ],
)
def test_what_a_row_may_state(stated, fits, misses, said):
    row = PolicyRow.model_validate({"name": "row", "action": "ticket", **stated})
    values = {
        "level": Level.PROVED,
        "severity": Severity.HIGH,
        "verdict": Verdict.UNPROVABLE,
        "confidence": Confidence.HIGH,
        "mode": Mode.LIVE,
    }
    assert row.misses(Case(**(values | fits))) == ()
    assert row.misses(Case(**(values | misses))) == (said,)
    assert decide(Policy((row,)), **fits) == ("ticket", "row")
    assert decide(Policy((row,)), **misses) == ("record", "no_row")


def test_a_word_alone_is_no_ticket():
    assert decide(level=Level.CLAIMED, score=10) == ("record", "claimed_lesser")
    assert decide(level=Level.CLAIMED, score=20) == ("ticket", "claimed")


def test_the_first_row_that_fits_decides_and_no_row_records():
    rows = (
        PolicyRow(name="info_is_noise", action=Action.DROP, owned="none"),
        PolicyRow(name="first", action=Action.TICKET, severity=Severity.HIGH),
        PolicyRow(name="second", action=Action.PAGE, owned="proved", severity=Severity.HIGH),
    )
    policy = Policy(rows)
    assert decide(policy) == ("ticket", "first")
    assert decide(policy, level=Level.NONE) == ("drop", "info_is_noise")
    assert decide(policy, severity=Severity.LOW) == ("record", "no_row")


@pytest.mark.parametrize("owned", ["claimed", "none", "any"])
def test_a_row_that_pages_a_claim_stops_the_start(owned):
    with pytest.raises(ValidationError, match="only what is owned"):
        PolicySettings.model_validate({"rows": [{"name": "x", "action": "page", "owned": owned}]})


@pytest.mark.parametrize(
    "row",
    [
        {"name": "X!", "action": "record"},
        {"name": "x", "action": "shout"},
        {"name": "x", "action": "drop", "if": 1},
        {"name": "claimed_storm", "action": "record"},
        {"name": "x", "action": "record", "score_at_least": 101},
    ],
)
def test_wrong_rows_stop_the_start(row):
    with pytest.raises(ValidationError):
        PolicySettings.model_validate({"rows": [row]})
