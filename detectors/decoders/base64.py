"""Base64, standard and url-safe.

The triggers are the encoded forms, at the three alignments, of every rule's fixed beginning and of the words credentials stand
beside, and the padded end of a run. A run that has none of them stays undecoded: decoding every run of 24 base64 characters costs
ten times as much, since path names and camelCase are base64 too.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import RUN_CAP, Decoder, Run, Trigger, plain_words
from detectors.ruleset import RuleSet

NAME: Final = "base64"
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_EITHER: Final = {"+": "[+\\x2d]", "/": "[/_]"}
_SHORTEST_FORM: Final = 5
_SHORTEST_RUN: Final = 12


def forms(word: bytes) -> list[str]:
    """The characters that `word` gives wherever it stands in an encoded text: one form for each alignment."""
    found = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + word + b"\0\0").decode()
        form = text[-(-shift * 8 // 6) : (shift + len(word)) * 8 // 6]
        if len(form) >= _SHORTEST_FORM:
            found.append(form)
    return found


def _triggers(ruleset: RuleSet) -> tuple[Trigger, ...]:
    found = [
        Trigger(NAME, "".join(_EITHER.get(char, char) for char in form), word)
        for word in plain_words(ruleset)
        for form in forms(word)
    ]
    return (*found, Trigger(NAME, r"[A-Za-z0-9+/_\x2d]{22}=="))


def _take(buffer: Buffer, low: int, high: int, hit: int, trigger: Trigger) -> Run | None:
    before = bytes(buffer[max(low, hit - RUN_CAP) : hit])
    core = before.rstrip(b"=")  # the padded end's trigger ends behind the padding
    start = hit - len(before) + len(core.rstrip(_ALPHABET))
    stop = hit - len(before) + len(core)
    if len(core) == len(before):
        after = bytes(buffer[hit : min(high, hit + RUN_CAP)])
        stop += len(after) - len(after.lstrip(_ALPHABET))
    if stop - start < _SHORTEST_RUN:
        return None
    padded = bytes(buffer[stop : min(high, stop + 2)])
    end = stop + len(padded) - len(padded.lstrip(b"="))
    text = bytes(buffer[start:stop]).translate(_STANDARD)
    if not trigger.plain:  # two signs of padding: the last group has two characters
        first = (len(text) - 2) % 4
        return Run(NAME, start + first, end, _decode(text[first:]))
    for first in range(4):  # what stands before the run (a path, a name) may be of its alphabet
        data = _decode(text[first:])
        if trigger.plain in data:
            return Run(NAME, start + first, end, data)
    return None


def _decode(text: bytes) -> bytes:
    """The whole groups and what the last one gives."""
    if len(text) % 4 == 1:
        text = text[:-1]
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
