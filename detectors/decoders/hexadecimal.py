"""Hexadecimal text: `6162…` in either case, and tables of bytes, `0x61, 0x62`.

The triggers are the hexadecimal forms of every rule's fixed beginning and of the words credentials stand beside. A run without any
of them stays undecoded: digests are hexadecimal too.
"""

from __future__ import annotations

import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import RUN_CAP, Decoder, Run, Trigger, plain_words
from detectors.decoders.rewriting import Rewriter
from detectors.ruleset import RuleSet

NAME: Final = "hex"
_DIGITS: Final = b"0123456789abcdefABCDEF"
_BYTE: Final = re.compile(rb"0[xX]([0-9A-Fa-f]{2})(?:[ \t]{0,4},?[ \t]{0,4}(?:\r?\n[ \t]{0,16})?(?=0[xX]))?")
_TABLE: Final = Rewriter(NAME, _BYTE, lambda found: bytes.fromhex(found[1].decode()))
_TABLE_BYTES: Final = 16


def _triggers(ruleset: RuleSet) -> tuple[Trigger, ...]:
    words = dict.fromkeys(word.hex() for word in plain_words(ruleset))
    found = [Trigger(NAME, f"(?i:{word})", bytes.fromhex(word)) for word in words]
    return (*found, Trigger(NAME, rf"(?:0x[2-7][0-9A-Fa-f], ?){{{_TABLE_BYTES}}}"))


def _take(buffer: Buffer, low: int, high: int, hit: int, trigger: Trigger) -> Run | None:
    if not trigger.plain:
        return _TABLE.around(buffer, low, high, hit, 6 * _TABLE_BYTES)
    word = hit - 2 * len(trigger.plain)
    if word < low:  # it reaches into the run before
        return None
    before = bytes(buffer[max(low, word - RUN_CAP) : word])
    length = len(before) - len(before.rstrip(_DIGITS))
    start = (
        word - length + length % 2
    )  # what stands before may be of its alphabet: the word is at whole bytes
    text = bytes(buffer[start : min(high, hit + RUN_CAP)])
    size = len(text) - len(text.lstrip(_DIGITS))
    size -= size % 2
    return Run(NAME, start, start + size, bytes.fromhex(text[:size].decode("ascii")))


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
