"""How much a value says by its looks alone, whatever stands beside it."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final

SHORTEST: Final = 14  # bytes under which a value says nothing
_TELLING: Final = 20  # bytes from which letters of both cases and digits are telling
_FIXED: Final = 3  # fixed bytes that make a value its provider's
_MIXED: Final = 0.3  # share of neighbours of different kinds: random text of 62 characters has 0.6, of 36 0.4, a name in code 0.1
_MIXED_WITH_SIGNS: Final = 0.25  # of names in code, which have signs between their words
_MIXED_BEHIND_LITERAL: Final = 0.1
_UUID: Final = re.compile(rb"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEX: Final = re.compile(rb"[0-9a-fA-F]+")
_VALUE: Final = re.compile(rb"[0-9A-Za-z_+/=.:~|!@#$%^&*-]+")
_KINDS: Final = (rb"[a-z]", rb"[A-Z]", rb"[0-9]")
_RUNS: Final = re.compile(rb"[a-z]+|[A-Z]+|[0-9]+")
_SIGN: Final = re.compile(rb"[^0-9A-Za-z]")


class Weight(Enum):
    """How much a value says by its looks."""

    LOOSE = 0  # a text that people type, a word, a number: only what joins it to a name says something
    PLAIN = 1  # generated, but a hash, a commit, a UUID looks the same
    TELLING = 2  # generated, of letters of both cases and digits, or with a provider's fixed text: hardly anything but a credential


def weight(value: bytes, *, literal: int) -> Weight:
    """`literal`: bytes of the fixed text in every value of its rule. Linear, thread-safe."""
    if len(value) < SHORTEST or not _VALUE.fullmatch(value):
        return Weight.LOOSE
    if _UUID.fullmatch(value):
        return Weight.PLAIN
    kinds = [kind for kind in _KINDS if re.search(kind, value)]
    runs = [len(run) for run in _RUNS.findall(value)]
    size = sum(runs)
    mixed = (len(runs) - 1) / max(1, size - 1)
    if _HEX.fullmatch(value):
        return Weight.PLAIN if len(kinds) > 1 else Weight.LOOSE
    if literal >= _FIXED and mixed >= _MIXED_BEHIND_LITERAL:
        return Weight.TELLING
    if len(kinds) == len(_KINDS) and size >= _TELLING and mixed >= _MIXED:
        return Weight.TELLING
    digits = len(kinds) > 1 and kinds[-1] == _KINDS[-1]
    enough = _MIXED if not digits else _MIXED_WITH_SIGNS if _SIGN.search(value) else 0.0
    return Weight.PLAIN if len(kinds) > 1 and mixed >= enough else Weight.LOOSE
