r"""What a rule's expression means, read once and asked by everybody else.

Lengths, the bytes that may stand at each end, the alphabet, whether backtracking over it is bounded, and the text for
Hyperscan. Expressions are over bytes: `\w`, `\b` and case are ASCII's in both engines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from detectors.backtracking import MOST_PATHS
from detectors.backtracking import paths as paths_of
from detectors.errors import RuleError
from detectors.lowering import AS_GOOD_AS_FIXED, emit, longest, restless, trim
from detectors.syntax import (
    ALL,
    ZERO_WIDTH,
    Nodes,
    bytes_of,
    children,
    constants,
    first_bytes,
    ignores_case,
    is_repeat,
    mirror,
    parse,
    refuse,
    walk,
)

LONGEST: Final = 512  # bytes a match may have; longer values name an extent


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the library wants to know of one expression. Lengths are bytes of the whole match."""

    minimum: int
    maximum: int
    lowered: str  # for Hyperscan
    lowered_maximum: int  # longest text that `lowered` matches
    first: frozenset[int]  # bytes a match may begin with
    last: frozenset[int]  # bytes a match may end with
    head: frozenset[int]  # the first element's bytes if it varies (a class), else none
    tail: frozenset[int]  # the last element's bytes if it varies
    alphabet: frozenset[int]  # bytes of everything that varies
    literal: int  # length of the longest fixed text
    own_literal: int  # the same of the group `secret`; of the whole where there is none
    paths: int  # upper bound of the ways to match from one start
    looks_around: bool
    restless: bool  # `lowered` ends at every length of a repeat: a hit for each

    @property
    def safe(self) -> bool:
        """Bounded for a backtracking engine."""
        return self.paths <= MOST_PATHS


@lru_cache(maxsize=4096)
def facts(expression: str, *, caseless: bool = False) -> Facts:
    """Raises RuleError with the reason when the expression is not one that both engines read alike."""
    tree = parse(expression)
    refuse(tree)
    low, high = tree.getwidth()
    if high > LONGEST:
        raise RuleError(
            f"a match may be {high} bytes long, at most {LONGEST} are allowed: bound the repeats, or name an extent"
        )
    if low == 0:
        raise RuleError("it matches the empty text: give it a minimum")
    nodes = list(tree)
    trimmed = trim(nodes)
    varying = frozenset().union(*_varying(nodes, caseless=caseless))
    return Facts(
        minimum=low,
        maximum=high,
        lowered=emit(trimmed),
        lowered_maximum=longest(trimmed),
        first=first_bytes(nodes, caseless=caseless)[0],
        last=first_bytes(mirror(nodes), caseless=caseless)[0],
        head=_end_class(nodes, 0, caseless=caseless),
        tail=_end_class(nodes, -1, caseless=caseless),
        alphabet=varying,
        literal=_literal(nodes),
        own_literal=_literal(_secret(tree)),
        paths=paths_of(nodes, frozenset(), caseless=caseless),
        looks_around=any(op in ZERO_WIDTH and op is not constants.AT for op, _ in walk(nodes)),
        restless=restless(trimmed),
    )


def groups(expression: str) -> dict[str, int]:
    """The named groups and their numbers: the same in both engines."""
    return dict(parse(expression).state.groupdict)


@lru_cache(maxsize=4096)
def prefix(expression: str) -> bytes:
    """The fixed text that every match begins with; b"" if there is none."""
    found = bytearray()
    for op, av in parse(expression):
        if op is constants.LITERAL:
            found.append(av)
        elif op is not constants.AT:
            break
    return bytes(found)


def _end_class(nodes: Nodes, end: int, *, caseless: bool) -> frozenset[int]:
    """Bytes of the first (0) or last (-1) element where that is a class or a repeat, not fixed text."""
    sequence = [node for node in nodes if node[0] not in ZERO_WIDTH]
    if not sequence:
        return frozenset()
    node = sequence[end]
    flag = ignores_case(node, outer=caseless)
    single = bytes_of(node, caseless=caseless)
    if single is not None:
        return single if node[0] is not constants.LITERAL else frozenset()
    found = frozenset[int]().union(
        *(_end_class(part, end, caseless=flag) for part in children(node)),
    )
    if is_repeat(node) and node[1][0] == 0:  # it may be missing: then the neighbour is the end
        rest = sequence[1:] if end == 0 else sequence[:-1]
        found |= _end_class(rest, end, caseless=caseless)
    return found


def _varying(nodes: Nodes, *, caseless: bool) -> Iterator[frozenset[int]]:
    yield frozenset()
    for node in nodes:
        if node[0] is constants.LITERAL:
            continue
        single = bytes_of(node, caseless=caseless)
        if single is not None:
            yield single
        flag = ignores_case(node, outer=caseless)
        for part in children(node):
            yield from _varying(part, caseless=flag)


def _secret(tree: Any) -> Nodes:
    """What is inside the group `secret`; everything where there is none."""
    number = tree.state.groupdict.get("secret")
    inside = (av[3] for op, av in walk(tree) if op is constants.SUBPATTERN and av[0] == number)
    return tree if number is None else next(inside)


def _literal(nodes: Nodes) -> int:
    """Length of the longest fixed text that every match holds."""
    best = run = 0
    for node in nodes:
        op, av = node
        if len(bytes_of((op, av)) or ALL) <= AS_GOOD_AS_FIXED:
            run += 1
            best = max(best, run)
            continue
        if op in ZERO_WIDTH:
            continue
        run = 0
        if op is constants.BRANCH:
            best = max(best, min(_literal(part) for part in av[1]))
        elif op in (constants.SUBPATTERN, constants.ATOMIC_GROUP) or (is_repeat((op, av)) and av[0] > 0):
            best = max(best, _literal(children(node)[0]))
    return best
