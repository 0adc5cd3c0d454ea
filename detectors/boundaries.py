"""Where a value ends: the bytes that may not stand right before and behind it.

`0123…ef` inside a longer word is no 32-digit key. Before a value no word byte may stand, nor `+`, `/`, `-` where the value's
first element has them; behind it no letter or digit, nor `_`, `+`, `/`, `-` where its last element has them; a full stop
or another sign of the value's last element counts only if more of the value follows it (`…key.` ends a sentence).
"""

from __future__ import annotations

import re
from typing import Final

from detectors.expressions import Facts
from detectors.lowering import class_text
from detectors.syntax import WORD

_ALNUM: Final = frozenset(WORD) - {0x5F}
_JOINERS: Final = frozenset(b"+/-")
_TAIL_JOINERS: Final = frozenset(b"_+/-")
# The letters and digits that end an escape (`\n`, `%3D`, `\u003d`) are no part of the value behind it.
_ESCAPES: Final = (r"\\[nrt]", r"%[0-9A-Fa-f]{2}", r"\\u00[0-9A-Fa-f]{2}")
_ESCAPED: Final = re.compile("|".join(_ESCAPES).encode())
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


def bounded_for_re(pattern: str, facts: Facts, *, open_end: bool = False) -> str:
    """`pattern` with the boundaries as look-arounds, for the standard library's `re`; `open_end`: an extent reads on behind it."""
    before, behind, dots = front(facts), back(facts), signs(facts)
    if open_end:
        behind = frozenset()
    escaped = "".join(f"|(?<={escape})" for escape in _ESCAPES)
    text = f"(?:(?<!{class_text(before)}){escaped})" if before else ""
    text += f"(?:{pattern})"
    if facts.maximum > facts.lowered_maximum and (stops := facts.tail & _STOPS):
        text += f"(?<!{class_text(stops)})"  # of varying length: it ends before the sentence does
    if behind:
        text += f"(?!{class_text(behind)})"
    if behind and dots:
        text += f"(?!{class_text(dots)}{class_text(behind)})"
    return text


def stands_alone(text: bytes, start: int, end: int, facts: Facts, *, open_end: bool = False) -> bool:
    """The same question asked of a span, for RE2, which has no look-arounds."""
    if start and text[start - 1] in front(facts) and not follows_escape(text, start):
        return False
    if open_end:
        return True
    behind = back(facts)
    if end < len(text) and text[end] in behind:
        return False
    return not (end + 1 < len(text) and text[end] in signs(facts) and text[end + 1] in behind)


def follows_escape(text: bytes, start: int) -> bool:
    """What stands right before `start` is an escape sequence."""
    near = text[max(0, start - 6) : start]
    if b"\\" not in near and b"%" not in near:  # nearly always
        return False
    return any(_ESCAPED.fullmatch(text, start - size, start) for size in (2, 3, 6) if start >= size)


def word_start(facts: Facts) -> str:
    """What Hyperscan may demand before the value without losing any: a word boundary (or an escape's end) where every
    value begins with a word byte, since none may stand before it.
    """
    return rf"(?:\b|{'|'.join(_ESCAPES)})" if facts.first and facts.first <= WORD else ""
