"""One decoder asked about one text, without Hyperscan: its own triggers say where to look, as the database does for the scanner."""

from __future__ import annotations

import re

from acme_rules import ruleset
from detectors.decoders import Decoder, Run


def taken(decoder: Decoder, text: bytes, low: int = 0, high: int | None = None) -> Run | None:
    """The run at the first hit of a trigger within text[low:high] that stands in one; None where no trigger hits or none does."""
    end = len(text) if high is None else high
    hits = [
        (found.end(), number)
        for number, trigger in enumerate(decoder.triggers(ruleset()))
        for found in re.compile(trigger.expression.encode("latin-1")).finditer(text, low, end)
    ]
    runs = (
        decoder.take(text, low, end, hit, decoder.triggers(ruleset())[number]) for hit, number in sorted(hits)
    )
    return next((run for run in runs if run is not None), None)


def plain(decoder: Decoder, text: bytes) -> bytes:
    """What the run says, b"" where there is none."""
    run = taken(decoder, text)
    return run.data if run is not None else b""
