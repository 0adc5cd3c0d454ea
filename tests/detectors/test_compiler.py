from __future__ import annotations

from dataclasses import replace

import pytest

from acme_rules import ruleset
from detectors.compiler import Expression, build, first_look, second_look
from detectors.decoders.base import Trigger
from detectors.errors import CompileError
from detectors.ruleset import RuleSet
from detectors.secondlook import GATE

TRIGGERS = (Trigger("base64", "c2VjcmV0"),)


def hits(db, text: bytes) -> set[tuple[int, int]]:
    found = set()
    db.scan(text, match_event_handler=lambda i, _s, e, _f, _c: found.add((i, e)))
    return found


def first(rules: RuleSet, triggers: tuple[Trigger, ...] = ()) -> list[Expression]:
    return [e for e in first_look(rules, triggers) if e.id != GATE]


def test_ids_are_the_rules_in_order_then_the_triggers() -> None:
    found = first(ruleset(), TRIGGERS)

    assert {e.id for e in (*found, *second_look(ruleset()))} == set(range(len(ruleset()) + 1))
    assert found[-1] == Expression(len(ruleset()), "c2VjcmV0", 0)


def test_the_second_look_has_every_name_in_both_orders() -> None:
    index = ruleset().rules.index(ruleset()["acme-key"])
    texts = [e.text for e in second_look(ruleset()) if e.id == index]

    assert len(texts) == 2 * len(ruleset()["acme-key"].names)
    assert [("(?s:.{0,80}?)" in text, "(?s:.{1,60}?)" in text) for text in texts[:2]] == [
        (True, False),
        (False, True),
    ]


def test_the_first_look_leaves_names_with_a_word_of_credentials_to_the_second() -> None:
    rule = replace(ruleset()["acme-key"], names=("acme_key", "acmecorp"))
    (text,) = (e.text for e in first(RuleSet((rule,), (), "")))

    assert text.startswith("(?i:acmecorp)")


def test_names_that_are_everyday_words_reach_over_one_line_only() -> None:
    rule = replace(ruleset()["acme-key"], provider="generic")

    rules = RuleSet((rule,), (), "")
    assert all(r"[^\n]{0,40}?" in e.text for e in (*first(rules), *second_look(rules)))


def test_a_records_rule_is_looked_for_by_its_anchor() -> None:
    rules = RuleSet((replace(ruleset()["acme-dump"], anchor=r"@acme"),), (), "")

    assert [e.text for e in first_look(rules, ())][:1] == [r"\x40acme"]
    assert list(second_look(rules)) == []


def test_no_rules_make_a_database_too() -> None:
    assert hits(build([]), b"abc") == set()


def test_a_refused_expression_is_named() -> None:
    with pytest.raises(CompileError, match="acme-dump"):
        build([Expression(0, "a(b", 0)], ruleset().rules)
