"""Dumps: one finding with the number of its records, and nothing for what only looks like a few lines of one."""

from __future__ import annotations

from random import Random

import pytest

from detectors.model import Kind
from detectors.synthetic import records_for
from shipped_rules import shipped, shipped_scanner

PROVIDERS = ("data-dump", "password-hash", "pii", "proxy")
DUMPS = [rule.id for rule in shipped(*PROVIDERS).rules if rule.kind is Kind.RECORDS]


@pytest.mark.parametrize("rule_id", DUMPS)
def test_a_dump_is_one_finding_that_counts_its_lines(rule_id: str) -> None:
    rule = shipped(*PROVIDERS)[rule_id]
    lines = records_for(rule, rule.minimum + 30, Random(1))

    findings = [f for f in shipped_scanner(*PROVIDERS).scan(b"# list\n" + lines + b"\n\nend\n") if f.records]

    assert [f.rule.id for f in findings] == [rule_id]
    assert findings[0].records == rule.minimum + 30


@pytest.mark.parametrize("rule_id", DUMPS)
def test_fewer_lines_than_the_minimum_are_none(rule_id: str) -> None:
    rule = shipped(*PROVIDERS)[rule_id]
    lines = records_for(rule, rule.minimum - 1, Random(2))

    assert not [f for f in shipped_scanner(*PROVIDERS).scan(lines + b"\n") if f.records]


@pytest.mark.parametrize("rule_id", DUMPS)
def test_the_same_line_many_times_is_one_record(rule_id: str) -> None:
    line = records_for(shipped(*PROVIDERS)[rule_id], 1, Random(3)) + b"\n"

    assert not [f for f in shipped_scanner(*PROVIDERS).scan(line * 60) if f.records]


def test_a_maintainers_file_is_no_list_of_addresses() -> None:
    text = "".join(f"M:\tAnn Example{i} <ann{i}@acme.io>\nL:\tlist{i}@acme.io\n" for i in range(60))

    assert shipped_scanner(*PROVIDERS).scan(text.encode()) == ()


def test_a_table_of_test_cards_is_quiet() -> None:
    text = b"visa = 4111111111111111\nVISA: 4242 4242 4242 4242\namex = '378282246310005'\niban: GB82 WEST 1234 5698 7654 32\n"

    assert shipped_scanner(*PROVIDERS).scan(text) == ()
