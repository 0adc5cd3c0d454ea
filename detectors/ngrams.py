"""How a text would have to be spelled to be code or prose: the cost in bits of each value under a model of names and words.

Letters without case, one symbol for digits, one for the signs that names are joined with, one for all others; a capital behind a small letter
counts as a join. Three symbols in a row predict the fourth of nothing: a table of trigrams, made by `python -m benchmarks.ngrams`.
"""

from __future__ import annotations

import base64
import math
import re
import zlib
from typing import Final

from detectors.ngram_table import TABLE

SYMBOLS: Final = 29  # a-z, digit, join, sign
DIGIT: Final = 26
JOIN: Final = 27
SIGN: Final = 28
STEP: Final = 0.8  # bits a level of the table
LEVELS: Final = 16
LONGEST: Final = 96  # bytes of a value that are read: its verdict is certain by then

_WHICH: Final = {DIGIT: math.log2(10), SIGN: math.log2(16)}  # bits to say which digit, which sign
_CAPITAL: Final = 0.7  # bits of a capital where a word begins
_STRAY: Final = 3.0  # of one inside a word
_CLASSES: Final = ((26, re.compile(rb"[a-z]")), (26, re.compile(rb"[A-Z]")), (10, re.compile(rb"[0-9]")), (2, re.compile(rb"[+/_-]")), (14, re.compile(rb"[^0-9A-Za-z+/_-]")))  # fmt: skip
_HEX: Final = re.compile(rb"[0-9a-f]+|[0-9A-F]+")


def _symbol(byte: int) -> int:
    char = chr(byte).lower()
    if "a" <= char <= "z":
        return ord(char) - 97
    if "0" <= char <= "9":
        return DIGIT
    return JOIN if char in "_-./: " else SIGN


_SYMBOL: Final = tuple(map(_symbol, range(256)))
_PACKED: Final = zlib.decompress(base64.b85decode(TABLE))
_COST: Final = tuple(STEP * level for byte in _PACKED for level in (byte >> 4, byte & 15))


def symbols(text: bytes) -> list[int]:
    """The text in the model's alphabet, a join in front and wherever a hump begins."""
    found = [JOIN]
    small = False
    for byte in text:
        capital = 65 <= byte <= 90
        if capital and small:
            found.append(JOIN)
        found.append(_SYMBOL[byte])
        small = 97 <= byte <= 122
    return found


def code_bits(text: bytes) -> float:
    """What the text costs as code or prose. Linear; only the first LONGEST bytes are read."""
    text = text[:LONGEST]
    total, first, second = 0.0, JOIN, JOIN
    small = False
    shouting = text.isupper()
    for byte in text:
        symbol = _SYMBOL[byte]
        capital = 65 <= byte <= 90
        if capital and small:
            total += _COST[(first * SYMBOLS + second) * SYMBOLS + JOIN]
            first, second = second, JOIN
        total += _COST[(first * SYMBOLS + second) * SYMBOLS + symbol] + _WHICH.get(symbol, 0.0)
        if capital and not shouting:
            total += _CAPITAL if second == JOIN else _STRAY
        first, second = second, symbol
        small = 97 <= byte <= 122
    return total


def random_bits(text: bytes) -> float:
    """What it costs drawn at random from the smallest usual alphabet that holds it."""
    text = text[:LONGEST]
    if not text:
        return 0.0
    if _HEX.fullmatch(text):
        return len(text) * (math.log2(10) if text.isdigit() else 4.0)
    return len(text) * math.log2(sum(size for size, shown in _CLASSES if shown.search(text)))


def surprise(text: bytes) -> float:
    """By how many bits the text is likelier drawn at random than written as code or prose; negative where it is the other way round."""
    return code_bits(text) - random_bits(text)
