"""What the rules for rule authors (docs/how-to/rules.md, "For authors") refuse beyond the loader, and what they advise. Each text says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from detectors import expressions
from detectors.check import Problem
from detectors.model import Kind, Rule

LOUDEST: Final = 50.0  # hits a MB of the sample
_NEEDS_A_REASON: Final = 5.0
_SHORT_NAME: Final = 3
_SURE_VALUE: Final = 24  # bytes of a value that hardly stands behind a short name by chance
_SHORTEST_VALUE: Final = 16
_SHORT_LITERAL: Final = 3


def refused(rules: Iterable[Rule], hits_per_mb: Mapping[str, float]) -> list[Problem]:
    """What must be changed before the rule may ship. `hits_per_mb`: of each rule on the sample; none = 0."""
    return [
        Problem(rule.id, text) for rule in rules for text in _refused(rule, hits_per_mb.get(rule.id, 0.0))
    ]


def advice(rules: Iterable[Rule], hits_per_mb: Mapping[str, float]) -> list[Problem]:
    """What its author should look at once more."""
    return [Problem(rule.id, text) for rule in rules for text in _advice(rule, hits_per_mb.get(rule.id, 0.0))]


def _refused(rule: Rule, hits: float) -> list[str]:
    found = []
    facts = expressions.facts(rule.pattern, caseless=rule.caseless)
    if hits > LOUDEST and rule.provider != "generic":
        found.append(
            f"{hits:.0f} hits a MB of the sample, {LOUDEST:.0f} at most: lengthen its fixed text, bind its names (`name&`), or narrow the "
            "value's class and length"
        )
    if rule.kind is Kind.CONTEXT and facts.minimum < _SURE_VALUE:
        found += [
            f"name {name!r} stands inside words and code: bind it (`{name}&`), or give a longer one"
            for name in rule.names
            if len(name) <= _SHORT_NAME and name.isalpha()
        ]
    if rule.kind is Kind.TOKEN and facts.literal == _SHORT_LITERAL and not _telling(rule.pattern):
        found.append(
            "its fixed text is three letters: take in a digit, `_`, `-` or `.` that stands beside them, or make it a context rule"
        )
    return found


def _telling(pattern: str) -> bool:
    """The fixed text at the beginning has a digit or a sign; also where there is none at the beginning, which says nothing."""
    prefix = expressions.prefix(pattern)
    return not prefix.isalpha()


def _advice(rule: Rule, hits: float) -> list[str]:
    found = []
    facts = expressions.facts(rule.pattern, caseless=rule.caseless)
    if _NEEDS_A_REASON < hits <= LOUDEST:
        found.append(f"{hits:.0f} hits a MB of the sample: say in a comment why it needs so many")
    if rule.kind is Kind.CONTEXT and facts.minimum < _SHORTEST_VALUE:
        found.append(f"a value of {facts.minimum} bytes: {_SHORTEST_VALUE} or more are told from other text")
    if not rule.negatives:
        found.append("no `negatives`: show a text that is near it and none")
    if not rule.revoke:
        found.append("no `revoke`: say how its owner ends its use")
    if not rule.references:
        found.append("no `references`: link the provider's documentation of the format")
    return found
