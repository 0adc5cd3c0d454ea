"""The shipped rules: each example is found, exactly; no negative is. One test a rule."""

from __future__ import annotations

import functools

import pytest

from detectors import RuleSet, Scanner, load_rules
from detectors.check import check_one

RULES = load_rules()


@functools.cache
def scanner() -> Scanner:
    return Scanner(RULES)


@pytest.mark.parametrize("rule_id", [rule.id for rule in RULES.rules])
def test_rule(rule_id: str) -> None:
    assert check_one(RULES[rule_id], RULES, scanner()) == []


@pytest.mark.parametrize("entry", RULES.sets, ids=lambda entry: entry.id)
def test_set(entry) -> None:
    assert check_one(entry, RULES, scanner()) == []


def test_every_rule_says_where_it_comes_from_or_what_to_do() -> None:
    assert [rule.id for rule in RULES.rules if not rule.references and not rule.revoke] == []


def test_the_rule_set_is_the_same_each_time() -> None:
    again: RuleSet = load_rules()

    assert again.digest == RULES.digest
    assert [rule.id for rule in again.rules] == sorted(rule.id for rule in RULES.rules)
