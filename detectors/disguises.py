"""What stands for a secret and is written otherwise: a dummy in base64, the hash of a test vector, keys hit at random.

Predicates over the value, linear in its length, like those of `dummies`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from detectors.encodings import unbase32, unbase64

_BASE64: Final = re.compile(rb"[0-9A-Za-z+/_-]{11,256}={0,2}")
_BASE32: Final = re.compile(rb"[A-Z2-7]{12,256}={0,6}")
_HEX: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}){8,128}")
_READABLE: Final = re.compile(rb"[ -~]{8,192}")
_SENTENCE: Final = re.compile(rb"[A-Za-z][a-z']{0,14}(?:[ ,]{1,2}[A-Za-z][a-z']{0,14}){1,30}[.!?]?")
# The salt of a stored password, as crypt(3) writes it; bcrypt's has 22 characters before the hash.
_SALTED: Final = re.compile(
    rb"\$(?:2[abxy]?\$[0-9]{2}\$(?P<bcrypt>[./0-9A-Za-z]{21})|(?:1|5|6|7|y|gy|apr1|md5)\$(?:rounds=[0-9]{1,9}\$)?(?P<salt>[./0-9A-Za-z]{4,32})\$)"
)
_LEET: Final = bytes.maketrans(b"0134578@$", b"oieastbas")
_HUNTER: Final = re.compile(rb"hunter2|1q2w3e")  # a joke and a walk that stand for a password
_HEX_WORDS: Final = re.compile(
    rb"(?:0x)?(?:dead|beef|cafe|babe|face|feed|f00d|c0de|c0ffee|decaf|baad|d00d|b16b00b5){2,16}(?:bad|bac|1234(?:5678)?|0{2,8})?"
)
_TURNS: Final = re.compile(rb"(?:[a-z][0-9]|[0-9][a-z]){3,32}")
_HOME_ROW: Final = frozenset(b"asdfghjkl")
_LEAST_MASHED: Final = 10  # letters: shorter ones may be a word
_MASHED: Final = 0.85  # share of the home row; random letters have a third


def encoded(value: bytes, stands_for_one: Callable[[bytes], bool]) -> bool:
    """The value is base64, base32 or hexadecimal of a text that `stands_for_one` knows, or of words with blanks between."""
    for shape, decode in ((_HEX, _unhex), (_BASE64, unbase64), (_BASE32, unbase32)):
        plain = decode(value) if shape.fullmatch(value) else None
        plain = plain.rstrip(b"\r\n") if plain else b""
        if _READABLE.fullmatch(plain) and (_SENTENCE.fullmatch(plain) or stands_for_one(plain)):
            return True
    return False


def from_a_test(value: bytes, is_simple: Callable[[bytes], bool]) -> bool:
    """The hash of a password with a salt that somebody typed: `$6$12345678$…`. `is_simple`: of the salt in lower case."""
    found = _SALTED.match(value)
    salt = (found["bcrypt"] or found["salt"]).lower() if found else b""
    return bool(salt) and is_simple(salt)


def in_leet(lower: bytes, stands_for_one: Callable[[bytes], bool]) -> bool:
    """Words that stand for a password, with digits and signs for some letters: `sup3rs3cr3tp@ssw0rd`, `hunter2`; or spelled in hexadecimal."""
    if _HUNTER.fullmatch(lower) or _HEX_WORDS.fullmatch(lower):
        return True
    word = lower.translate(_LEET)  # a sign or a year behind it makes it somebody's
    return word.isalpha() and stands_for_one(word)


def in_turns(lower: bytes, sequential: Callable[[bytes], bool]) -> bool:
    """A letter and a digit in turn, both in their order: `a1b2c3d4`."""
    return _TURNS.fullmatch(lower) is not None and sequential(lower[::2]) and sequential(lower[1::2])


def mashed(lower: bytes) -> bool:
    """Nothing but letters, nearly all of the row under a typist's fingers: `asdfhlkasdjf`."""
    if len(lower) < _LEAST_MASHED or not lower.isalpha():
        return False
    return sum(byte in _HOME_ROW for byte in lower) >= len(lower) * _MASHED


def _unhex(text: bytes) -> bytes:
    return bytes.fromhex(text.decode("ascii"))
