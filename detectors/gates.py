r"""What the second look waits for.

Most names of rules are two or three words, and one of them is `key`, `token` or `secret`. All of these names in the pass over every byte
would cost it more than half of its speed (docs/decisions/0012-two-looks.md), so it looks for what they have in common: such a word and,
joined to it, something that is made like a generated value. Around these hits, a few a megabyte, a database with every name looks again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from detectors.context import GAP, reach
from detectors.expressions import facts
from detectors.model import Kind, Rule

# What looks generated: a digit among the first 24 signs, or letters of both cases in an order that no identifier has.
_VALUE: Final = (
    r"(?:[A-Za-z_.+/=~-]{0,11}[0-9][A-Za-z0-9_.+/=~-]{8}|[A-Za-z_.+/=~-]{12,23}[0-9]"
    r"|[A-Za-z+/]{1,12}(?:[A-Z]{2}[a-z]|[a-z][A-Z][a-z][A-Z])[A-Za-z+/=]{4})"
)
_WORD: Final = r"(?i:key|token|secret|auth|cred|bearer)"
# The end of a mail's address and what a dump has behind it.
_MAIL_END: Final = r"\.(?:com|net|org|edu|"
_MAIL: Final = (
    r"\.(?:com|net|org|edu|ru|de|fr|uk|it|br|cn|in|pl|es|nl|jp|io|co|info|us|ca|au|ch|be|cz|ua|me|biz)"
    r"""(?:["']? ?[:;|,\t] ?["']?[!-~]{4}|\r?\n\r?\n?[0-9A-Za-z_.+-]{1,64}@)"""
)
_VALUES: Final = (
    rf"{_WORD}[^\n]{{0,{GAP}}}?\b{_VALUE}",
    _WORD + r"""[^\n]{0,32}\n[ \t\r\n]{0,24}["'`>-]{0,3} ?""" + _VALUE,
    r"""(?:(?i:value)(?:=\\?["']| = ["']|\\?["']?: \\?["']?|["']:["']|>)|default {1,4}= "|<(?:string|password)>)"""
    + _VALUE,
    r"""[A-Za-z0-9_.+/=~-]{16}["'`]? is (?:my|our|your|the|for)\b""",
    r"""\s(?:-u|--user)[ =]["']?""" + _VALUE,
)

_SHORTEST_VALUE: Final = 20  # shorter ones too often have no digit, or a late one
_SHORTEST_GENERIC: Final = 16  # without one they are judged to be words anyway
_LONGEST_VALUE: Final = 128
_SIGNS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+/=~-")
_SAID: Final = re.compile(r"key|token|secret|auth|cred|&$")


def waits(rule: Rule, name: str = "") -> bool:
    """Whether the first look leaves the rule, or this name of it, to the second.

    Of a dump only an anchor that ends a mail's address: it is short, so that it stands whole in the surroundings of its gate, and many rules have one.
    """
    if rule.kind is Kind.RECORDS:
        return rule.anchor.startswith(_MAIL_END)
    if rule.kind is not Kind.CONTEXT:
        return False
    known = facts(rule.pattern, caseless=rule.caseless)
    shortest = _SHORTEST_GENERIC if rule.provider == "generic" else _SHORTEST_VALUE
    if known.minimum < shortest or known.lowered_maximum > _LONGEST_VALUE or known.alphabet - _SIGNS:
        return False
    return _SAID.search(name) is not None


def expressions(rules: Iterable[Rule]) -> list[str]:
    """The gates that these rules need, each once."""
    found: dict[str, None] = {}
    for rule in rules:
        if rule.kind is Kind.RECORDS and waits(rule):
            found[_MAIL] = None
        elif rule.kind is Kind.CONTEXT and any(waits(rule, name) or reach(rule) > GAP for name in rule.names):
            found.update(dict.fromkeys(_VALUES))
    return list(found)
