from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from acme_rules import ruleset, write
from detectors import filters
from detectors.errors import RuleError
from detectors.loader import load_files
from detectors.synthetic import records_for, refuted_for, render, samples, text_of, value_for


@pytest.mark.parametrize(
    "expression", ["a{2,4}[b-d]{3}", r"(?:x|y\.z)(?i:k)\d{2,9}", r'"[^"]{3,9}"', "(?<=^)a(?!b)[a-c]"]
)
def test_text_of_an_expression_matches_it_and_is_repeatable(expression: str) -> None:
    texts = [text_of(expression, Random(seed)) for seed in range(20)]

    assert all(re.fullmatch(expression.encode(), text) for text in texts)
    assert texts == [text_of(expression, Random(seed)) for seed in range(20)]


def test_an_expression_that_nothing_matches_is_refused() -> None:
    with pytest.raises(RuleError, match="no random text"):
        text_of("a(?=b)c", Random(1))


@pytest.mark.parametrize("rule_id", ["acme-token", "acme-grant", "acme-key", "acme-url", "acme-loop"])
def test_values_pass_the_filters(rule_id: str) -> None:
    rule = ruleset()[rule_id]

    for seed in range(20):
        value = value_for(rule, Random(seed))
        assert value.secret in value.text
        assert filters.reason(rule, value.secret) == ""


def test_the_places_of_a_template_are_filled() -> None:
    rule = ruleset()["acme-token"]

    rendered = render(
        "{{ jinja }} k={{secret}} {{any:[ab]{3}}}{{rule:acme-key}}/{{rule:acme-key}}",
        rule,
        ruleset(),
        Random(1),
    )

    found = re.fullmatch(
        rb"\{\{ jinja \}\} k=(acme_\w{30}) [ab]{3}([0-9a-f]{32})/([0-9a-f]{32})", rendered.text
    )
    assert found is not None
    assert found[1] == rendered.secret
    assert found[2] == found[3]


def test_records_are_distinct() -> None:
    assert len(set(records_for(ruleset()["acme-dump"], 30, Random(1)).split(b"\n"))) == 30


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{rule:none}}", "no such rule"),
        ("{{any:[a}}", "not a regular expression"),
        ("{{any:a{3}", "not closed"),
        ("{{records:x}}", "number of lines"),
        ("{{refuted}}", "without a proof"),
    ],
)
def test_a_wrong_template_is_refused(template: str, reason: str) -> None:
    with pytest.raises(RuleError, match=reason):
        render(template, ruleset()["acme-token"], ruleset(), Random(1))


def test_a_set_has_no_secret_of_its_own() -> None:
    with pytest.raises(RuleError, match="no meaning in a set"):
        render("{{secret}}", ruleset().sets[0], ruleset(), Random(1))


def test_a_proved_rule_gives_valid_and_refuted_values(tmp_path: Path) -> None:
    text = '[[rule]]\nid = "acme-card"\ntitle = "t"\nseverity = "low"\npattern = \'acme-[0-9A-Za-z]{36}\'\nproof = "PROOF"\nexamples = ["{{secret}}"]\n'
    rules = load_files(
        [write(tmp_path, text.replace("acme-[", "gh" + "p_[").replace("PROOF", "crc32-base62"))]
    )
    rule = rules["acme-card"]

    assert value_for(rule, Random(1)).secret != refuted_for(rule, Random(1)).secret


def test_samples_are_every_example_once_a_seed() -> None:
    assert len(samples(ruleset()["acme-key"], ruleset(), [1, 2])) == 6
    assert "secret" not in repr(samples(ruleset()["acme-key"], ruleset(), [1])[0])
