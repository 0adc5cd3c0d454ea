"""UTF-16, both byte orders: a whole document with a byte order mark, or a run of plain characters with NULs between."""

from __future__ import annotations

from typing import Final

from detectors.beginnings import UTF16_BIG, UTF16_LITTLE
from detectors.buffers import Buffer
from detectors.decoders.base import RUN_CAP, Decoder, Run, Trigger, plain_words
from detectors.ruleset import RuleSet

NAME: Final = "utf16"
_SHORTEST_RUN: Final = 16


def _triggers(ruleset: RuleSet) -> tuple[Trigger, ...]:
    r"""`p\0a\0s\0s`: the same in both orders."""
    return tuple(
        Trigger(NAME, "\\x00".join(f"\\x{byte:02x}" for byte in word), word) for word in plain_words(ruleset)
    )


def _take(buffer: Buffer, low: int, high: int, hit: int, trigger: Trigger) -> Run | None:
    word = hit - 2 * len(trigger.plain) + 1  # where its first character stands
    if word < low:  # it reaches into the run before
        return None
    begin = max(low, word - RUN_CAP + RUN_CAP % 2)
    begin += (word - begin) % 2  # the characters stand at even places of the text now
    text = bytes(buffer[begin : min(high, hit + RUN_CAP)])
    plain, gaps = text[::2], text[1::2]
    at = (word - begin) // 2
    start = len(gaps[:at].rstrip(b"\0"))
    tail = gaps[at:]
    stop = at + len(tail) - len(tail.lstrip(b"\0")) + 1
    data = plain[start:stop]
    if 2 * len(data) < _SHORTEST_RUN:
        return None
    first = begin + 2 * start
    if first > low and buffer[first - 1 : first] == b"\0":  # big-endian: the gap comes first
        first -= 1
    return Run(NAME, first, min(high, begin + 2 * stop), data)


def _take_all(buffer: Buffer, low: int, high: int) -> Run:
    mark = bytes(buffer[low : low + 2])
    text = bytes(buffer[low + 2 : high]).decode(
        "utf-16-le" if mark == UTF16_LITTLE else "utf-16-be", "replace"
    )
    return Run(NAME, low, high, text.encode("utf-8", "surrogatepass"))


DECODER: Final = Decoder(
    name=NAME, triggers=_triggers, take=_take, marks=(UTF16_LITTLE, UTF16_BIG), take_all=_take_all
)
