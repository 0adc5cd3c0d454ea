"""Percent-encoding, of whole texts or of their signs only: URLs, form bodies, logs of both."""

from __future__ import annotations

import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import Decoder, Run, Trigger
from detectors.decoders.rewriting import Rewriter
from detectors.ruleset import RuleSet

NAME: Final = "percent"
# `+` is a blank in a form, but base64 has it too: taken for a blank only beside an escape.
_ESCAPE: Final = re.compile(rb"\+?%([0-9A-Fa-f]{2})(?:\+(?!\+))?")


def _plain(found: re.Match[bytes]) -> bytes:
    text = found[0]
    byte = bytes.fromhex(found[1].decode())
    return b" " * text.startswith(b"+") + byte + b" " * text.endswith(b"+")


_REWRITER: Final = Rewriter(NAME, _ESCAPE, _plain)


def _triggers(_ruleset: RuleSet) -> tuple[Trigger, ...]:
    """`=`, `:`, a quote, `@` and `%` itself, which stand between a name and its value; and letters that need no escape."""
    return (
        Trigger(NAME, r"%(?:3[AaDd]|2[257]|40)[A-Za-z0-9_%+.\x2d]"),
        Trigger(NAME, r"(?:%[2-7][0-9A-Fa-f]){4}"),
    )


def _take(buffer: Buffer, low: int, high: int, hit: int, _trigger: Trigger) -> Run | None:
    return _REWRITER.around(buffer, low, high, hit, 12)


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
