"""What a value is like: something typed or generated to be kept secret, or a name, a word, a path out of code and prose.

One question, asked with a strength that hangs on the place (detectors.profiles): a quoted value beside `db_password` needs little, a
bare word behind `token` a lot. The evidence is how much likelier the value is drawn at random than written (detectors.ngrams) and which
classes of bytes it mixes. Linear, thread-safe, some microseconds.
"""

from __future__ import annotations

import re
from typing import Final

from detectors import ngrams

_DIGITS: Final = re.compile(rb"[0-9]")
_LETTERS: Final = re.compile(rb"[A-Za-z]")
_STRONG_SIGNS: Final = re.compile(rb"[!@#$%^&*+=?~|]")
# A word or two, a number, at most one sign between: `Berlin-2019`, `Silver.river07`.
_TYPED: Final = re.compile(
    rb"[A-Z][a-z]{2,12}(?:[._-]?[A-Za-z][a-z]{2,12})?[._-]?[0-9]{2,6}[!._-]?|[A-Z]?[a-z]{2,12}[0-9]{2,4}[A-Za-z][a-z]{2,12}[0-9]{0,6}"
)
_TYPED_BARE: Final = re.compile(
    rb"[A-Z][a-z]{2,12}(?:[._-]?[0-9]{2,6}[!._-]?|[0-9]{2,4}[A-Za-z][a-z]{2,12}[0-9]{0,6})"
)
_CAPITALISED: Final = re.compile(rb"[A-Z][a-z]{4,30}")
_TWO_SHORT: Final = re.compile(rb"[a-z]{2,5}[-_][a-z]{2,5}")
_CAMEL: Final = re.compile(
    rb"[A-Z][bcdfghjklmnpqrstvwxz]{0,2}(?:[aeiouy]{1,2}[bcdfghjklmnpqrstvwxz]{1,3}){1,4}[aeiouy]?(?![a-z])"
)
_CAMEL_SHARE: Final = 0.6  # of a name in code; of random letters and digits words with a capital have a tenth
_LEAST_CAMEL: Final = 4
_JOINED: Final = re.compile(rb"[0-9A-Za-z]{1,60}(?:[._/:-]{1,2}[0-9A-Za-z]{1,60}){1,20}[._/:-]{0,2}")
_NAME: Final = re.compile(rb"[A-Za-z_][0-9A-Za-z_]{0,120}")
_HUMPS: Final = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_HUMAN: Final = 20  # a longer value was not thought of but generated, or is text
_LETTERS_OF_A_CASE: Final = 26
_BY_CHANCE: Final = 1e-3
_WRITTEN_FROM: Final = 14  # bytes from which a text tells names in code from random letters
_WRITTEN: Final = -0.3  # bits a byte below which it is one
_SHORT_WORD: Final = 7  # letters only: a name that is rarely spelled, `zabbix`
_SHORTEST: Final = 5
_SHORTEST_NUMBER: Final = 6
_STRANGE: Final = 6.0  # bits over text from which a value is none, whatever its shape
_STRANGE_MIXED: Final = 0.35  # the same a byte, of letters with digits or signs
_STRANGE_WORD: Final = 1.0  # and of letters alone, which may be a word of any language
_SHORT_SECRET: Final = 10
_STRANGE_SECRET: Final = (
    1.3  # bits a byte of a short one and of one of letters alone, which may be a word of any language
)
_LIKE_A_NAME: Final = -0.8  # bits a byte below which words joined by signs are a name in a literal of its own
_LIKE_A_BARE_NAME: Final = -0.4


def thought_of(value: bytes, *, quoted: bool = True) -> str:
    """Why the value is no password that a person or a generator made; "" where it may be one.

    `quoted`: it stands in a literal of its own; a bare one may be a name of the code around it as well.
    """
    if len(value) < (_SHORT_WORD if value.isalpha() else _SHORTEST) or _of_letters(value):
        return "word"
    digits, letters = _DIGITS.search(value) is not None, _LETTERS.search(value) is not None
    signs = _STRONG_SIGNS.search(value) is not None
    if not letters:
        number = quoted and value.isdigit() and len(value) >= _SHORTEST_NUMBER
        return "" if digits and (signs or number) else "number"
    bits = ngrams.surprise(value)
    if bits >= max(_STRANGE, len(value) * (_STRANGE_MIXED if digits or signs else _STRANGE_WORD)):
        return ""
    if not digits and not _STRONG_SIGNS.search(value, 1, len(value) - 1):  # `Password!`, `*name`
        return "word"
    return _like_a_name(value, bits, quoted=quoted)


def _of_letters(value: bytes) -> bool:
    """Letters of any script, not of ASCII alone, with hyphens at most: `contraseña`, `Jelszó`; a capital and small ones, or two short words."""
    if value.isascii():
        return _TWO_SHORT.fullmatch(value) is not None or _CAPITALISED.fullmatch(value) is not None
    text = value.decode("utf-8", "replace")
    return text.replace("-", "").isalpha()


def _like_a_name(value: bytes, bits: float, *, quoted: bool) -> str:
    """Words with digits or signs: "identifier" where they are joined as names are."""
    if (_TYPED if quoted else _TYPED_BARE).fullmatch(value):
        return ""
    if len(value) > _HUMAN and bits < 0:
        return "identifier"
    joined = _JOINED.fullmatch(value) is not None
    humps = _NAME.fullmatch(value) is not None and (b"_" in value or len(_HUMPS.findall(value)) > 1)
    limit = _LIKE_A_NAME if quoted else _LIKE_A_BARE_NAME
    return "identifier" if (joined or humps) and bits < len(value) * limit else ""


def told(value: bytes) -> str:
    """Why a word of a text is no password: it has no digit beside letters, or reads like the text around it."""
    if not (_DIGITS.search(value) and _LETTERS.search(value)) or value[-1:] in b",;:.":
        return "word"
    return thought_of(value, quoted=False)


def generated(value: bytes, *, bits: float) -> str:
    """Why the value is no generated secret: it is not `bits` likelier to be drawn at random than to be written, or a name of many words."""
    if len(value) < _SHORT_SECRET or value.replace(b"-", b"").isalpha():
        bits = max(bits, len(value) * _STRANGE_SECRET)
    if ngrams.surprise(value) < bits:
        return "identifier"
    words = _CAMEL.findall(value)
    camel = len(words) >= _LEAST_CAMEL and sum(map(len, words)) >= len(value) * _CAMEL_SHARE
    return "identifier" if camel else ""


def written(value: bytes) -> str:
    """Why the value beside a provider's name is none of its: it is a name in code, `GetLaunchProfileInitialization`."""
    if len(value) < _WRITTEN_FROM or len(_LETTERS.findall(value)) * 5 < len(value) * 4:
        return ""
    return "identifier" if ngrams.surprise(value) < len(value) * _WRITTEN else ""


def of_one_case(value: bytes, alphabet: frozenset[int]) -> str:
    """Why the value of a rule with that alphabet is none: letters of one case only, where random ones would be less than once in a thousand.

    `lip_buttons_name_to_num`: joins do not count.
    """
    value = value.translate(None, b"_-")
    drawn = sum(chr(byte).isalnum() for byte in alphabet)
    if not value.isalpha() or not (value.islower() or value.isupper()) or drawn <= _LETTERS_OF_A_CASE:
        return ""
    return "word" if (_LETTERS_OF_A_CASE / drawn) ** len(value) < _BY_CHANCE else ""
