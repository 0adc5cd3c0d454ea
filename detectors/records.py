"""Dumps: many lines of one shape. The finding spans from the first such line to the last."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from detectors.buffers import Buffer
from detectors.dummies import dummy
from detectors.engines import compiled
from detectors.expressions import LONGEST
from detectors.model import Confidence, Finding, Rule


def confirm_records(rule: Rule, buffer: Buffer, low: int, high: int, ends: Sequence[int]) -> Finding | None:
    """`ends` are the sorted hits of the rule. None when fewer than `minimum` distinct lines match as a whole.

    The secret is the record with the smallest sha256: a reordered or cut copy of a dump mostly keeps it.
    """
    pattern = _line(rule)
    distinct: set[bytes] = set()
    first = last = done = low
    for hit in ends:
        if hit <= done:
            continue
        begin = max(low, hit - LONGEST)
        text = bytes(buffer[begin : min(high, hit + LONGEST)])
        at = hit - begin
        start = text.rfind(b"\n", 0, at) + 1
        stop = text.find(b"\n", at)
        stop = len(text) if stop < 0 else stop
        done = begin + stop
        line = text[start:stop].rstrip(b"\r")
        if pattern.fullmatch(line) is None or (rule.placeholders and dummy(rule, line)):
            continue
        if not distinct:
            first = begin + start
        distinct.add(line)
        last = begin + start + len(line)
    if len(distinct) < rule.minimum:
        return None
    return Finding(
        rule=rule,
        start=first,
        end=last,
        secret=min(distinct, key=lambda record: hashlib.sha256(record).digest()),
        severity=rule.severity,
        confidence=Confidence.MEDIUM,
        records=len(distinct),
    )


@lru_cache(maxsize=256)
def _line(rule: Rule) -> Any:
    return compiled(rule.pattern, engine=rule.engine, caseless=rule.caseless)
