from __future__ import annotations

from pathlib import Path

import pytest

from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.policy.table import Policy
from monitor.alerting.policy.tabletests import Given, PolicyCase, PolicyTestError, Then, read, run

WATCH = WatchSettings(organisations=("acme",), email_domains=("acme.example",))


def differences(then: dict[str, object], **given: object) -> list[str]:
    case = PolicyCase(name="x", given=Given.model_validate(given), then=Then.model_validate(then))
    (outcome,) = run([case], Ownership(WATCH), Policy())
    return list(outcome.differences)


def test_what_comes_out_as_expected_has_no_difference() -> None:
    then = {"action": "page", "row": "yours", "owned": "proved", "reasons": ["organisation"]}
    assert differences(then, repository="acme/web") == []
    assert differences({"action": "page"}, owner="acme", repository="other/web") == []


def test_every_difference_is_named() -> None:
    then = {"action": "ticket", "row": "mine", "owned": "claimed", "reasons": ["brand acme", "author_email"]}
    found = differences(then, repository="acme/web", author_email="jane@acme.example")
    assert found == [
        "action: expected ticket, got page",
        "row: expected mine, got yours",
        "owned: expected claimed, got proved",
        "reason missing: brand acme",
        "reason not expected: organisation acme",
    ]


def test_no_reasons_at_all_may_be_expected() -> None:
    assert differences({"action": "record", "reasons": []}) == []
    assert differences({"action": "ticket", "reasons": []}, author_email="acme.example") == [
        "reason not expected: author_email acme.example"
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[case]", "not valid TOML"),
        ("", "case: Field required"),
        ('[[case]]\nname = "a"\nthen = { action = "shout" }\n', "case 1 (a): then.action: Input should be"),
        (
            '[[case]]\nname = "a"\nthen = { action = "page" }\n[[case]]\ngiven = { colour = "red" }\n',
            "case 2 (no name): ",
        ),
        (
            '[[case]]\nname = "a"\ngiven = { colour = 1 }\nthen = { action = "page" }\n',
            "given.colour: unknown key",
        ),
        ("tests = 1\n", "case: Field required"),
    ],
)
def test_what_is_no_table_of_tests_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "tests.toml"
    path.write_text(text)
    with pytest.raises(PolicyTestError) as caught:
        read(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)
