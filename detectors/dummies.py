"""What is visibly no secret: placeholders, templates, code, runs and sequences, names.

Predicates over the value, linear in its length. They must not drop real values: a word counts only where random text would hold it
less than once in a million, a shape only where most of the value has it.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from detectors import disguises, expressions
from detectors.model import Kind, Rule
from detectors.remembering import remembered
from detectors.words import COMMON, DUMMY, LONGEST_DUMMY, LONGEST_WORD, QUALIFIER

# Words that no secret holds but by a chance of less than one in a million; other words only make a dummy where nothing else is there.
# Sought in lower case: an expression that minds no case is tried at every place, this one where a first letter fits.
_DUMMY_WORDS: Final = re.compile(
    rb"example|placeholder|change_?-?me|dummy|redacted|replace_?-?(?:me|with|this)|insert[-_]|foobar|lorem_?ipsum|removed[-_]by|deadbeefdeadbeef|"
    rb"your[-_]|[-_]here\b|\bmy[-_](?:secret|password|token|api_?key)|not[-_]a[-_]real|test[-_]?only"
)
_FILLER: Final = re.compile(
    rb"x{5}|^x{3}[x0-9_-]*$|\*{3}|\.{3}|\?{4}|#{4}|(?<!\w)(?:fake|todo|tbd|none|null|xxx+|xxxx)(?!\w)|\xe2\x80\xa6"
)
_TEMPLATE: Final = re.compile(
    rb"\$\{|\$\(|\{\{|\}\}|<%|%>|#\{|@\{|%\(\w{1,40}\)[sdrif]|(?<!\w)%[sdv@](?![0-9A-Za-z])|\{[a-zA-Z_]{0,32}[}:!]|\{[0-9]\}|\[\[|@@\w+@@|__[A-Z][A-Z_]+__|"
    rb"^\$[A-Za-z_]\w*$|^%[A-Za-z_]\w*%$|^<[^<>]*>$|^\[[^\]]*\]$|^&[a-z#]\w*;$"
)
_CODE: Final = re.compile(
    rb"process\.env|os\.environ|getenv|env\[|environ\.|config\.|settings\.|secrets\.|params\.|request\.|self\.|this\.|"
    rb"System\.|(?i:vault:|ssm:|arn:aws:|secretsmanager|keyvault)|^\w+\([^()]{0,80}\)|\(\)|=>|->|::|\([^)]{0,80}\)\s*$",
)
_NOTHING: Final = frozenset(
    b"none null nil true false undefined empty string str bytes int bool char void password passwd secret token key apikey value "
    b"default admin root test testing tests user username required optional required: prompt input n/a na tbd abc123 asdf qwerty".split()
)
_PARTS: Final = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_IDENTIFIER: Final = re.compile(
    rb"[A-Za-z][A-Za-z0-9]*(?:[-_.:/ ][A-Za-z0-9]+)*|/?[A-Za-z0-9_.\-]+(?:/[A-Za-z0-9_.\-]+)+/?"
)
_ASCENDING: Final = (
    b"abcdefghijklmnopqrstuvwxyz\n0123456789012345678901234567890\nqwertyuiop\nasdfghjkl\nzxcvbnm\n"
    b"1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik\nqazwsxedcrfvtgbyhnujmik\nzaq12wsxcde34rfv\n1q2w3e4r5t6y7u8i9o0p\n"
    b"qweasdzxc\nq1w2e3r4t5y6u7i8o9p0\n147258369\n159753\n123321\n741852963\n112358"
)
_ROWS: Final = (_ASCENDING, _ASCENDING[::-1])
_WALKS: Final = frozenset(
    row[at : at + 4] for row in _ROWS for at in range(len(row) - 3)
)  # four steps of any
_HEX_ROW: Final = b"0123456789abcdef"
_LONG_SEQUENCE: Final = 8
_RUNS: Final = re.compile(rb"[a-z]+|[0-9]+")
_SHORTEST_RUN: Final = 3
_DOUBLED: Final = re.compile(
    rb"(?:([0-9a-z])\1++[-_.]?+){3,64}+"
)  # possessive: a run is split in one way only
_SHORT_TEXT: Final = 16
_LETTER_RUNS: Final = re.compile(rb"[a-z]+")
_DIGIT_RUNS: Final = re.compile(rb"[0-9]+")
_SIMPLE_DIGITS: Final = (
    3  # a longer run is simple only where it is a year, a sequence or one digit again and again
)
_SOMETHING_ELSE, _WHICH_ONE, _STANDS_FOR_ONE = range(3)
_YEAR: Final = re.compile(rb"(?:19|20)[0-9]{2}")
_LONGEST_DUMMY_TEXT: Final = 64


def dummy(rule: Rule, secret: bytes) -> str:
    """Why the value is a placeholder, a template or code; "" when it may be real."""
    return _dummy(rule.kind, body(rule, secret), secret)


@remembered
def _dummy(kind: Kind, text: bytes, secret: bytes) -> str:
    """`text` is the secret without its fixed beginning."""
    lower = text.lower()
    if lower in _NOTHING or _DUMMY_WORDS.search(lower) or _FILLER.search(lower):
        return "placeholder"
    if kind is not Kind.RECORDS and (_TEMPLATE.search(text) or _CODE.search(text)):
        return "template"
    if shape := _shape(lower):
        return shape
    if _encoded(text) or _vector(secret):
        return "placeholder"
    return "identifier" if identifier(text) else ""


def _shape(lower: bytes) -> str:
    """Why the text of lower case is none by its signs and their order alone, the cheap questions first; "" when it may be one."""
    if repeated(lower):
        return "repeated"
    if sequential(lower):
        return "sequence"
    if visible(lower) or disguises.mashed(lower) or _in_leet(lower):
        return "placeholder"
    return "sequence" if _in_turns(lower) or _in_runs(lower) else ""


def visible(lower: bytes) -> bool:
    """Nothing but words that stand for a secret, signs and simple digits: `test-password-123`. The text is in lower case."""
    if len(lower) > _LONGEST_DUMMY_TEXT:
        return False
    stands_for_one = False
    for word in _LETTER_RUNS.findall(lower):
        made_of = _made_of_dummies(word)
        if made_of == _SOMETHING_ELSE:
            return False
        stands_for_one |= made_of == _STANDS_FOR_ONE
    return stands_for_one and all(map(_simple, _DIGIT_RUNS.findall(lower)))


def _in_leet(lower: bytes) -> bool:
    return disguises.in_leet(lower, visible)


def _in_runs(lower: bytes) -> bool:
    """Letters and digits, each run of them in order (`abc123`, `qwe456xyz`), or each sign several times in order (`aabbccdd`)."""
    if _DOUBLED.fullmatch(lower):
        return _in_a_row(re.sub(rb"([0-9a-z])\1*[-_.]?", rb"\1", lower))
    runs = _RUNS.findall(lower)
    plain = sum(map(len, runs)) == len(lower)
    return plain and all(len(run) >= _SHORTEST_RUN and _in_a_row(run) for run in runs)


def _in_a_row(text: bytes) -> bool:
    """A piece of a row, or digits and then letters as hexadecimal counts."""
    return any(text in row for row in _ROWS) or text in _HEX_ROW or text in _HEX_ROW[::-1]


def _in_turns(lower: bytes) -> bool:
    return disguises.in_turns(lower, _in_a_row)


def _encoded(text: bytes) -> bool:
    return disguises.encoded(text, _stands_for_one)


def _vector(text: bytes) -> bool:
    return disguises.from_a_test(text, _of_a_test)


def _stands_for_one(text: bytes) -> bool:
    lower = text.lower()
    return visible(lower) or sequential(lower) or _DUMMY_WORDS.search(lower) is not None or identifier(text)


def _of_a_test(salt: bytes) -> bool:
    return visible(salt) or sequential(salt) or (salt.isdigit() and _simple(salt)) or repeated(salt)


def _made_of_dummies(word: bytes) -> int:
    """Whether the word falls without a rest, whichever way it is cut, into words that stand for a secret and others that say which."""
    best = [_WHICH_ONE] + [_SOMETHING_ELSE] * len(word)
    for at in range(len(word)):
        if best[at] != _SOMETHING_ELSE:
            for length in range(1, min(LONGEST_DUMMY, len(word) - at) + 1):
                piece = word[at : at + length]
                if piece in DUMMY:
                    best[at + length] = _STANDS_FOR_ONE
                elif piece in QUALIFIER:
                    best[at + length] = max(best[at + length], best[at])
    return best[-1]


def _simple(digits: bytes) -> bool:
    if len(digits) <= _SIMPLE_DIGITS or len(set(digits)) == 1 or _YEAR.fullmatch(digits):
        return True
    return any(digits in row for row in _ROWS)


def repeated(text: bytes) -> bool:
    """One byte makes most of it, it repeats a short piece, or hardly any distinct bytes are in it."""
    size = len(text)
    if size < 4:
        return True
    distinct = len(set(text))
    if distinct <= 2 or (size >= _SHORT_TEXT and distinct <= 4):
        return True
    # One byte that makes more than half of it leaves few places to others: hardly any value has to be counted.
    if distinct * 2 <= size + 1 and max(Counter(text).values()) * 2 > size:
        return True
    period = (text + text).find(text, 1)
    return (
        period * 2 <= size
        if period < size
        else size >= _SHORT_TEXT and text[: size // 3] * 2 == text[: size // 3 * 2]
    )


def sequential(text: bytes) -> bool:
    """Mostly a walk along the alphabet, the digits or a keyboard row, forwards or backwards."""
    covered, at, size = 0, 0, len(text)
    while at + 4 <= size:
        if text[at : at + 4] in _WALKS:
            length = _walk_length(text, at)
            covered += length
            at += length
        else:
            at += 1
    return covered * 10 >= size * 6 and (covered >= _LONG_SEQUENCE or covered == size)


def _walk_length(text: bytes, at: int) -> int:
    best = 0
    for row in _ROWS:
        length = 4
        while at + length <= len(text) and text[at : at + length] in row:
            best = length
            length += 1
    return best


def identifier(text: bytes) -> bool:
    """A name out of code or a phrase of its words: `get_password_hash`, `AccountTokenProvider`, `path/to/config`."""
    if not _IDENTIFIER.fullmatch(text):
        return False
    letters = sum(map(len, re.findall(rb"[A-Za-z]+", text)))
    known = words = 0
    for part in _PARTS.findall(text):
        covered = _covered(part.lower())
        known += covered
        words += covered > 0
    return words >= 2 and known * 10 >= letters * 7 and letters * 10 >= len(text) * 7


def _covered(part: bytes) -> int:
    """Letters of `part` that common words cover, read greedily from its start."""
    at = covered = 0
    while at < len(part):
        for length in range(min(LONGEST_WORD, len(part) - at), 2, -1):
            if part[at : at + length] in COMMON:
                covered += length
                at += length
                break
        else:
            at += 1
    return covered


def body(rule: Rule, secret: bytes) -> bytes:
    """The value without the fixed text that a token begins with: `sk_test_` is no placeholder."""
    prefix = len(expressions.prefix(rule.pattern)) if rule.kind is Kind.TOKEN else 0
    return secret[prefix:] or secret
