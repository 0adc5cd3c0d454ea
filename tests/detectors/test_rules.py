"""The shipped rules: each example is found, exactly; no negative is. One test a rule."""

from __future__ import annotations

import functools

import pytest

from detectors import RuleSet, Scanner, load_rules
from detectors.check import check_one

RULES = load_rules()
_FEWEST_SAMPLES = 2


@functools.cache
def scanner() -> Scanner:
    return Scanner(RULES)


@pytest.mark.parametrize("rule_id", [rule.id for rule in RULES.rules])
def test_rule(rule_id: str) -> None:
    assert check_one(RULES[rule_id], RULES, scanner()) == []


@pytest.mark.parametrize("entry", RULES.sets, ids=lambda entry: entry.id)
def test_set(entry) -> None:
    assert check_one(entry, RULES, scanner()) == []


def test_every_rule_says_what_a_stranger_can_do_with_the_credential() -> None:
    assert [rule.id for rule in RULES.rules if not rule.access.endswith(".")] == []


def test_every_rule_names_the_documentation_it_comes_from() -> None:
    assert [rule.id for rule in RULES.rules if not rule.references] == []


def test_every_rule_says_how_the_credential_is_revoked() -> None:
    assert [
        rule.id for rule in RULES.rules if not rule.revoke or rule.revoke.startswith("Revoke it there")
    ] == []


@pytest.mark.parametrize("what", ["examples", "negatives"])
def test_every_rule_has_two_examples_and_two_negatives(what: str) -> None:
    assert [rule.id for rule in RULES.rules if len(getattr(rule, what)) < _FEWEST_SAMPLES] == []


def test_only_a_rule_with_a_documentation_is_called_verified() -> None:
    assert [rule.id for rule in RULES.rules if rule.verified and not (rule.references and rule.revoke)] == []


def test_the_rule_set_is_the_same_each_time() -> None:
    again: RuleSet = load_rules()

    assert again.digest == RULES.digest
    assert [rule.id for rule in again.rules] == sorted(rule.id for rule in RULES.rules)
