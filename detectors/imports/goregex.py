r"""Expressions of Go (RE2's syntax) -> the subset of docs/how-to/rules.md, or the reason why there is none.

Flags in the middle become groups (`a(?i)b` -> `a(?i:b)`), unbounded repeats get the longest bound with which a match stays within 512
bytes, one group may become `secret`, all others lose their number. Linear in the expression's length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from detectors import expressions
from detectors.errors import RuleError

_BOUNDS: Final = (256, 128, 64, 32, 16, 8)  # tried in turn for what is unbounded
_UNBOUNDED: Final = "\0"  # stands for the bound while the text is being made
_POSIX: Final = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "ascii": r"\x00-\x7f", "blank": r"\t ", "cntrl": r"\x00-\x1f\x7f", "digit": "0-9",
    "graph": "!-~", "lower": "a-z", "print": " -~", "punct": r"!-/:-@\[-`{-~", "space": r"\t\n\v\f\r ", "upper": "A-Z",
    "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f",
}  # fmt: skip
_TOKEN: Final = re.compile(
    r"""
    (?P<quoted>\\Q.*?(?:\\E|$)) | (?P<wide>\\x\{(?P<code>[0-9A-Fa-f]+)\}) | (?P<unknown>\\[pPCG]) | (?P<begin>\\A) | (?P<end>\\z)
    | (?P<escape>\\x[0-9A-Fa-f]{2}|\\[0-7]{3}|\\.) | (?P<set>\[\^?\]?(?:\[:\^?\w+:\]|\\x\{[0-9A-Fa-f]+\}|\\.|[^\]\\])*\])
    | (?P<flags>\(\?(?P<on>[imsU]*)(?:-(?P<off>[imsU]+))?(?P<scope>[:)])) | (?P<named>\(\?P?<(?P<name>\w+)>) | (?P<open>\()
    | (?P<close>\)) | (?P<bar>\|) | (?P<repeat>[*+]|\{(?P<low>\d+),\}) | (?P<dot>\.) | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE: Final = r"\t\n\f\r "  # without the vertical tab, which the standard library's `\s` has
_SAME: Final = {r"\A": "^", r"\z": "$", r"\s": f"[{_SPACE}]", r"\S": f"[^{_SPACE}]"}
# of a class: signs that the standard library's parser may read as set operations one day
_SIGNS: Final = re.compile(r"\\.|\[|&&|\|\||~~")


@dataclass(frozen=True, slots=True)
class Translated:
    """The expression, and whether repeats had to be bounded (to `bound`; 0 = none)."""

    text: str
    bound: int = 0


@dataclass(slots=True)
class _Group:
    """An open group: the flags that are on in it, and whether a flag group of ours is open in it."""

    flags: frozenset[str]
    ours: bool = False


@dataclass(slots=True)
class _Writer:
    secret: int | None
    out: list[str] = field(default_factory=list)
    groups: list[_Group] = field(default_factory=lambda: [_Group(frozenset())])
    numbers: int = 0


def capturing(expression: str) -> int:
    """How many numbered groups it has."""
    return sum(1 for token in _TOKEN.finditer(expression) if token["open"] or token["named"])


def translate(expression: str, *, secret: int | None = None) -> Translated:
    """`secret`: the number of the group that holds the value; None = no group, 0 or more than there are: RuleError.

    Raises RuleError with the reason when the expression says what this library cannot.
    """
    writer = _Writer(secret)
    for token in _TOKEN.finditer(expression):
        _write(writer, token)
    if len(writer.groups) != 1:
        raise RuleError("its groups do not close")
    _close_ours(writer)
    if secret is not None and not 0 < secret <= writer.numbers:
        raise RuleError(f"it has no group {secret}")
    return _bounded("".join(writer.out))


def _bounded(text: str) -> Translated:
    if _UNBOUNDED not in text:
        expressions.facts(text)
        return Translated(text)
    for bound in _BOUNDS:
        bounded = _with_bound(text, bound)
        try:
            expressions.facts(bounded)
        except RuleError as error:
            reason = error
            continue
        return Translated(bounded, bound)
    raise reason


def _with_bound(text: str, bound: int) -> str:
    """Every repeat without an end may take `bound` more than its least."""
    pieces = text.split(_UNBOUNDED)
    made = pieces[0]
    for piece in pieces[1:]:
        low = int(made[made.rindex("{") + 1 : -1])
        made += str(low + bound) + piece
    return made


def _write(writer: _Writer, token: re.Match[str]) -> None:
    kind = token.lastgroup or ""
    if kind in _STRUCTURE:
        _STRUCTURE[kind](writer, token)
    else:
        writer.out.append(_text(kind, token, writer.groups[-1].flags))


def _text(kind: str, token: re.Match[str], flags: frozenset[str]) -> str:
    """Of everything that opens and closes nothing."""
    text = token[0]
    match kind:
        case "quoted":
            return re.escape(text[2:].removesuffix(r"\E"))
        case "wide":
            return _byte(token["code"])
        case "set":
            return _set(text)
        case "repeat":
            low = token["low"] or ("1" if text == "+" else "0")
            return f"{{{low},{_UNBOUNDED}}}"
        case "unknown":
            raise RuleError(f"{text} speaks of Unicode; an expression is over bytes")
    if text in ("^", "$") and "m" in flags:
        raise RuleError(f"{text} of a line (flag m) has no counterpart here")
    if text == "." and "s" in flags:
        return r"[\s\S]"
    return _SAME.get(text, text)


def _open(writer: _Writer, _token: re.Match[str]) -> None:
    writer.numbers += 1
    writer.out.append("(?P<secret>" if writer.numbers == writer.secret else "(?:")
    flags = writer.groups[-1].flags
    writer.groups.append(_Group(flags))


def _close(writer: _Writer, _token: re.Match[str]) -> None:
    _close_ours(writer)
    if len(writer.groups) == 1:
        raise RuleError("a group closes that was not opened")
    writer.groups.pop()
    writer.out.append(")")


def _bar(writer: _Writer, _token: re.Match[str]) -> None:
    again = writer.groups[-1].ours
    _close_ours(writer)
    writer.out.append("|")
    if again:
        _open_ours(writer)


def _flags(writer: _Writer, token: re.Match[str]) -> None:
    groups = writer.groups
    flags = (groups[-1].flags | frozenset(token["on"])) - frozenset(token["off"] or "")
    if "U" in flags:
        raise RuleError("the flag U (lazy repeats) has no counterpart here")
    if "i" in groups[-1].flags and "i" not in flags:
        raise RuleError("(?-i) within (?i) has no counterpart here")
    if token["scope"] == ":":
        writer.out.append("(?i:" if "i" in flags else "(?:")
        groups.append(_Group(flags))
        return
    fresh = "i" in flags and "i" not in groups[-1].flags
    groups[-1].flags = flags
    if fresh:
        _open_ours(writer)


def _open_ours(writer: _Writer) -> None:
    writer.groups[-1].ours = True
    writer.out.append("(?i:")


def _close_ours(writer: _Writer) -> None:
    if writer.groups[-1].ours:
        writer.groups[-1].ours = False
        writer.out.append(")")


_STRUCTURE: Final = {"flags": _flags, "named": _open, "open": _open, "close": _close, "bar": _bar}


def _set(text: str) -> str:
    def named(found: re.Match[str]) -> str:
        if found["hat"] or found["posix"] not in _POSIX:
            raise RuleError(f"{found[0]} in a class has no counterpart here")
        return _POSIX[found["posix"]]

    if re.search(r"(?<!\\)\\[pP]", text):
        raise RuleError("a Unicode class; an expression is over bytes")
    text = re.sub(r"\\x\{([0-9A-Fa-f]+)\}", lambda found: _byte(found[1]), text)
    inside = re.sub(r"\[:(?P<hat>\^?)(?P<posix>\w+):\]", named, text[1:])
    return "[" + _SIGNS.sub(_escaped, inside.replace(r"\\", r"\x5c").replace(r"\s", _SPACE))


def _escaped(found: re.Match[str]) -> str:
    return found[0] if found[0][0] == "\\" else "".join("\\" + char for char in found[0])


def _byte(code: str) -> str:
    value = int(code, 16)
    if value > 0x7F:
        raise RuleError(f"the character U+{value:04X} is several bytes; an expression is over bytes")
    return f"\\x{value:02x}"
