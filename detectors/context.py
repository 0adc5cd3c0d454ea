"""The context model: how a name and a value look when one belongs to the other. Stated once, for every context rule.

A rule gives names and a value; Hyperscan finds `name`, a few bytes, value. Here one pass over those few bytes says which syntax
joins the two, or why they do not belong together: the close syntaxes of one line here, what only stands near in `nearby`.
Nothing here knows a provider.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final

from detectors import behind, expressions, looks, nearby
from detectors.boundaries import follows_escape
from detectors.looks import Weight
from detectors.model import Confidence, Rule
from detectors.nearby import Bond
from detectors.starts import starts

GAP: Final = 40  # bytes between name and value in a close syntax, on one line
BEFORE: Final = 48  # bytes before the name that are looked at
AFTER: Final = 64  # bytes behind the value that are looked at
_SEPARATOR: Final = r"[\x2d\x2e_ ]?"  # what `_` in a name stands for
# What `&` at the end of a name stands for: the beginning of a word of credentials, behind a separator or none. It binds names that are
# everyday words: `box&` is `box_api_key`, `BoxToken` and `box client secret`, and never `box = …`.
_CREDENTIAL: Final = r"(?:api|app|access|auth(?:orization)?|client|cred(?:ential)?|key|pass(?:word|wd|phrase)?|pat|priv(?:ate)?|sec(?:ret)?|tok(?:en)?)"
_LONGEST_CREDENTIAL: Final = 14  # with its separator
_COMPOUND: Final = 6  # a name this long may stand behind letters without a hump: `mydatadogkey`


class Syntax(StrEnum):
    """What joins name and value."""

    ASSIGN = "assign"
    CALL = "call"
    FLAG = "flag"
    HEADER = "header"
    MARKUP = "markup"
    URL = "url"
    SETTING = "setting"
    WORDS = "words"
    PROSE = "prose"

    @property
    def confidence(self) -> Confidence:
        return Confidence.LOW if self in (Syntax.WORDS, Syntax.PROSE) else Confidence.MEDIUM


_NAME_SIGNS: Final = {"_": _SEPARATOR, ".": r"\x2e", "&": _SEPARATOR + _CREDENTIAL}
_NEAR: Final = frozenset({Syntax.SETTING, Syntax.WORDS})
_CLOSE: Final = frozenset(Syntax) - _NEAR - {Syntax.PROSE}
# Profiles of what people type: the names of such rules are everyday words, and their values say nothing by their looks.
_HUMAN_PROFILES: Final = frozenset({"password", "secret", "credential", "login"})
_BONDS: Final = {Bond.SETTING: Syntax.SETTING, Bond.WORDS: Syntax.WORDS}


@dataclass(frozen=True, slots=True)
class Reading:
    """`syntax` where name and value belong together, else `reason`: a word out of a closed set, fit for a counter."""

    syntax: Syntax | None
    reason: str = ""


NAME_IN_WORD: Final = "name_in_word"
_READINGS: Final = {
    syntax: Reading(syntax) for syntax in Syntax
}  # made once: a third of the time of a reading
_PART_OF_WORD: Final = Reading(None, NAME_IN_WORD)
_OTHER_VALUE: Final = Reading(None, "other_value")
_APART: Final = Reading(None, "syntax")

# Words that may follow a name without a separator: `datadogkey`, `TWITTERTOKEN`, `secrets`.
_TAIL_WORDS: Final = re.compile(
    rb"(?:s|api|app|key|token|secret|pass|pwd|auth|id|client|consumer|access|private|public|bot|user|account|service|"
    rb"admin|master|license|licence|webhook|hook|url|uri|host|value|val|var|string|str|dev|prod|test|live|v?[0-9]|"
    rb"credential|cred|bearer|jwt|session|signing|encryption|write|read|refresh|oauth|personal|project|org|default)",
    re.IGNORECASE,
)
# What names the value as something else, in the name's tail, between, or right before.
_OTHER_WORDS: Final = (
    r"(?<![a-z])(?:sha-?(?:1|2|224|256|384|512)?(?:sum)?|md5(?:sum)?|(?-i:hash|HASH|Hash)(?:es|ed)?|commit|etag|check_?sum|"
    r"integrity|digest|crc(?:32)?|fingerprint|thumbprint|pub(?:lic)?[-_. ]?key|revision|changeset|tree|blob|object[-_]?id|"
    r"h1:|resolved|locale|i18n|regex(?:p)?|pattern)(?![a-z])"
)
_OTHER: Final = re.compile(_OTHER_WORDS.encode(), re.IGNORECASE)
_OTHER_STARTS: Final = starts(f"(?i:{_OTHER_WORDS})") or _OTHER

# A bare `token` that is no credential: it pages, guards a form, or stands for a word of a text.
_OTHER_TOKEN: Final = re.compile(
    rb"(?:csrf|xsrf|next|prev(?:ious)?|page|pag(?:e|ing|ination)|continu(?:ation|e)|cursor|sync|change|verification|cancel(?:lation)?|"
    rb"stop|start|end|eos|bos|pad|unk|mask|sep|cls|special)[-_. ]?$",
    re.IGNORECASE,
)

_IDENT: Final = rb"[\w.$\-]*+(?:\[\d{0,3}\])?"
_OPEN: Final = rb"""(?:[\[({]\s?|[bBrRuUfF@$]?\\{0,2}["'`]{1,3}|&quot;|%22|<!\[CDATA\[)"""
_WORDS: Final = rb"(?:(?i:bearer|token|basic|key|apikey|bot|oauth)[ :=]{1,2})?"
_ASSIGN: Final = re.compile(
    _IDENT
    + rb"""(?:\\{0,2}["'`\])}]|&quot;|%22){0,4}+"""  # the name's own quotes and brackets are closed
    + rb"\s*+(?:(?::\s?[\w.<>\[\]?&|*' ]{1,24}|\s[\w*]{2,12}(?:\[\])?)\s?(?==))?"  # a type: `key: str = `, `key string = `
    + rb"(?::=|=>|->|<-|::|\|\|=?|\?\?=?|[?+.]=|={1,3}|:{1,2}|%3D|\|)"
    + rb"\s*+"
    + _OPEN
    + rb"{0,4}\s?"
    + _WORDS
)
_CALL_ARGUMENT: Final = re.compile(
    _IDENT + rb"""\\{0,2}["'`]?\)?\s*+,\s*+(?:\w{1,12}\s?[=:]\s?)?""" + _OPEN + rb"{0,3}\s?" + _WORDS
)
_CALL_OF: Final = re.compile(rb"[\w.$:>\-]*+" + rb"\s?\(\s?" + _OPEN + rb"{1,3}" + _WORDS)
_CALL_COMMAND: Final = re.compile(
    rb"(?:^|[\s;&|`(])(?:setenv|setx?(?:\s-\w{1,3})?|#define|def|export|env|arg|config:set|config|put)\s+[\w.$\-]*$",
    re.IGNORECASE,
)
_BLANKS: Final = re.compile(_IDENT + rb"""[ \t]+\\{0,2}["'`]?""")
_FLAG_BEFORE: Final = re.compile(rb"(?:^|[\s\"'`\[,(])--?[\w\-]{0,24}$")
_FLAG: Final = re.compile(rb"[\w\-]*+(?:[ \t]{1,3}|=|[\"'],\s?)" + _OPEN + rb"{0,2}")
_HEADER_BEFORE: Final = re.compile(rb"(?i:authorization)[\"']?\s*[:=,]\s*[\"']?[\w\-]{0,16}$")
_HEADER_NAME: Final = re.compile(rb"(?:^|[\s\"'`])(?:x-|-H\s?[\"']?)[\w\-]*$", re.IGNORECASE)
_MARKUP_ELEMENT: Final = re.compile(
    rb"""[\w.:\-]*+(?:["']?[^<>\n]{0,24}>|</\w{1,10}>\s*+<[\w:]{1,16}>)\s?(?:<!\[CDATA\[)?"""
)
_MARKUP_ATTRIBUTE: Final = re.compile(
    rb"""[\w.:\-]*+\\?["']\s+(?:\w{1,10}:)?(?:value|content|default|defaultValue|key|data|v)\s?=\s?\\?["']""",
    re.IGNORECASE,
)
_URL_QUERY: Final = re.compile(rb"[\w.\-\[\]]*+(?:=|%3D)")
_URL_PATH: Final = re.compile(rb"[\w.\-]*+(?::\d{1,5})?/(?:[^\s\"'<>`]*[/=:?])?")
_URL_AFTER_NAME: Final = re.compile(
    rb"[\w.\-\"']*+\s?[:=]\s?[\"']?[a-z][a-z+]{1,10}://[^\s\"'<>`]*[/=:@]", re.IGNORECASE
)
_URL_BEFORE: Final = re.compile(rb"(?:://|//)[\w.\-@:]*$")


def name_expression(name: str) -> str:
    """A rule's name as an expression for both engines: `_` stands for one separator or none, `&` for a word of credentials."""
    return "".join(_NAME_SIGNS.get(char, char) for char in name)


def longest(names: Iterable[str]) -> int:
    """Bytes of the longest text that one of the names can match."""
    return max(len(name) + (_LONGEST_CREDENTIAL if name.endswith("&") else 0) for name in names)


def accepted(rule: Rule) -> frozenset[Syntax]:
    """The syntaxes that a context rule takes: those it lists, else the close ones; with `prose`, or where it lists none, those
    that only stand near as well, if its names are a provider's and its values long.
    """
    listed = frozenset(map(Syntax, rule.syntaxes)) or _CLOSE
    human = rule.provider == "generic" or rule.profile in _HUMAN_PROFILES
    short = expressions.facts(rule.pattern, caseless=rule.caseless).minimum < looks.SHORTEST
    strict = rule.syntaxes and Syntax.PROSE not in listed
    return listed if human or short or strict else listed | _NEAR


def reach(rule: Rule) -> int:
    """Bytes that may stand between name and value; over GAP they may hold line ends."""
    return nearby.REACH if accepted(rule) & _NEAR else GAP


def weigher(rule: Rule) -> Callable[[bytes], Weight]:
    """What says how telling a value of the rule is by its looks."""
    if reach(rule) <= GAP:
        return lambda _: Weight.LOOSE
    known = expressions.facts(rule.pattern, caseless=rule.caseless)
    return partial(looks.weight, literal=known.own_literal)


def read(before: bytes, name: bytes, gap: bytes, after: bytes, value: Weight = Weight.LOOSE) -> Reading:
    """Classify one candidate.

    `before` are up to BEFORE bytes in front of the name on its line, `gap` what stands between name and value, `after` up to
    AFTER bytes behind the value, `value` how telling it is. Linear in their length. Thread-safe.
    """
    if not _whole_name(before, name, gap):
        return _PART_OF_WORD
    first, line_end, rest = gap.partition(b"\n")
    last = rest.rpartition(b"\n")[2]
    if _names_other(first) or (last and _names_other(last)) or _names_other(before[-20:]):
        return _OTHER_VALUE
    if nearby.other(gap, value, after):
        return _OTHER_VALUE
    if name.lower() == b"token" and _OTHER_TOKEN.search(before):
        return _OTHER_VALUE
    close = not line_end and len(gap) <= GAP
    syntax = _syntax(before, gap, after) if close else None
    syntax = syntax or _BONDS.get(nearby.bond(before, name, gap, value, after))
    return _READINGS[syntax or Syntax.PROSE] if syntax or close else _APART


def read_behind(before: bytes, gap: bytes, name: bytes, after: bytes, value: Weight) -> Reading:
    """Classify a candidate whose name stands behind its value; the texts as in `behind.named`. Linear. Thread-safe."""
    if not _whole_name(gap, name, after):
        return _PART_OF_WORD
    if _names_other(before[-20:]) or _names_other(gap) or _OTHER.match(after):
        return _OTHER_VALUE
    return _READINGS[Syntax.WORDS] if behind.named(before, gap, name, after, value) else _APART


def _names_other(text: bytes) -> bool:
    """A word in it says that the value is something else. Most texts hold no beginning of one."""
    return _OTHER_STARTS.search(text.lower()) is not None and _OTHER.search(text) is not None


def _whole_name(before: bytes, name: bytes, gap: bytes) -> bool:
    """The name is a word, or a part of an identifier at a hump or separator: `DD_API_KEY`, `twitterApiKey`, `mydatadogkey`."""
    left, right = before[-1:], gap[:1]
    if left.isalpha() and len(name) < _COMPOUND and not follows_escape(before, len(before)):
        hump = name[:1].isupper() and left.islower()
        if not hump:
            return False
    if not right.isalpha():
        return True
    hump = right.isupper() and name[-1:].islower()
    return hump or _TAIL_WORDS.match(gap) is not None


def _syntax(before: bytes, gap: bytes, after: bytes) -> Syntax | None:
    """The first shape that the whole gap has."""
    for syntax, fits in _SHAPES:
        if fits(before, gap, after):
            return syntax
    return None


def _is_url(before: bytes, gap: bytes, _after: bytes) -> bool:
    host = b"//" in before and _URL_BEFORE.search(before) is not None
    query = before[-1:] in (b"?", b"&") or (host and b"?" in before)
    return bool((query and _URL_QUERY.fullmatch(gap)) or (host and _URL_PATH.fullmatch(gap)))


def _is_url_value(_before: bytes, gap: bytes, _after: bytes) -> bool:
    return _URL_AFTER_NAME.fullmatch(gap) is not None


def _is_flag(before: bytes, gap: bytes, _after: bytes) -> bool:
    return bool(b"-" in before and _FLAG.fullmatch(gap) and _FLAG_BEFORE.search(before))


def _is_header(before: bytes, gap: bytes, _after: bytes) -> bool:
    if _BLANKS.fullmatch(gap) and _HEADER_BEFORE.search(before):
        return True
    return bool(b":" in gap and _HEADER_NAME.search(before) and _ASSIGN.fullmatch(gap))


def _is_assign(_before: bytes, gap: bytes, _after: bytes) -> bool:
    return _ASSIGN.fullmatch(gap) is not None


def _is_call(before: bytes, gap: bytes, _after: bytes) -> bool:
    if _CALL_ARGUMENT.fullmatch(gap) or _CALL_OF.fullmatch(gap):
        return True
    return bool(_BLANKS.fullmatch(gap) and _CALL_COMMAND.search(before))


def _is_markup(_before: bytes, gap: bytes, after: bytes) -> bool:
    if _MARKUP_ATTRIBUTE.fullmatch(gap):
        return True
    return after[:1] in (b"<", b"]") and _MARKUP_ELEMENT.fullmatch(gap) is not None


_SHAPES: Final[tuple[tuple[Syntax, Callable[[bytes, bytes, bytes], bool]], ...]] = (
    (Syntax.URL, _is_url),
    (Syntax.FLAG, _is_flag),
    (Syntax.HEADER, _is_header),
    (Syntax.ASSIGN, _is_assign),
    (Syntax.CALL, _is_call),
    (Syntax.MARKUP, _is_markup),
    (Syntax.URL, _is_url_value),
)
