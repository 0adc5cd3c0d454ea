"""Where a match of an expression may begin: its first few bytes, sought in a text of lower case.

`re` tries an expression that opens with look-behinds or with words of either case at every place of a text. By these bytes alone it
passes over nearly all of them, and the expression is asked at the few that are left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from detectors.syntax import ZERO_WIDTH, Node, Nodes, bytes_of, children, constants, is_repeat, parse

_LONGEST: Final = 6  # bytes of a beginning: more of them tell no more places apart
_SHORTEST: Final = 2  # under which too many places look like one
_MOST: Final = 96  # beginnings of one expression
_FEW: Final = 4  # members of a class that are written out

_Head = tuple[
    bytes, bool
]  # the first bytes of a match, and whether what follows in the expression follows them
_OPEN: Final[_Head] = (b"", True)
_ANYTHING: Final[_Head] = (b"", False)


@lru_cache(maxsize=2048)
def starts(expression: str) -> re.Pattern[bytes] | None:
    """What `at_starts` asks for the places where a match may begin; None where nearly every place is one. Raises RuleError."""
    words = {word for word, _ in _heads(parse(expression))}
    if min(map(len, words)) < _SHORTEST:
        return None
    words = {word for word in words if not any(word.startswith(other) for other in words - {word})}
    # The first byte alone is taken, or a beginning that stands inside another would be passed over; it stands in front, where
    # `re` makes a class of all first bytes and skips what is not in it.
    firsts = sorted({word[:1] for word in words})
    rests = (
        b"|".join(re.escape(word[1:]) for word in sorted(words) if word[:1] == first) for first in firsts
    )
    return re.compile(
        b"|".join(b"%b(?=%b)" % (re.escape(first), rest) for first, rest in zip(firsts, rests, strict=True))
    )


def at_starts(places: re.Pattern[bytes], expression: Any, text: bytes, at: int = 0) -> Iterator[Any]:
    """The matches of `expression` in `text` from `at` on, one for every place where there is one: they may overlap.

    `places` is what `starts` gives for the expression.
    """
    for place in places.finditer(text.lower(), at):
        if found := expression.match(text, place.start()):
            yield found


def at_every_place(expression: Any, text: bytes, at: int = 0) -> Iterator[Any]:
    """The same of an expression that may begin nearly everywhere."""
    while found := expression.search(text, at):
        yield found
        at = found.start() + 1


def _heads(nodes: Nodes) -> set[_Head]:
    """How a match of the sequence may begin."""
    found = {_OPEN}
    for node in nodes:
        if node[0] in ZERO_WIDTH:
            continue
        if not any(goes_on for _, goes_on in found):
            break
        longer = set(_longer(found, _steps(node)))
        if len(longer) > _MOST:
            return {(word, False) for word, _ in found}
        found = longer
    return found


def _longer(heads: Iterable[_Head], steps: set[_Head]) -> Iterator[_Head]:
    for word, goes_on in heads:
        if not goes_on:
            yield word, False
            continue
        for more, whole in steps:
            text = word + more
            yield text[:_LONGEST], whole and len(text) < _LONGEST


def _steps(node: Node) -> set[_Head]:
    """How what one node matches may begin, in lower case."""
    single = bytes_of(node)
    if single is not None:
        folded = set(bytes(single).lower())
        return {(bytes((byte,)), True) for byte in folded} if len(folded) <= _FEW else {_ANYTHING}
    if is_repeat(node):
        low, high, inner = node[1]
        if low == 0:
            return _heads(inner) | {_OPEN} if high == 1 else {_ANYTHING}
        return {(word, goes_on and low == high) for word, goes_on in _heads(list(inner) * min(low, _LONGEST))}
    if node[0] in (constants.BRANCH, constants.SUBPATTERN, constants.ATOMIC_GROUP):
        return set[_Head]().union(*map(_heads, children(node)))
    return {_ANYTHING}
