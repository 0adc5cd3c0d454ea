"""Where a value ends: the bytes that may not stand right before and behind it.

`0123…ef` inside a longer word is no 32-digit key. Before a value no word byte may stand, nor `+`, `/`, `-` where the value's
first element has them; behind it no letter or digit, nor `_`, `+`, `/`, `-` where its last element has them; a full stop
or another sign of the value's last element counts only if more of the value follows it (`…key.` ends a sentence).
"""

from __future__ import annotations

from typing import Final

from detectors.expressions import Facts
from detectors.lowering import class_text
from detectors.syntax import WORD

_ALNUM: Final = frozenset(WORD) - {0x5F}
_JOINERS: Final = frozenset(b"+/-")
_TAIL_JOINERS: Final = frozenset(b"_+/-")
_ESCAPE: Final = r"\\[nrt]"  # `\n` of a quoted text: its letter is no part of the value
_ESCAPES: Final = (b"\\n", b"\\r", b"\\t")
_STOPS: Final = frozenset(b".:!")
_SIGNS: Final = frozenset(b".~:!@$%&*")


def front(facts: Facts) -> frozenset[int]:
    """Bytes that may not stand before the value; empty when it begins with a sign of its own (a quote, a slash)."""
    if not facts.first & (WORD | _JOINERS):
        return frozenset()
    return WORD | (facts.head & _JOINERS)


def back(facts: Facts) -> frozenset[int]:
    """Bytes that may not stand behind the value; empty when it ends in a sign."""
    if not facts.last & (WORD | _JOINERS):
        return frozenset()
    return _ALNUM | (facts.tail & _TAIL_JOINERS)


def signs(facts: Facts) -> frozenset[int]:
    """Bytes that may stand behind the value unless more of it follows them."""
    return facts.tail & _SIGNS


def bounded_for_re(pattern: str, facts: Facts) -> str:
    """`pattern` with the boundaries as look-arounds, for the standard library's `re`."""
    before, behind, dots = front(facts), back(facts), signs(facts)
    text = f"(?:(?<!{class_text(before)})|(?<={_ESCAPE}))" if before else ""
    text += f"(?:{pattern})"
    if facts.maximum > facts.lowered_maximum and (stops := facts.tail & _STOPS):
        text += f"(?<!{class_text(stops)})"  # of varying length: it ends before the sentence does
    if behind:
        text += f"(?!{class_text(behind)})"
    if behind and dots:
        text += f"(?!{class_text(dots)}{class_text(behind)})"
    return text


def stands_alone(text: bytes, start: int, end: int, facts: Facts) -> bool:
    """The same question asked of a span, for RE2, which has no look-arounds."""
    escaped = start > 1 and text[start - 2 : start] in _ESCAPES
    if start and text[start - 1] in front(facts) and not escaped:
        return False
    behind = back(facts)
    if end < len(text) and text[end] in behind:
        return False
    return not (end + 1 < len(text) and text[end] in signs(facts) and text[end + 1] in behind)


def word_start(facts: Facts) -> str:
    """What Hyperscan may demand before the value without losing any: a word boundary (or an escape's letter) where every
    value begins with a word byte, since none may stand before it.
    """
    return rf"(?:\b|{_ESCAPE})" if facts.first and facts.first <= WORD else ""
