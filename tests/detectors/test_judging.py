"""From hits to findings, without Hyperscan: a hit is a rule's number and where its shortest match ends."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from acme_rules import ruleset, write
from detectors.judging import Judge
from detectors.loader import load_files
from detectors.model import Confidence, Verdict
from detectors.ruleset import RuleSet
from detectors.synthetic import records_for, secret_for

TOKEN = secret_for(ruleset()["acme-token"], Random(1))
CARD = """
title = "Cards"
[[rule]]
id = "acme-card"
title = "Card"
severity = "high"
names = ["acme_card"]
value = '4[0-9]{15}'
proof = "card"
examples = ["acme_card = '{{secret}}'"]
"""


def number(rule_id: str, rules: RuleSet | None = None) -> int:
    rules = rules or ruleset()
    return rules.rules.index(rules[rule_id])


def judged(text: bytes, *hits: tuple[int, int], low: int = 0, high: int | None = None):
    dropped = Counter[str]()
    found, triggered = Judge(ruleset()).findings(
        text, low, len(text) if high is None else high, hits, dropped
    )
    return found, triggered, dropped


def test_a_hit_is_a_finding_at_its_place_from_the_beginning_of_the_document() -> None:
    text = b"other\n\nkey = '" + TOKEN + b"'"
    at = text.index(TOKEN)

    (finding,), triggered, dropped = judged(text, (number("acme-token"), at + len(TOKEN)), low=7)

    assert (finding.rule.id, finding.secret, finding.start, finding.end) == (
        "acme-token", TOKEN, at - 7, at - 7 + len(TOKEN),
    )  # fmt: skip
    assert (triggered, dropped) == ([], {})


def test_two_hits_of_one_value_are_one_finding() -> None:
    text = b"key = '" + TOKEN + b"'"
    hit = (number("acme-token"), text.index(TOKEN) + len(TOKEN))

    assert len(judged(text, hit, hit)[0]) == 1


def test_hits_behind_the_rules_are_given_back_by_trigger() -> None:
    rules = len(ruleset().rules)

    found, triggered, _ = judged(b"x" * 50, (rules + 3, 20), (rules, 30), (rules + 3, 10))

    assert (found, triggered) == ([], [(0, 30), (3, 10), (3, 20)])


def test_what_is_not_confirmed_is_counted_with_its_reason() -> None:
    text = b"key = '" + TOKEN + b"longer'"

    found, _, dropped = judged(text, (number("acme-token"), text.index(TOKEN) + len(TOKEN)))

    assert found == []
    assert dropped == {"not_confirmed": 1}


def test_a_placeholder_is_counted_and_is_none() -> None:
    text = b"acme_key = '" + b"0" * 32 + b"'"

    found, _, dropped = judged(text, (number("acme-key"), len(text) - 1))

    assert found == []
    assert sum(dropped.values()) == 1


def test_a_dump_counts_from_the_beginning_of_its_document_and_few_lines_are_counted() -> None:
    rule = ruleset()["acme-dump"]
    text = b"other\n\n" + records_for(rule, 8, Random(1))
    line_ends = [at + 1 for at, byte in enumerate(text) if byte == 10 and at > 7]

    (finding,), _, _ = judged(text, *((number("acme-dump"), end - 1) for end in line_ends), low=7)
    assert finding.start == 0

    assert judged(text, (number("acme-dump"), line_ends[0] - 1), low=7, high=line_ends[0])[2] == {
        "few_records": 1
    }


@pytest.fixture
def cards(tmp_path: Path) -> RuleSet:
    return load_files([write(tmp_path, CARD)])


def of_cards(rules: RuleSet, value: bytes, **options: bool):
    text = b"acme_card = '" + value + b"'"
    dropped = Counter[str]()
    found, _ = Judge(rules, **options).findings(text, 0, len(text), [(0, len(text) - 1)], dropped)
    return found, dropped


def test_what_a_proof_refutes_is_dropped_unless_it_is_asked_for(cards: RuleSet) -> None:
    wrong = b"4556737586899856"

    assert of_cards(cards, wrong) == ([], {"refuted": 1})
    (finding,), dropped = of_cards(cards, wrong, keep_refuted=True)
    assert (finding.proof.verdict, dropped) == (Verdict.REFUTED, {})


def test_what_everybody_has_is_dropped_unless_it_is_asked_for(cards: RuleSet) -> None:
    known = b"4111" + b"1" * 12

    assert of_cards(cards, known) == ([], {"public": 1})
    (finding,), _ = of_cards(cards, known, keep_known=True)
    assert finding.known
    assert finding.confidence is Confidence.LOW


def test_a_proved_value_is_as_sure_as_can_be(cards: RuleSet) -> None:
    (finding,), _ = of_cards(cards, b"4556737586899855")

    assert (finding.proof.verdict, finding.confidence) == (Verdict.PROVED, Confidence.HIGH)
