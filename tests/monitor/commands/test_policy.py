"""`leakstream policy test|explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from monitor.commands.errors import Failure
from shell import call

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
CASE = """
[[case]]
name = "{name}"
given = {{ repository = "acme/web" }}
then = {{ action = "{action}", reasons = ["organisation acme"] }}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "leakstream.toml"
    path.write_text('[watch]\norganisations = ["acme"]\n', encoding="utf-8")
    return path


def test_the_shipped_example_comes_out_as_it_says() -> None:
    done = call("policy", "test", "--config", str(EXAMPLES / "leakstream.toml"))
    assert done.exit_code == 0, done.output
    assert "17 of 17 as expected" in done.stdout
    assert "FAIL" not in done.stdout


def test_a_mismatch_is_shown_and_ends_with_1(config: Path) -> None:
    tests = config.with_name("some.toml")
    tests.write_text(CASE.format(name="right", action="page") + CASE.format(name="wrong", action="ticket"))
    done = call("policy", "test", str(tests), "--config", str(config))
    assert done.exit_code == 1
    assert "1 of 2 as expected" in done.stdout
    assert "FAIL wrong: action: expected ticket, got page" in done.stdout


def test_the_tests_beside_the_configuration_are_run_by_themselves(config: Path) -> None:
    config.with_name("policy-tests.toml").write_text(CASE.format(name="right", action="page"))
    done = call("policy", "test", "--config", str(config), "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "name": "right",
        "passed": True,
        "action": "page",
        "row": "yours",
        "owned": "proved",
        "score": 90,
        "reasons": ["organisation acme"],
        "differences": [],
    }


def test_a_file_that_is_not_there_is_a_wrong_call(config: Path) -> None:
    done = call("policy", "test", "--config", str(config))
    assert isinstance(done.exception, Failure)
    assert done.exception.status == 2
    assert "policy-tests.toml: cannot be read" in str(done.exception)


def test_the_policy_is_explained(config: Path) -> None:
    text = call("policy", "explain", "--config", str(config)).stdout
    assert "yours_proved    page    owned proved, severity at least medium, verdict proved" in text
    assert "of what is only claimed 20 tickets begin in an hour" in text
    assert "own_secret    proved   100     it is your own secret <entry>" in text
