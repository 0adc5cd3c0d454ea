"""Quoted-printable, the form of mails: `=3D`, and lines that a `=` at their end continues."""

from __future__ import annotations

import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import RUN_CAP, SECRET_WORDS, Decoder, Run, Trigger
from detectors.decoders.rewriting import Rewriter
from detectors.ruleset import RuleSet

NAME: Final = "quoted-printable"
_HEADER: Final = "uoted-printable"
_ESCAPE: Final = re.compile(rb"=(?:([0-9A-F]{2})|[ \t]{0,8}\r?\n)")
_REWRITER: Final = Rewriter(
    NAME, _ESCAPE, lambda found: bytes.fromhex(found[1].decode()) if found[1] else b""
)


def _triggers(_ruleset: RuleSet) -> tuple[Trigger, ...]:
    """`=3D` alone is too short a text: it would cost all rules their speed."""
    words = [re.escape(word.decode()) for word in SECRET_WORDS if word[-1:].isalpha()]
    ends = (
        '=3D"',
        "=3D'",
        '=3D "',
        "=3D '",
        " =3D ",
        *(f"{word}[ \"']{{0,2}}=3D" for word in words),
        _HEADER,
    )
    return tuple(Trigger(NAME, end) for end in ends)


def _take(buffer: Buffer, low: int, high: int, hit: int, trigger: Trigger) -> Run | None:
    """After the header everything is in this form."""
    if trigger.expression == _HEADER:
        return _REWRITER.run(bytes(buffer[hit : min(high, hit + RUN_CAP)]), hit)
    return _REWRITER.around(buffer, low, high, hit, 24)


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
