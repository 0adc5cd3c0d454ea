"""`leakstream rules`: what is looked for, and whether the rules keep their word."""

from __future__ import annotations

from pathlib import Path

from detectors.errors import DetectorError
from monitor.commands.errors import Failure
from shell import call

RULE = """
title = "Examplecorp"
[[rule]]
id = "examplecorp-token"
title = "Examplecorp token"
severity = "high"
pattern = 'exco_[0-9A-Za-z]{32}'
examples = ['token = "{{secret}}"']
"""


def test_list_and_show_with_rules_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "examplecorp.toml"
    file.write_text(RULE)
    assert "examplecorp-token" in call("rules", "list", "--rules", str(file)).output
    assert "examplecorp-token" not in call("rules", "list").output
    assert "exco_" in call("rules", "show", "examplecorp-token", "--rules", str(file)).output
    assert isinstance(call("rules", "show", "no-such-rule").exception, Failure)


def test_check_fails_for_an_example_that_is_not_found(tmp_path: Path) -> None:
    file = tmp_path / "examplecorp.toml"
    file.write_text(RULE.replace('"{{secret}}"', '"x{{secret}}"'))
    done = call("rules", "check", "--rules", str(file))
    assert done.exit_code == 1
    assert "examplecorp-token: " in done.stderr


def test_a_rule_file_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "examplecorp.toml"
    file.write_text(RULE + "colour = 'red'\n")
    done = call("rules", "list", "--rules", str(file))
    assert isinstance(done.exception, DetectorError)
    assert "colour" in str(done.exception)
