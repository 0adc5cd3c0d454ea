"""From a rule's expression to what Hyperscan is given: without look-arounds, ended at its minimum length."""

from __future__ import annotations

from typing import Final

from detectors.syntax import (
    ALL,
    ZERO_WIDTH,
    Node,
    Nodes,
    bytes_of,
    children,
    constants,
    ignores_case,
    is_repeat,
    with_children,
)

AS_GOOD_AS_FIXED: Final = 4  # members of a class that Hyperscan writes out: `A[KS]IA`
_BOUNDARIES: Final = {constants.AT_BOUNDARY: r"\b", constants.AT_NON_BOUNDARY: r"\B"}


def trim(nodes: Nodes) -> list[Node]:
    """`nodes` ended at their minimum: what varies at the very end is cut to its least, so that one start gives one hit."""
    kept = list(nodes)
    while kept:
        at = len(kept) - 1
        while at >= 0 and kept[at][0] in ZERO_WIDTH:
            at -= 1
        if at < 0:
            return kept
        node = kept[at]
        op, av = node
        if is_repeat(node) and av[0] != av[1]:
            # A condition behind what is cut would be asked at another place: it goes as well.
            del kept[at:]
            if av[0] > 0:
                kept.append((op, (av[0], av[0], trim(av[2]) if av[0] == 1 else av[2])))
                return kept
            continue
        inner = children(node)
        shorter = [trim(part) for part in inner]
        if op in (constants.SUBPATTERN, constants.BRANCH, constants.ATOMIC_GROUP) and any(
            list(before) != after for before, after in zip(inner, shorter, strict=True)
        ):
            del kept[at:]
            kept.append(with_children(node, shorter))
        return kept
    return kept


def restless(trimmed: Nodes) -> bool:
    """What is left after `trim` still ends at every length: a varying repeat, then a class of the same bytes (`[a-z.]{9,99}[a-z]`)."""
    flat = _flat(trimmed)
    if len(flat) < 2 or not is_repeat(flat[-2]):
        return False
    (low, high, body), ends = flat[-2][1], bytes_of(flat[-1]) or frozenset()
    return low != high and len(ends) > AS_GOOD_AS_FIXED and not ends.isdisjoint(bytes_of(body[0]) or ())


def _flat(nodes: Nodes) -> list[Node]:
    """The sequence without its groups."""
    found: list[Node] = []
    for node in nodes:
        if node[0] in (constants.SUBPATTERN, constants.ATOMIC_GROUP):
            found += _flat(children(node)[0])
        elif node[0] not in ZERO_WIDTH:
            found.append(node)
    return found


def longest(nodes: Nodes) -> int:
    total = 0
    for node in nodes:
        if bytes_of(node) is not None:
            total += 1
        elif inner := children(node):
            times = node[1][1] if is_repeat(node) else 1
            total += times * max(longest(part) for part in inner)
    return total


def emit(nodes: Nodes) -> str:
    return "".join(_emit_node(node) for node in nodes)


def _emit_node(node: Node) -> str:
    """One node's text; look-arounds and anchors give none: Hyperscan only has to find every candidate."""
    op, av = node
    single = bytes_of(node)
    if single is not None:
        return class_text(single)
    if op is constants.AT:
        return _BOUNDARIES.get(av, "")
    if op is constants.BRANCH:
        return "(?:" + "|".join(emit(part) for part in av[1]) + ")"
    if is_repeat(node):
        return _emit_repeat(*av)
    if op in ZERO_WIDTH:
        return ""
    flag = "i" if ignores_case(node, outer=False) else ""
    return f"(?{flag}:{emit(children(node)[0])})"


def _emit_repeat(low: int, high: int, inner: Nodes) -> str:
    body = emit(inner)
    if not body:
        return ""
    if len(inner) > 1 or bytes_of(inner[0]) is None:
        body = f"(?:{body})"
    if (low, high) == (0, 1):
        return body + "?"
    if (low, high) == (1, 1):
        return body
    return body + (f"{{{low}}}" if low == high else f"{{{low},{high}}}")


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
