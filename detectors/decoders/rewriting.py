"""What the decoders share that replace escapes one by one and leave the rest of a text as it stands.

Their run is no run of one alphabet: it is the stretch of text in which one escape follows another within a few hundred bytes, from the
beginning of its line to the end of its last one, so that a name before the first escape and a value behind the last belong to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import RUN_CAP, Places, Run

_APART: Final = 256  # bytes between two escapes of one run
_ASIDE: Final = 384  # of a line before the first and behind the last escape


@dataclass(frozen=True, slots=True)
class Rewriter:
    """`escape` matches one escape, in linear time; `plain` says what it stands for. Neither raises."""

    name: str
    escape: re.Pattern[bytes]
    plain: Callable[[re.Match[bytes]], bytes]

    def around(self, buffer: Buffer, low: int, high: int, hit: int, length: int) -> Run | None:
        """The run that has an escape within the `length` bytes before `hit`; None where there is none."""
        base = max(low, hit - length - _ASIDE)
        text = bytes(buffer[base : min(high, hit + RUN_CAP)])
        first = self.escape.search(text, max(0, hit - length - base))
        if first is None:
            return None
        last = first.end()
        for found in self.escape.finditer(text, last):
            if found.start() - last > _APART:
                break
            last = found.end()
        begin = max(text.rfind(b"\n", 0, first.start()) + 1, first.start() - _ASIDE)
        line_end = text.find(b"\n", last, last + _ASIDE)
        end = line_end if line_end >= 0 else min(len(text), last + _ASIDE)
        return self.run(text[begin:end], base + begin)

    def run(self, text: bytes, start: int) -> Run:
        """`text`, which begins at `start` of the buffer, with all its escapes replaced."""
        return Run(
            self.name,
            start,
            start + len(text),
            self.escape.sub(self.plain, text),
            cache(lambda: self._places(text, start)),
        )

    def _places(self, text: bytes, start: int) -> Places:
        decoded, source, copied = [0], [start], [True]
        at = length = 0
        for found in self.escape.finditer(text):
            length += found.start() - at
            decoded.append(length)
            source.append(start + found.start())
            copied.append(False)
            length += len(self.plain(found))
            at = found.end()
            decoded.append(length)
            source.append(start + at)
            copied.append(True)
        decoded.append(length + len(text) - at)
        source.append(start + len(text))
        copied.append(True)
        return Places(decoded, source, copied)


def character(code: int) -> bytes:
    """A code point as UTF-8; one that is none stands for nothing."""
    return chr(code).encode("utf-8", "replace") if code <= 0x10FFFF else b""
