"""Is backtracking over an expression bounded? Only then the standard library's `re` may confirm it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from detectors.syntax import Nodes, bytes_of, children, first_bytes, ignores_case, is_repeat

MOST_PATHS: Final = 256  # ways to match one text from one start, beyond which backtracking is not trusted


def paths(nodes: Nodes, follow: frozenset[int], *, caseless: bool) -> int:
    """Upper bound of the ways in which a backtracking engine can match one text from one start.

    A varying repeat whose bytes cannot begin what follows has one way; else one for each length it may take.
    """
    total = 1
    rest = list(nodes)
    while rest:
        node = rest.pop(0)
        after, empty = first_bytes(rest, caseless=caseless)
        after = after | follow if empty else after
        inner = children(node)
        if not inner:
            continue
        flag = ignores_case(node, outer=caseless)
        if not is_repeat(node):
            ways = [paths(part, after, caseless=flag) for part in inner]
            total *= max(ways) if _disjoint(inner, caseless=flag) else sum(ways)
        else:
            low, high, body = node[1]
            begins = first_bytes(body, caseless=flag)[0]
            again = after | begins if high > 1 else after
            once = paths(body, again, caseless=flag)
            if len(body) == 1 and bytes_of(body[0]) is not None:
                once = 1
            total *= min(once ** min(high, 16), MOST_PATHS + 1)
            if low != high and begins & after:
                total *= high - low + 1
        total = min(total, MOST_PATHS + 1)
    return total


def _disjoint(branches: Sequence[Nodes], *, caseless: bool) -> bool:
    """No byte begins two branches: the first byte decides."""
    seen: frozenset[int] = frozenset()
    for branch in branches:
        begins, empty = first_bytes(branch, caseless=caseless)
        if begins & seen or empty:
            return len(branches) == 1
        seen |= begins
    return True
