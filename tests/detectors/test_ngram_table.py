from __future__ import annotations

import base64
import zlib

from detectors.ngram_table import TABLE
from detectors.ngrams import LEVELS, SYMBOLS


def levels() -> list[int]:
    packed = zlib.decompress(base64.b85decode(TABLE))
    return [level for byte in packed for level in (byte >> 4, byte & 15)]


def test_every_trigram_has_a_level() -> None:
    assert len(levels()) in (SYMBOLS**3, SYMBOLS**3 + 1)  # two to a byte
    assert max(levels()) < LEVELS


def test_what_is_written_often_costs_less_than_what_never_is() -> None:
    def level(text: str) -> int:
        first, second, third = (ord(char) - 97 for char in text)
        return levels()[(first * SYMBOLS + second) * SYMBOLS + third]

    assert max(map(level, ("the", "ing", "ser"))) < min(map(level, ("qzx", "vjq", "xkq")))
