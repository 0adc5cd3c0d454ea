"""Quoted-printable, the form of mails: `=3D`, and lines that a `=` at their end continues."""

from __future__ import annotations

import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import RUN_CAP, Decoder, Run, Trigger
from detectors.decoders.rewriting import Rewriter
from detectors.ruleset import RuleSet

NAME: Final = "quoted-printable"
_HEADER: Final = "uoted-printable"
_ESCAPE: Final = re.compile(rb"=(?:([0-9A-F]{2})|[ \t]{0,8}\r?\n)")
_REWRITER: Final = Rewriter(
    NAME, _ESCAPE, lambda found: bytes.fromhex(found[1].decode()) if found[1] else b""
)


def _triggers(_ruleset: RuleSet) -> tuple[Trigger, ...]:
    return (
        Trigger(NAME, r"[A-Za-z_\x22 ]=3D[\x22' A-Za-z0-9]"),
        Trigger(NAME, _HEADER),
    )


def _take(buffer: Buffer, low: int, high: int, hit: int, trigger: Trigger) -> Run | None:
    """After the header everything is in this form."""
    if trigger.expression == _HEADER:
        return _REWRITER.run(bytes(buffer[hit : min(high, hit + RUN_CAP)]), hit)
    return _REWRITER.around(buffer, low, high, hit, 6)


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
