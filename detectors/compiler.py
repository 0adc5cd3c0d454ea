"""Rules -> one Hyperscan database (detectors.databases keeps it on disk).

One block-mode database without start-of-match: every rule as its full expression, ended at the minimum length, so that one start
gives one hit. Ids count the rules in their order, then the triggers of the decoders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import hyperscan

from detectors import behind, boundaries
from detectors.context import GAP, name_expression, reach
from detectors.decoders.base import Trigger
from detectors.errors import CompileError
from detectors.expressions import Facts, facts
from detectors.model import Kind, Rule
from detectors.ruleset import RuleSet
from detectors.syntax import WORD


@dataclass(frozen=True, slots=True)
class Expression:
    """What Hyperscan is given."""

    id: int
    text: str
    flags: int


def expressions_of(ruleset: RuleSet, triggers: Sequence[Trigger]) -> list[Expression]:
    """Every rule's and trigger's expressions, in the order of their ids."""
    found = [Expression(i, text, flags) for i, rule in enumerate(ruleset.rules) for text, flags in _of(rule)]
    first = len(ruleset.rules)
    for i, trigger in enumerate(triggers):
        found.append(Expression(first + i, trigger.expression, 0))
    return found


def build(expressions: Sequence[Expression], rules: Sequence[Rule] = ()) -> hyperscan.Database:
    """Compile. Raises CompileError."""
    texts = [e.text.encode("latin-1") for e in expressions] or [rb"\xff"]
    ids = [e.id for e in expressions] or [0]
    flags = [e.flags for e in expressions] or [hyperscan.HS_FLAG_QUIET]  # an empty rule set matches nothing
    db = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        db.compile(expressions=texts, ids=ids, flags=flags)
    except hyperscan.HyperscanError as error:
        raise CompileError(_who(expressions, rules) or f"Hyperscan refuses the set: {error}") from error
    return db


def _of(rule: Rule) -> list[tuple[str, int]]:
    known = facts(rule.pattern, caseless=rule.caseless)
    flags = hyperscan.HS_FLAG_CASELESS if rule.caseless else 0
    at_word = boundaries.word_start(known)
    if rule.kind is Kind.CONTEXT:
        return [(text, flags) for name in rule.names for text in _named(rule, name, at_word, known)]
    if rule.kind is Kind.RECORDS and rule.anchor:
        return [(facts(rule.anchor, caseless=rule.caseless).lowered, flags)]
    if rule.kind is Kind.RECORDS:
        return [(f"^{known.lowered}", flags | hyperscan.HS_FLAG_MULTILINE)]
    if rule.kind is Kind.TOKEN and rule.bounded:
        return [(at_word + known.lowered, flags)]
    return [(known.lowered, flags)]


def _named(rule: Rule, name: str, at_word: str, value: Facts) -> list[str]:
    """A name and a value, in the order that is usual; where they may only stand near each other, in the other as well."""
    text = f"(?i:{name_expression(name)})"
    size = reach(rule)
    if size == GAP:
        return [rf"{text}[^\n]{{0,{GAP}}}?{at_word}{value.lowered}"]
    word_end = r"\b" if value.minimum == value.maximum and value.last <= WORD else ""
    return [
        f"{text}(?s:.{{0,{size}}}?){at_word}{value.lowered}",
        f"{at_word}{value.lowered}{word_end}(?s:.{{1,{behind.REACH}}}?){text}",
    ]


def _who(expressions: Sequence[Expression], rules: Sequence[Rule]) -> str:
    """Which single expression is refused."""
    for expression in expressions:
        try:
            hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK).compile(
                expressions=[expression.text.encode("latin-1")], ids=[0], flags=[expression.flags]
            )
        except hyperscan.HyperscanError as error:
            name = rules[expression.id].id if expression.id < len(rules) else "a decoder's trigger"
            return f"{name}: Hyperscan refuses {expression.text!r}: {error}"
    return ""
