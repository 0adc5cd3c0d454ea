"""Dumps: many lines of one shape. The finding spans from the first such line to the last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop
from typing import Final

from detectors.buffers import Buffer
from detectors.dummies import dummy
from detectors.engines import compiled
from detectors.expressions import LONGEST
from detectors.model import Confidence, Finding, Rule

_REACH: Final = LONGEST + 2  # bytes to both sides of a hit
_CONFIRMED: Final = 100_000  # lines
_JUDGED: Final = 4096  # lines; a dummy is told in 50 us


def confirm_records(rule: Rule, buffer: Buffer, low: int, high: int, ends: Sequence[int]) -> Finding | None:
    """`ends` are the sorted hits of the rule. None when fewer than `minimum` distinct lines match as a whole.

    The secret is the record with the smallest sha256: a reordered or cut copy of a dump mostly keeps it. Lines that look like dummies
    count, but `minimum` others must be there, and none is the secret; they are looked for in the order of the sha256, a fair sample.
    Costs about 3 us a line; past 100,000 lines hits are counted and no longer confirmed.
    """
    if len(ends) < rule.minimum:
        return None
    text = bytes(buffer[low:high])
    fullmatch = compiled(rule.pattern, engine=rule.engine, caseless=rule.caseless).fullmatch
    distinct: set[bytes] = set()
    first = last = more = 0
    done = -1  # where the line ends that was looked at last
    for hit in ends:
        at = hit - low
        if at <= done:
            continue
        lowest, highest = (
            max(0, at - _REACH),
            at + _REACH,
        )  # of a longer line a piece that is too long to match
        start = text.rfind(b"\n", lowest, at) + 1 or lowest
        done = text.find(b"\n", at, highest)
        if done < 0:
            done = min(len(text), highest)
        if len(distinct) >= _CONFIRMED:
            more += 1
            last = done
            continue
        line = text[start:done].rstrip(b"\r")
        if fullmatch(line):
            if not distinct:
                first = start
            distinct.add(line)
            last = start + len(line)
    secret = first_real(rule, distinct) if len(distinct) >= rule.minimum else None
    if secret is None:
        return None
    return Finding(
        rule=rule,
        start=low + first,
        end=low + last,
        secret=secret,
        severity=rule.severity,
        confidence=Confidence.MEDIUM,
        records=len(distinct) + more,
    )


def first_real(
    rule: Rule, lines: Iterable[bytes], judge: Callable[[Rule, bytes], str] = dummy
) -> bytes | None:
    """The line with the smallest sha256 that is no dummy; None where of the 4,096 smallest fewer than `minimum` are none.

    `judge` says why a line is a dummy, "" if it is none: slow, so it is asked no more often than it takes.
    """
    if not rule.placeholders:
        return min(lines, key=_digest)
    waiting = [(_digest(line), line) for line in lines]
    heapify(waiting)
    real: list[bytes] = []
    for _ in range(min(len(waiting), _JUDGED)):
        _, line = heappop(waiting)
        if judge(rule, line):
            continue
        real.append(line)
        if len(real) >= rule.minimum:
            return real[0]
    return None


def _digest(line: bytes) -> bytes:
    return hashlib.sha256(line).digest()
