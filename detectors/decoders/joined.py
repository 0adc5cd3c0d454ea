r"""Strings in pieces: `"ab" + "cd"`, `'ab' 'cd'`, `"ab" . "cd"`, `"ab" & "cd"`, also over the end of a line.

Joined where a piece ends and the next begins with characters of a credential: sentences are broken at blanks.
"""

from __future__ import annotations

import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import Decoder, Run, Trigger
from detectors.decoders.rewriting import Rewriter
from detectors.ruleset import RuleSet

NAME: Final = "joined"
_JOINT: Final = re.compile(
    rb"""(["'`])(?:[ \t]{1,8}|[ \t]{0,8}[+.&\\][ \t]{0,8}|[ \t]{0,8}[+.&\\]?[ \t]{0,4}_?\r?\n[ \t]{0,80}(?:[+.&][ \t]{0,8})?)\1"""
)
_REWRITER: Final = Rewriter(NAME, _JOINT, lambda _: b"")
_ENDS: Final = r"[A-Za-z0-9_]{4}"
_BEGINS: Final = r"[A-Za-z][A-Za-z_\x2d]{0,2}"  # all of a piece: a token broken within its prefix


def _triggers(_ruleset: RuleSet) -> tuple[Trigger, ...]:
    found = []
    for quote in "\"'":
        for sign in (r"\+", r"\.", "&", r"\\"):
            found.append(Trigger(NAME, rf"{_ENDS}{quote} {sign} {quote}{_ENDS}"))
            found.append(Trigger(NAME, rf"{_ENDS}{quote}{sign}{quote}{_ENDS}"))
        found.append(Trigger(NAME, rf"{_ENDS}{quote} {{1,2}}{quote}{_ENDS}"))
        found.append(Trigger(NAME, rf"{_ENDS}{quote} ?[+.&\\]?\r?\n[ \t]{{0,40}}(?:[+.&] ?)?{quote}{_ENDS}"))
        found.append(Trigger(NAME, rf"{quote}{_BEGINS}{quote} \+ {quote}{_ENDS}"))
        found.append(Trigger(NAME, rf"{quote}{_BEGINS}{quote}\+{quote}{_ENDS}"))
    found.append(Trigger(NAME, rf"{_ENDS}\" & _\r?\n"))  # Basic
    return tuple(found)


def _take(buffer: Buffer, low: int, high: int, hit: int, _trigger: Trigger) -> Run | None:
    return _REWRITER.around(buffer, low, high, hit, 60)


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
