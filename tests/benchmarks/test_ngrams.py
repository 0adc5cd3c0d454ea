from __future__ import annotations

import zlib

from benchmarks.ngrams import _cut, _names, _table
from detectors.ngrams import LEVELS, SYMBOLS


def levels(names: set[bytes]) -> list[int]:
    packed = zlib.decompress(_table(names))
    return [level for byte in packed for level in (byte >> 4, byte & 15)]


def level(found: list[int], text: str) -> int:
    first, second, third = (ord(char) - 97 for char in text)
    return found[(first * SYMBOLS + second) * SYMBOLS + third]


def test_what_stands_in_the_names_costs_less_than_what_does_not() -> None:
    found = levels({b"monkey", b"donkey", b"keyring"})

    assert len(found) == SYMBOLS**3 + SYMBOLS**3 % 2
    assert max(found) < LEVELS
    assert level(found, "key") < level(found, "kez")


def test_names_and_no_data() -> None:
    text = b"def user_name(value): return 'a1b2c3d4e5'\nx = 123456 id_12345\n" + b"long " * 100 + b"\n"

    assert set(_names(text)) == {b"def", b"user_name", b"value", b"return"} | {
        name for name in _names(text) if name.endswith(b":")
    }


def test_lines_of_a_width() -> None:
    assert _cut("abcdefg", 3) == ["abc", "def", "g"]
