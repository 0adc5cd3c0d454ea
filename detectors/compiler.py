"""Rules -> two Hyperscan databases (detectors.databases keeps them on disk).

Block-mode databases without start-of-match: every rule as its full expression, ended at the minimum length, so that one start
gives one hit. Ids count the rules in their order, then the triggers of the decoders; every gate has the same one (detectors.gates).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import hyperscan

from detectors import behind, boundaries, gates
from detectors.context import GAP, name_expression, reach
from detectors.decoders.base import Trigger
from detectors.errors import CompileError
from detectors.expressions import facts
from detectors.model import Kind, Rule
from detectors.ruleset import RuleSet
from detectors.secondlook import GATE
from detectors.syntax import WORD

_LINE: Final = rf"[^\n]{{0,{GAP}}}?"
_LINE_OR_NEXT: Final = rf"""(?:{_LINE}|["':>\])]{{0,3}}[ \t]{{0,4}}\r?\n[ \t]{{0,16}}["'`>-]{{0,3}} ?)"""
# It never matches a text and makes the literal matcher step by one byte, which is faster with thousands of literals (engine.md, section 2).
_STRIDE: Final = r"\xff"


@dataclass(frozen=True, slots=True)
class Expression:
    """What Hyperscan is given."""

    id: int
    text: str
    flags: int


def first_look(ruleset: RuleSet, triggers: Sequence[Trigger]) -> list[Expression]:
    """What is looked for in every byte: every rule's expressions that do not wait for the second look, the triggers, the gates."""
    found = [
        Expression(i, text, flags) for i, rule in enumerate(ruleset.rules) for text, flags in _first(rule)
    ]
    numbered = enumerate(triggers, len(ruleset.rules))
    found += [Expression(number, trigger.expression, 0) for number, trigger in numbered]
    found += [Expression(GATE, text, 0) for text in gates.expressions(ruleset.rules)]
    if found:
        found.append(Expression(GATE, _STRIDE, hyperscan.HS_FLAG_QUIET))
    return found


def second_look(ruleset: RuleSet) -> Iterator[Expression]:
    """What is looked for around the hits of the gates: what waits for it, and names near values in every way that they may stand."""
    for number, rule in enumerate(ruleset.rules):
        for text, flags in _second(rule):
            yield Expression(number, text, flags)


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


def _first(rule: Rule) -> list[tuple[str, int]]:
    known = facts(rule.pattern, caseless=rule.caseless)
    flags = hyperscan.HS_FLAG_CASELESS if rule.caseless else 0
    if rule.kind is Kind.CONTEXT:
        # Where a long value may stand near its name the word's boundary is left to the confirmation: the expression has half the states.
        gap = _LINE + boundaries.word_start(known) if reach(rule) == GAP else _LINE_OR_NEXT
        names = (name_expression(name) for name in rule.names if not gates.waits(rule, name))
        return [(f"(?i:{name}){gap}{known.lowered}", flags) for name in names]
    if rule.kind is Kind.RECORDS:
        return [] if gates.waits(rule) else [_records(rule)]
    if rule.kind is Kind.TOKEN and rule.bounded:
        return [(boundaries.word_start(known) + known.lowered, flags)]
    return [(known.lowered, flags)]


def _second(rule: Rule) -> Iterator[tuple[str, int]]:
    if rule.kind is Kind.RECORDS and gates.waits(rule):
        yield _records(rule)
    if rule.kind is not Kind.CONTEXT:
        return
    flags = hyperscan.HS_FLAG_CASELESS if rule.caseless else 0
    known = facts(rule.pattern, caseless=rule.caseless)
    value = boundaries.word_start(known) + known.lowered
    for name in rule.names:
        text = f"(?i:{name_expression(name)})"
        if reach(rule) > GAP:
            word_end = r"\b" if known.minimum == known.maximum and known.last <= WORD else ""
            yield f"{text}(?s:.{{0,{reach(rule)}}}?){value}", flags
            yield f"{value}{word_end}(?s:.{{1,{behind.REACH}}}?){text}", flags
        elif gates.waits(rule, name):
            yield f"{text}{_LINE}{value}", flags


def _records(rule: Rule) -> tuple[str, int]:
    flags = hyperscan.HS_FLAG_CASELESS if rule.caseless else 0
    if rule.anchor:
        return facts(rule.anchor, caseless=rule.caseless).lowered, flags
    return f"^{facts(rule.pattern, caseless=rule.caseless).lowered}", flags | hyperscan.HS_FLAG_MULTILINE


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
