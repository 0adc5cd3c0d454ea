"""`leakstream rules`: what is looked for, and whether the rules keep their word."""

from __future__ import annotations

import json
import re
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


def test_list_in_every_format_has_the_same_fields(tmp_path: Path) -> None:
    file = tmp_path / "examplecorp.toml"
    file.write_text(RULE)
    options = ["rules", "list", "--rules", str(file), "--provider", "examplecorp", "--format"]
    (whole,) = json.loads(call(*options, "json").stdout)
    assert json.loads(call(*options, "jsonl").stdout) == whole
    assert whole == {
        "id": "examplecorp-token",
        "provider": "examplecorp",
        "credential": "token",
        "title": "Examplecorp token",
        "severity": "high",
        "kind": "token",
        "proof": "",
        "access": "",
        "references": [],
        "revoke": "",
        "revoke_url": "",
        "verified": False,
        "alone": True,
    }


def test_show_says_all_and_that_nobody_verified_it(tmp_path: Path) -> None:
    file = tmp_path / "examplecorp.toml"
    file.write_text(RULE + "revoke = 'Press the red button'\nrevoke_url = 'https://example.com/keys'\n")
    shown = call("rules", "show", "examplecorp-token", "--rules", str(file)).output
    for text in ("Press the red button", "https://example.com/keys", "unverified"):
        assert text in shown
    assert re.search(r'^example +token = "exco_[0-9A-Za-z]{32}"$', shown, re.MULTILINE)
    file.write_text(RULE + "revoke = 'Press the red button'\nverified = true\n")
    assert "unverified" not in call("rules", "show", "examplecorp-token", "--rules", str(file)).output


def test_a_rule_file_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "examplecorp.toml"
    file.write_text(RULE + "colour = 'red'\n")
    done = call("rules", "list", "--rules", str(file))
    assert isinstance(done.exception, DetectorError)
    assert "colour" in str(done.exception)
