from __future__ import annotations

import pytest

from alerting_samples import NOON, exposure
from monitor.alerting.policy.table import DEFAULT_ROWS, Policy, PolicyRow
from monitor.alerting.policy.why import row_text, why


def explained(policy: Policy | None = None, **about: object) -> dict[str, object]:
    return why(exposure(**about), policy or Policy(), tickets=0, now=NOON + 7200)


def test_the_rows_before_the_deciding_one_say_why_they_do_not_fit() -> None:
    rows = explained()["rows"]
    assert [(row["name"], row["decides"], row["misses"]) for row in rows[:3]] == [
        ("yours_proved", False, ["verdict proved, it is unprovable"]),
        ("yours", True, []),
        ("yours_lesser", False, []),
    ]


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({}, ""),
        ({"severity": "medium"}, "row yours_proved would page it with verdict proved, it is unprovable"),
        ({"level": "claimed", "score": 40}, "row yours would page it with owned proved, it is claimed"),
        ({"verdict": "refuted"}, "a refuted value never pages"),
        ({"mode": "exercise"}, "a drill tells the notifiers that are marked for drills, and nobody else"),
    ],
)
def test_what_it_lacks_to_page(about: dict[str, object], said: str) -> None:
    assert explained(**about)["to_page"] == said


def test_an_earlier_row_may_take_what_a_later_one_would_page() -> None:
    early = PolicyRow.model_validate({"name": "quiet", "action": "record", "sources": ["github_events"]})
    assert explained(Policy((early, *DEFAULT_ROWS)))["to_page"] == (
        "row quiet decides before row yours is asked"
    )


def test_a_policy_that_pages_nothing_says_so() -> None:
    assert explained(Policy(()))["to_page"] == "no row of the policy pages"


def test_the_case_is_told_in_the_words_of_a_row() -> None:
    assert explained(people=12)["case"] == {
        "owned": "proved", "score": 90, "severity": "high", "confidence": "high", "verdict": "unprovable",
        "mode": "live", "source": "github_events", "family": "personal", "people": 12, "age_hours": 2.0,
    }  # fmt: skip


def test_a_row_as_a_phrase() -> None:
    row = PolicyRow.model_validate(
        {"name": "x", "action": "ticket", "severity": "high", "sources": ["git", "ail"], "age_below_hours": 2}
    )
    assert row_text(row) == "severity at least high, sources git or ail, age below (hours) 2.0"
    assert row_text(PolicyRow.model_validate({"name": "x", "action": "record"})) == "anything"
