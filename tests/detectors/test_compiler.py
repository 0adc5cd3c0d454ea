from __future__ import annotations

from dataclasses import replace

import pytest

from acme_rules import ruleset
from detectors.compiler import Expression, build, expressions_of
from detectors.decoders.base import Trigger
from detectors.errors import CompileError
from detectors.ruleset import RuleSet

TRIGGERS = (Trigger("base64", "c2VjcmV0"),)


def hits(db, text: bytes) -> set[tuple[int, int]]:
    found = set()
    db.scan(text, match_event_handler=lambda i, _s, e, _f, _c: found.add((i, e)))
    return found


def test_ids_are_the_rules_in_order_then_the_triggers() -> None:
    found = expressions_of(ruleset(), TRIGGERS)

    assert {e.id for e in found} == set(range(len(ruleset()) + 1))
    assert found[-1] == Expression(len(ruleset()), "c2VjcmV0", 0)


def test_a_context_rule_has_an_expression_a_name_and_order() -> None:
    index = ruleset().rules.index(ruleset()["acme-key"])
    texts = [e.text for e in expressions_of(ruleset(), ()) if e.id == index]

    assert len(texts) == 2 * len(ruleset()["acme-key"].names)
    assert [("(?s:.{0,80}?)" in text, "(?s:.{1,60}?)" in text) for text in texts[:2]] == [
        (True, False),
        (False, True),
    ]


def test_names_that_are_everyday_words_reach_over_one_line_only() -> None:
    rule = replace(ruleset()["acme-key"], provider="generic")

    texts = [e.text for e in expressions_of(RuleSet((rule,), (), ""), ())]

    assert all(r"[^\n]{0,40}?" in text for text in texts)


def test_a_records_rule_is_looked_for_by_its_anchor() -> None:
    rules = RuleSet((replace(ruleset()["acme-dump"], anchor=r"@acme"),), (), "")

    assert [e.text for e in expressions_of(rules, ())] == [r"\x40acme"]


def test_no_rules_make_a_database_too() -> None:
    assert hits(build([]), b"abc") == set()


def test_a_refused_expression_is_named() -> None:
    with pytest.raises(CompileError, match="acme-dump"):
        build([Expression(0, "a(b", 0)], ruleset().rules)
