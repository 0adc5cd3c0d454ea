"""The rule check passes the sound set and names what is wrong with a broken one."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_rules import TOML, cache, ruleset, scanner, write
from detectors import Scanner
from detectors.check import check_rules
from detectors.loader import load_files

TOKEN = """pattern = 'acme_[0-9A-Za-z]{30}'
examples = ['token={{secret}}', '"{{secret}}"']"""


def test_the_sound_set_has_no_problem() -> None:
    assert check_rules(ruleset(), scanner()) == []


@pytest.mark.parametrize(
    ("old", "new", "rule_id", "text"),
    [
        (
            "examples = ['token={{secret}}'",
            "examples = ['token=x{{secret}}'",
            "acme-token",
            "0 findings instead of 1",
        ),
        (
            "examples = ['token={{secret}}'",
            "examples = ['{{secret}} {{any:acme_[0-9A-Za-z]{30}}}'",
            "acme-token",
            "2 findings instead of 1",
        ),
        ("'acme_{{any:[0-9A-Za-z]{20}}}'", "'{{secret}}'", "acme-token", "a negative gives 1 findings"),
        (
            TOKEN,
            """pattern = 'acme_[0-9A-Za-z]{30}(?!\\r)'\nexamples = ["{{secret}}\\n"]""",
            "acme-token",
            "with CRLF: 0 findings instead of 1",
        ),
        (
            TOKEN,
            """pattern = '(?<![\\s\\S])acme_[0-9A-Za-z]{30}'\nexamples = ['{{secret}}']""",
            "acme-token",
            "on + lines: 0 findings instead of 1",
        ),
        ('acme_key = "{{rule:acme-key}}"', "", "acme-pair", "0 findings instead of 1"),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, old: str, new: str, rule_id: str, text: str) -> None:
    assert old in TOML
    rules = load_files([write(tmp_path, TOML.replace(old, new))])

    problems = check_rules(rules, Scanner(rules, cache_dir=Path(cache().name)), seeds=(1,))

    assert [(p.rule_id, text in p.text) for p in problems] == [(rule_id, True)]


def test_only_what_is_asked_for_is_checked() -> None:
    assert check_rules(ruleset(), scanner(), only=["acme-url"]) == []
