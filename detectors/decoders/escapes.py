r"""Escapes of source code: `\x41`, `\u0041`, `\u{41}`, `\U00000041`, also with their backslash doubled once or twice by JSON around it."""

from __future__ import annotations

import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import Decoder, Run, Trigger
from detectors.decoders.rewriting import Rewriter, character
from detectors.ruleset import RuleSet

NAME: Final = "escapes"
_ESCAPE: Final = re.compile(
    rb"\\{1,4}(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|U([0-9A-Fa-f]{8}))"
)
_HEX: Final = "[0-9A-Fa-f]"


def _plain(found: re.Match[bytes]) -> bytes:
    return character(int(found[found.lastindex or 0], 16))


_REWRITER: Final = Rewriter(NAME, _ESCAPE, _plain)


def _triggers(_ruleset: RuleSet) -> tuple[Trigger, ...]:
    r"""One `\u00hh` is rare; `\xhh` fills tables of bytes, where four printable ones in a row are rare."""
    return (
        Trigger(NAME, rf"\\u00[2-7]{_HEX}"),
        Trigger(NAME, rf"(?:\\u\{{[2-7]{_HEX}\}}){{2}}"),
        Trigger(NAME, rf"[^0-9A-Fa-f](?:\\x[2-7]{_HEX}){{4}}"),
        Trigger(NAME, r"[A-Za-z]{3}\\x(?:3[AaDd]|2[27])"),
        Trigger(NAME, rf"(?:\\U000000[2-7]{_HEX}){{2}}"),
    )


def _take(buffer: Buffer, low: int, high: int, hit: int, _trigger: Trigger) -> Run | None:
    return _REWRITER.around(buffer, low, high, hit, 20)


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
