"""The syntax tree of an expression over bytes, as the standard library's own parser gives it, and how to walk it.

The parser is not public, but it is what `re` itself compiles from: reading any other grammar would be a second opinion.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from detectors.errors import RuleError

_parser: Final[Any] = importlib.import_module("re._parser")
constants: Final[Any] = importlib.import_module("re._constants")

REPEATS: Final = frozenset(
    (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT),
)
ZERO_WIDTH: Final = frozenset((constants.AT, constants.ASSERT, constants.ASSERT_NOT))
_REFUSED: Final = {
    constants.GROUPREF: "a back-reference",
    constants.GROUPREF_EXISTS: "a conditional group",
}
ALL: Final = frozenset(range(256))
WORD: Final = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz")
_NOT_NEWLINE: Final = ALL - {10}
_CATEGORIES: Final = {
    constants.CATEGORY_DIGIT: frozenset(b"0123456789"),
    constants.CATEGORY_NOT_DIGIT: ALL - frozenset(b"0123456789"),
    constants.CATEGORY_SPACE: frozenset(b" \t\n\r\f\v"),
    constants.CATEGORY_NOT_SPACE: ALL - frozenset(b" \t\n\r\f\v"),
    constants.CATEGORY_WORD: WORD,
    constants.CATEGORY_NOT_WORD: ALL - WORD,
}
# What of an expression is taken as it is, a class, or a line end.
_LINE_ENDS: Final = re.compile(
    r"\\r\?\\n|\\n|\n|\(\?<[=!](?:\\.|[^()\\])*\)|\[\^?\]?(?:\\.|[^\]\\])*\]|\\.|\.", re.DOTALL
)

Node = tuple[Any, Any]  # (operation, its argument): an item of the parser's tree
Nodes = Sequence[Node]


def any_line_end(expression: str) -> str:
    r"""The expression with every `\n` also taking a `\r\n`, so that a file of either kind gives the same matches.

    What leaves `\n` out (a class, `.`) leaves `\r` out as well: no value ends in half a line end. A look-behind has one length and
    is left as it is.
    """
    return _LINE_ENDS.sub(_either, expression)


def _either(found: re.Match[str]) -> str:
    text = found[0]
    if text in ("\n", r"\n"):
        return r"(?:\r?\n)"
    if text == ".":
        return r"[^\r\n]"
    if text.startswith("[^") and r"\r" not in text:
        return re.sub(r"\n|\\n", r"\\n\\r", text, count=1)
    return text


def parse(expression: str) -> Any:
    """The parser's tree of an expression over bytes. Raises RuleError."""
    try:
        return _parser.parse(expression.encode("latin-1"))
    except re.error as error:
        raise RuleError(f"not a regular expression: {error}") from error
    except UnicodeEncodeError as error:
        raise RuleError("only Latin-1 characters: an expression is over bytes") from error


def refuse(tree: Any) -> None:
    for op, av in walk(tree):
        if op in _REFUSED:
            raise RuleError(f"{_REFUSED[op]} is not in the common subset: write it out")
        if op in REPEATS and av[1] is constants.MAXREPEAT:
            raise RuleError("an unbounded repeat (* or + or {n,}): write {lo,hi}")
        if op is constants.SUBPATTERN and (av[1] & ~re.IGNORECASE or av[2]):
            raise RuleError("an inline flag other than (?i:…) is not in the common subset")
    if tree.state.flags & (re.IGNORECASE | re.MULTILINE | re.DOTALL | re.VERBOSE):
        raise RuleError("a flag for the whole expression: use the key `caseless`, or (?i:…) around a part")


def class_bytes(items: Iterable[Node], *, caseless: bool = False) -> frozenset[int]:
    """The bytes of a class (`IN` of the tree)."""
    found: set[int] = set()
    negated = False
    for op, av in items:
        if op is constants.NEGATE:
            negated = True
        elif op is constants.LITERAL:
            found.add(av)
        elif op is constants.RANGE:
            found.update(range(av[0], av[1] + 1))
        elif op is constants.CATEGORY:
            found |= _CATEGORIES[av]
    if caseless:
        found |= {byte ^ 0x20 for byte in found if chr(byte).isascii() and chr(byte).isalpha()}
    return ALL - found if negated else frozenset(found)


def bytes_of(node: Node, *, caseless: bool = False) -> frozenset[int] | None:
    """The bytes of a node that takes exactly one; None for any other node."""
    op, av = node
    if op is constants.LITERAL:
        return class_bytes(((op, av),), caseless=caseless)
    if op is constants.NOT_LITERAL:
        return ALL - class_bytes(((constants.LITERAL, av),), caseless=caseless)
    if op is constants.IN:
        return class_bytes(av, caseless=caseless)
    if op is constants.ANY:
        return _NOT_NEWLINE
    return None


def children(node: Node) -> list[Nodes]:
    """The sequences inside a node: a group's, a repeat's, each branch of an alternation."""
    op, av = node
    if op in REPEATS:
        return [av[2]]
    if op is constants.SUBPATTERN:
        return [av[3]]
    if op is constants.ATOMIC_GROUP:
        return [av]
    if op is constants.BRANCH:
        return list(av[1])
    return []


def with_children(node: Node, inner: list[list[Node]]) -> Node:
    op, av = node
    if op is constants.SUBPATTERN:
        return op, (*av[:3], inner[0])
    if op is constants.BRANCH:
        return op, (av[0], inner)
    return op, inner[0]


def is_repeat(node: Node) -> bool:
    return node[0] in REPEATS


def walk(nodes: Nodes) -> Iterator[Node]:
    for node in nodes:
        yield node
        for inner in children(node):
            yield from walk(inner)
        if node[0] in (constants.ASSERT, constants.ASSERT_NOT):
            yield from walk(node[1][1])


def first_bytes(nodes: Nodes, *, caseless: bool) -> tuple[frozenset[int], bool]:
    """Bytes that may come first, and whether the sequence may be empty."""
    found: frozenset[int] = frozenset()
    for node in nodes:
        single = bytes_of(node, caseless=caseless)
        if single is not None:
            return found | single, False
        inner = children(node)
        if not inner:
            continue  # a condition takes nothing
        flag = ignores_case(node, outer=caseless)
        parts = [first_bytes(part, caseless=flag) for part in inner]
        found = found.union(*(part for part, _ in parts))
        if not (any(empty for _, empty in parts) or (is_repeat(node) and node[1][0] == 0)):
            return found, False
    return found, True


def mirror(nodes: Nodes) -> list[Node]:
    """The sequence read backwards (conditions dropped)."""
    out: list[Node] = []
    for node in reversed(list(nodes)):
        op, av = node
        if op in REPEATS:
            out.append((op, (av[0], av[1], mirror(av[2]))))
        elif op in ZERO_WIDTH:
            continue
        elif inner := children(node):
            out.append(with_children(node, [mirror(part) for part in inner]))
        else:
            out.append(node)
    return out


def ignores_case(node: Node, *, outer: bool) -> bool:
    """Whether what stands inside the node is read without case."""
    return outer or (node[0] is constants.SUBPATTERN and bool(node[1][1] & re.IGNORECASE))
