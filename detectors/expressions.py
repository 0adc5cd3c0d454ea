"""What a rule's expression means, read once by the standard library's own parser and asked by everybody else.

From its syntax tree come: the text for Hyperscan (without look-arounds, ended at its minimum length), the lengths, the bytes
that may stand at each end, the alphabet, and whether backtracking over it is bounded. Expressions are over bytes: `\\w`, `\\b`
and case are ASCII's in both engines.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from detectors.errors import RuleError

LONGEST: Final = 512  # bytes a match may have; longer values name an extent
_MOST_PATHS: Final = 256  # ways to match one text from one start, beyond which backtracking is not trusted
# Not public, but the tree that `re` itself compiles from: reading any other grammar would be a second opinion.
_parser: Final[Any] = importlib.import_module("re._parser")
_constants: Final[Any] = importlib.import_module("re._constants")

_REPEATS: Final = frozenset(
    (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT),
)
_ZERO_WIDTH: Final = frozenset((_constants.AT, _constants.ASSERT, _constants.ASSERT_NOT))
_REFUSED: Final = {
    _constants.GROUPREF: "a back-reference",
    _constants.GROUPREF_EXISTS: "a conditional group",
}
ALL: Final = frozenset(range(256))
WORD: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_NOT_NEWLINE: Final = ALL - {10}
_CATEGORIES: Final = {
    _constants.CATEGORY_DIGIT: frozenset(b"0123456789"),
    _constants.CATEGORY_NOT_DIGIT: ALL - frozenset(b"0123456789"),
    _constants.CATEGORY_SPACE: frozenset(b" \t\n\r\f\v"),
    _constants.CATEGORY_NOT_SPACE: ALL - frozenset(b" \t\n\r\f\v"),
    _constants.CATEGORY_WORD: WORD,
    _constants.CATEGORY_NOT_WORD: ALL - WORD,
}

Node = tuple[Any, Any]  # (operation, its argument): an item of the parser's tree
Nodes = Sequence[Node]


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
    paths: int  # upper bound of the ways to match from one start
    looks_around: bool

    @property
    def safe(self) -> bool:
        """Bounded for a backtracking engine."""
        return self.paths <= _MOST_PATHS


@lru_cache(maxsize=4096)
def facts(expression: str, *, caseless: bool = False) -> Facts:
    """Raises RuleError with the reason when the expression is not one that both engines read alike."""
    tree = parse(expression)
    _refuse(tree)
    low, high = tree.getwidth()
    if high > LONGEST:
        raise RuleError(
            f"a match may be {high} bytes long, at most {LONGEST} are allowed: bound the repeats, or name an extent"
        )
    if low == 0:
        raise RuleError("it matches the empty text: give it a minimum")
    nodes = list(tree)
    trimmed = _trim(nodes)
    varying = frozenset().union(*_varying(nodes, caseless=caseless))
    return Facts(
        minimum=low,
        maximum=high,
        lowered=_emit(trimmed),
        lowered_maximum=_longest(trimmed),
        first=_first(nodes, caseless=caseless)[0],
        last=_first(_mirror(nodes), caseless=caseless)[0],
        head=_end_class(nodes, 0, caseless=caseless),
        tail=_end_class(nodes, -1, caseless=caseless),
        alphabet=varying,
        literal=_literal(nodes),
        paths=_paths(nodes, frozenset(), caseless=caseless),
        looks_around=any(op in _ZERO_WIDTH and op is not _constants.AT for op, _ in _walk(nodes)),
    )


def parse(expression: str) -> Any:
    """The parser's tree of an expression over bytes. Raises RuleError."""
    try:
        return _parser.parse(expression.encode("latin-1"))
    except re.error as error:
        raise RuleError(f"not a regular expression: {error}") from error
    except UnicodeEncodeError as error:
        raise RuleError("only Latin-1 characters: an expression is over bytes") from error


def group_names(expression: str) -> frozenset[str]:
    """Names of the expression's groups."""
    return frozenset(parse(expression).state.groupdict)


def class_bytes(items: Iterable[Node], *, caseless: bool = False) -> frozenset[int]:
    """The bytes of a class (`IN` of the tree)."""
    found: set[int] = set()
    negated = False
    for op, av in items:
        if op is _constants.NEGATE:
            negated = True
        elif op is _constants.LITERAL:
            found.add(av)
        elif op is _constants.RANGE:
            found.update(range(av[0], av[1] + 1))
        elif op is _constants.CATEGORY:
            found |= _CATEGORIES[av]
    if caseless:
        found |= {byte ^ 0x20 for byte in found if chr(byte).isascii() and chr(byte).isalpha()}
    return ALL - found if negated else frozenset(found)


def bytes_of(node: Node, *, caseless: bool = False) -> frozenset[int] | None:
    """The bytes of a node that takes exactly one; None for any other node."""
    op, av = node
    if op is _constants.LITERAL:
        return class_bytes(((op, av),), caseless=caseless)
    if op is _constants.NOT_LITERAL:
        return ALL - class_bytes(((_constants.LITERAL, av),), caseless=caseless)
    if op is _constants.IN:
        return class_bytes(av, caseless=caseless)
    if op is _constants.ANY:
        return _NOT_NEWLINE
    return None


def children(node: Node) -> list[Nodes]:
    """The sequences inside a node: a group's, a repeat's, each branch of an alternation."""
    op, av = node
    if op in _REPEATS:
        return [av[2]]
    if op is _constants.SUBPATTERN:
        return [av[3]]
    if op is _constants.ATOMIC_GROUP:
        return [av]
    if op is _constants.BRANCH:
        return list(av[1])
    return []


def is_repeat(node: Node) -> bool:
    return node[0] in _REPEATS


def _walk(nodes: Nodes) -> Iterator[Node]:
    for node in nodes:
        yield node
        for inner in children(node):
            yield from _walk(inner)
        if node[0] in (_constants.ASSERT, _constants.ASSERT_NOT):
            yield from _walk(node[1][1])


def _refuse(tree: Any) -> None:
    for op, av in _walk(tree):
        if op in _REFUSED:
            raise RuleError(f"{_REFUSED[op]} is not in the common subset: write it out")
        if op in _REPEATS and av[1] is _constants.MAXREPEAT:
            raise RuleError("an unbounded repeat (* or + or {n,}): write {lo,hi}")
        if op is _constants.SUBPATTERN and (av[1] & ~re.IGNORECASE or av[2]):
            raise RuleError("an inline flag other than (?i:…) is not in the common subset")
    if tree.state.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE):
        raise RuleError("a flag for the whole expression: use the key `caseless`, or (?i:…) around a part")


def _longest(nodes: Nodes) -> int:
    total = 0
    for node in nodes:
        if bytes_of(node) is not None:
            total += 1
        elif inner := children(node):
            times = node[1][1] if is_repeat(node) else 1
            total += times * max(_longest(part) for part in inner)
    return total


def _trim(nodes: Nodes) -> list[Node]:
    """`nodes` ended at their minimum: what varies at the very end is cut to its least, so that one start gives one hit."""
    kept = list(nodes)
    while kept:
        at = len(kept) - 1
        while at >= 0 and kept[at][0] in _ZERO_WIDTH:
            at -= 1
        if at < 0:
            return kept
        node = kept[at]
        op, av = node
        if is_repeat(node) and av[0] != av[1]:
            # A condition behind what is cut would be asked at another place: it goes as well.
            del kept[at:]
            if av[0] > 0:
                kept.append((op, (av[0], av[0], _trim(av[2]) if av[0] == 1 else av[2])))
                return kept
            continue
        inner = children(node)
        shorter = [_trim(part) for part in inner]
        if op in (_constants.SUBPATTERN, _constants.BRANCH, _constants.ATOMIC_GROUP) and any(
            list(before) != after for before, after in zip(inner, shorter, strict=True)
        ):
            del kept[at:]
            kept.append(_with_children(node, shorter))
        return kept
    return kept


def _with_children(node: Node, inner: list[list[Node]]) -> Node:
    op, av = node
    if op is _constants.SUBPATTERN:
        return op, (*av[:3], inner[0])
    if op is _constants.BRANCH:
        return op, (av[0], inner)
    return op, inner[0]


def _emit(nodes: Nodes) -> str:
    return "".join(_emit_node(node) for node in nodes)


def _emit_node(node: Node) -> str:
    op, av = node
    single = bytes_of(node)
    if single is not None:
        return class_text(single)
    if op is _constants.AT:
        return {_constants.AT_BOUNDARY: r"\b", _constants.AT_NON_BOUNDARY: r"\B"}.get(av, "")
    if op is _constants.SUBPATTERN:
        flag = "i" if av[1] & re.IGNORECASE else ""
        return f"(?{flag}:{_emit(av[3])})"
    if op is _constants.ATOMIC_GROUP:
        return f"(?:{_emit(av)})"
    if op is _constants.BRANCH:
        return "(?:" + "|".join(_emit(part) for part in av[1]) + ")"
    if op in _REPEATS:
        low, high, inner = av
        body = _emit(inner)
        if not body:
            return ""
        if len(inner) > 1 or bytes_of(inner[0]) is None:
            body = f"(?:{body})"
        if (low, high) == (1, 1):
            return body
        count = f"{{{low}}}" if low == high else f"{{{low},{high}}}"
        return body + ("?" if (low, high) == (0, 1) else count)
    return ""  # look-arounds: Hyperscan only has to find every candidate


def class_text(members: frozenset[int]) -> str:
    """A class of these bytes that Hyperscan, `re` and RE2 read alike."""
    if len(members) == 1:
        return _byte_text(next(iter(members)))
    if len(members) > 128:
        return "[^" + _ranges(ALL - members) + "]" if len(members) < 256 else r"[\x00-\xff]"
    return "[" + _ranges(members) + "]"


def _byte_text(byte: int) -> str:
    char = chr(byte)
    return char if char.isascii() and (char.isalnum() or char in "_ ") else f"\\x{byte:02x}"


def _ranges(members: frozenset[int]) -> str:
    text, run = [], list[int]()
    for byte in sorted(members):
        if run and byte != run[-1] + 1:
            text.append(_range(run))
            run = []
        run.append(byte)
    return "".join([*text, _range(run)])


def _range(run: list[int]) -> str:
    if len(run) < 3:
        return "".join(map(_byte_text, run))
    return f"{_byte_text(run[0])}-{_byte_text(run[-1])}"


def _first(nodes: Nodes, *, caseless: bool) -> tuple[frozenset[int], bool]:
    """Bytes that may come first, and whether the sequence may be empty."""
    found: frozenset[int] = frozenset()
    for node in nodes:
        single = bytes_of(node, caseless=caseless)
        if single is not None:
            return found | single, False
        inner = children(node)
        if not inner:
            continue  # a condition takes nothing
        flag = caseless or (node[0] is _constants.SUBPATTERN and bool(node[1][1] & re.IGNORECASE))
        parts = [_first(part, caseless=flag) for part in inner]
        found = found.union(*(part for part, _ in parts))
        if not (any(empty for _, empty in parts) or (is_repeat(node) and node[1][0] == 0)):
            return found, False
    return found, True


def _mirror(nodes: Nodes) -> list[Node]:
    """The sequence read backwards (conditions dropped)."""
    out: list[Node] = []
    for node in reversed(list(nodes)):
        op, av = node
        if op in _REPEATS:
            out.append((op, (av[0], av[1], _mirror(av[2]))))
        elif op in _ZERO_WIDTH:
            continue
        elif inner := children(node):
            out.append(_with_children(node, [_mirror(part) for part in inner]))
        else:
            out.append(node)
    return out


def _end_class(nodes: Nodes, end: int, *, caseless: bool) -> frozenset[int]:
    """Bytes of the first (0) or last (-1) element where that is a class or a repeat, not fixed text."""
    sequence = [node for node in nodes if node[0] not in _ZERO_WIDTH]
    if not sequence:
        return frozenset()
    node = sequence[end]
    flag = caseless or (node[0] is _constants.SUBPATTERN and bool(node[1][1] & re.IGNORECASE))
    single = bytes_of(node, caseless=caseless)
    if single is not None:
        return single if node[0] is not _constants.LITERAL else frozenset()
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
        if node[0] is _constants.LITERAL:
            continue
        single = bytes_of(node, caseless=caseless)
        if single is not None:
            yield single
        flag = caseless or (node[0] is _constants.SUBPATTERN and bool(node[1][1] & re.IGNORECASE))
        for part in children(node):
            yield from _varying(part, caseless=flag)


def _literal(nodes: Nodes) -> int:
    """Length of the longest fixed text that every match holds."""
    best = run = 0
    for node in nodes:
        op, av = node
        if op is _constants.LITERAL:
            run += 1
            best = max(best, run)
            continue
        if op in _ZERO_WIDTH:
            continue
        run = 0
        if op is _constants.BRANCH:
            best = max(best, min(_literal(part) for part in av[1]))
        elif op in (_constants.SUBPATTERN, _constants.ATOMIC_GROUP) or (op in _REPEATS and av[0] > 0):
            best = max(best, _literal(children(node)[0]))
    return best


def _paths(nodes: Nodes, follow: frozenset[int], *, caseless: bool) -> int:
    """Upper bound of the ways in which a backtracking engine can match one text from one start.

    A varying repeat whose bytes cannot begin what follows has one way; else one for each length it may take.
    """
    total = 1
    rest = list(nodes)
    while rest:
        node = rest.pop(0)
        after, empty = _first(rest, caseless=caseless)
        after = after | follow if empty else after
        inner = children(node)
        if not inner:
            continue
        flag = caseless or (node[0] is _constants.SUBPATTERN and bool(node[1][1] & re.IGNORECASE))
        if not is_repeat(node):
            ways = [_paths(part, after, caseless=flag) for part in inner]
            total *= max(ways) if _disjoint(inner, caseless=flag) else sum(ways)
        else:
            low, high, body = node[1]
            begins = _first(body, caseless=flag)[0]
            again = after | begins if high > 1 else after
            once = _paths(body, again, caseless=flag)
            if len(body) == 1 and bytes_of(body[0]) is not None:
                once = 1
            total *= min(once ** min(high, 16), _MOST_PATHS + 1)
            if low != high and begins & after:
                total *= high - low + 1
        total = min(total, _MOST_PATHS + 1)
    return total


def _disjoint(branches: Sequence[Nodes], *, caseless: bool) -> bool:
    """No byte begins two branches: the first byte decides."""
    seen: frozenset[int] = frozenset()
    for branch in branches:
        begins, empty = _first(branch, caseless=caseless)
        if begins & seen or empty:
            return len(branches) == 1
        seen |= begins
    return True


@lru_cache(maxsize=4096)
def prefix(expression: str) -> bytes:
    """The fixed text that every match begins with; b"" if there is none."""
    found = bytearray()
    for op, av in parse(expression):
        if op is _constants.LITERAL:
            found.append(av)
        elif op is not _constants.AT:
            break
    return bytes(found)
