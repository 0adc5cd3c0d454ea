"""Base64, standard and url-safe.

The triggers are the encoded forms, at the three alignments, of every rule's fixed beginning and of the words credentials stand
beside, and the padded end of a run. A run that has none of them stays undecoded: decoding every run of 24 base64 characters costs
ten times as much, since path names and camelCase are base64 too.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import RUN_CAP, SECRET_WORDS, Decoder, Run, Trigger, plain_words
from detectors.ruleset import RuleSet

NAME: Final = "base64"
_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
_STANDARD: Final = bytes.maketrans(b"-_", b"+/")
_EITHER: Final = {"+": "[+\\x2d]", "/": "[/_]"}
_PACKED: Final = (("H4sIA", b"\x1f\x8b\x08\0"), ("UEsDB", b"PK\x03\x04"), ("QlpoO", b"BZh"))
_WRAPPED: Final = 40  # characters of a full line, at least
_LINES_BELOW: Final = re.compile(
    rb"(?:\r?\n[ \t]{0,40}[A-Za-z0-9+/_-]{40,})*(?:\r?\n[ \t]{0,40}[A-Za-z0-9+/_-]+(?=[=\s]|$))?"
)
_LINES_ABOVE: Final = re.compile(rb"(?:[ \t]{0,40}\n\r?[A-Za-z0-9+/_-]{40,})+")  # read backwards
_SHORTEST_FORM: Final = 4
_SHORTEST_INNER: Final = 6  # of a form that is encoded again
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
    twice = [
        Trigger(NAME, "".join(_EITHER.get(char, char) for char in outer), inner.encode())
        for word in SECRET_WORDS
        for inner in forms(word)
        if len(inner) >= _SHORTEST_INNER
        for outer in forms(inner.encode())
    ]
    packed = [Trigger(NAME, form + r"[A-Za-z0-9+/_\x2d]{16}", magic) for form, magic in _PACKED]
    return (*found, *twice, *packed, Trigger(NAME, r"[A-Za-z0-9+/_\x2d]{22}=="))


def _take(buffer: Buffer, low: int, high: int, hit: int, trigger: Trigger) -> Run | None:
    before = bytes(buffer[max(low, hit - RUN_CAP) : hit])
    core = before.rstrip(b"=")  # the padded end's trigger ends behind the padding
    start = len(core.rstrip(_ALPHABET))
    first, base = _above(core, start), hit - len(before)
    after, stop = b"", 0
    if len(core) == len(before):
        after = bytes(buffer[hit : min(high, hit + RUN_CAP)])
        stop = len(after) - len(after.lstrip(_ALPHABET))
        stop = _below(after, stop, len(core) - start + stop)
    else:
        after = before[len(core) :]
    text = (core[first:] + after[:stop]).translate(_STANDARD, b" \t\r\n")
    if len(text) < _SHORTEST_RUN:
        return None
    begin = base + first
    padded = base + len(core) + stop
    end = padded + len(after[stop : stop + 2]) - len(after[stop : stop + 2].lstrip(b"="))
    if not trigger.plain:  # two signs of padding: the last group has two characters
        skipped = (len(text) - 2) % 4
        return Run(NAME, begin + skipped, end, _decode(text[skipped:]))
    for skipped in range(4):  # what stands before the run (a path, a name) may be of its alphabet
        data = _decode(text[skipped:])
        if trigger.plain in data:
            return Run(NAME, begin + skipped, end, data)
    return None


def _above(text: bytes, start: int) -> int:
    """Where the run begins whose line begins at text[start], with the lines above that are as wide as wrapped base64 is."""
    found = _LINES_ABOVE.match(text[:start][::-1])
    return start - found.end() if found else start


def _below(text: bytes, stop: int, width: int) -> int:
    """Where the run ends whose line ends at text[stop] and is `width` wide."""
    found = _LINES_BELOW.match(text, stop) if width >= _WRAPPED else None
    return found.end() if found else stop


def _decode(text: bytes) -> bytes:
    """The whole groups and what the last one gives."""
    if len(text) % 4 == 1:
        text = text[:-1]
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
