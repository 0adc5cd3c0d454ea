"""Character references of HTML and XML: named, decimal, hexadecimal."""

from __future__ import annotations

import re
from html.entities import html5
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import Decoder, Run, Trigger
from detectors.decoders.rewriting import Rewriter, character
from detectors.ruleset import RuleSet

NAME: Final = "entities"
_ESCAPE: Final = re.compile(rb"&(?:#([0-9]{1,7})|#[xX]([0-9A-Fa-f]{1,6})|([A-Za-z]{2,10}));")


def _plain(found: re.Match[bytes]) -> bytes:
    if found[1]:
        return character(int(found[1]))
    if found[2]:
        return character(int(found[2], 16))
    known = html5.get(found[3].decode() + ";")
    return found[0] if known is None else known.encode()


_REWRITER: Final = Rewriter(NAME, _ESCAPE, _plain)


def _triggers(_ruleset: RuleSet) -> tuple[Trigger, ...]:
    """The signs between a name and its value; and letters, which need no reference. Each with a text of four characters or more of its
    own: shorter ones cost all rules their speed.
    """
    quotes = ("&quot;", "&apos;", "&#34;", "&#39;", "&#x22;", "&#x27;")
    signs = ("&equals;", "&colon;", "&#61;", "&#58;", "&#x3[Dd];", "&#x3[Aa];")
    letters = (";&#1[0-2][0-9];", ";&#x[4-7][0-9A-Fa-f];")
    twice = ("&amp;quot;", "&amp;#", "&amp;apos;")
    expressions = (*(f"[=:] ?{quote}" for quote in quotes), *signs, *letters, *twice)
    return tuple(Trigger(NAME, expression) for expression in expressions)


def _take(buffer: Buffer, low: int, high: int, hit: int, _trigger: Trigger) -> Run | None:
    return _REWRITER.around(buffer, low, high, hit, 24)


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
