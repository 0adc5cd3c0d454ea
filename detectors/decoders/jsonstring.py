r"""Text in a string in a string: JSON in JSON or YAML, where a quote is `\\\"`; and addresses with `\/\/`, as PHP writes them.

One level of escapes (`\"`) is read by the rules as it stands; this decoder takes off one level at a time.
"""

from __future__ import annotations

import re
from typing import Final

from detectors.buffers import Buffer
from detectors.decoders.base import Decoder, Run, Trigger
from detectors.decoders.rewriting import Rewriter
from detectors.ruleset import RuleSet

NAME: Final = "json"
_ESCAPE: Final = re.compile(rb"""\\(["'/\\nrt])""")
_SIGNS: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
_REWRITER: Final = Rewriter(NAME, _ESCAPE, lambda found: _SIGNS.get(found[1], found[1]))


def _triggers(_ruleset: RuleSet) -> tuple[Trigger, ...]:
    return (Trigger(NAME, r'\\\\\\"'), Trigger(NAME, r":\\/\\/"))


def _take(buffer: Buffer, low: int, high: int, hit: int, _trigger: Trigger) -> Run | None:
    return _REWRITER.around(buffer, low, high, hit, 5)


DECODER: Final = Decoder(name=NAME, triggers=_triggers, take=_take)
