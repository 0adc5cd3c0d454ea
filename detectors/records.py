"""Dumps: many lines of one shape. The finding spans from the first such line to the last.

A line's group `account` is whose it is: the finding then says how many accounts and mail domains there are. Its group `password` is
what a dummy is told by, and of a rule that is woken most of them must be passwords or hashes. Its group `number` has the rule's proof.
Of a record of several lines the one with the group `account`, or `record`, counts; the others only have to be there.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import heapify, heappop
from itertools import islice
from typing import Any, Final

from detectors.accounts import Accounts
from detectors.buffers import Buffer
from detectors.dummies import dummy
from detectors.engines import compiled
from detectors.expressions import LONGEST, groups
from detectors.hashkinds import commonest
from detectors.model import UNPROVABLE, Confidence, Finding, Proof, Rule, Verdict
from detectors.passwordlike import passwords
from detectors.proofs import proofs

_REACH: Final = LONGEST + 2  # bytes to both sides of a hit
_CONFIRMED: Final = 100_000  # lines
_JUDGED: Final = 4096  # lines; a dummy is told in 50 us
_NEAR: Final = 4  # lines behind a hit of which half must match before the whole document is read
_TRIED: Final = 16  # hits that may wake
_SHARE: Final = 0.75  # of the lines between the first record and the last, of a rule that its header wakes
# A dump of a database or of JSON has many records on one line. Every alternative begins with a fixed byte: `re` skips to these.
_ROW: Final = re.compile(rb"\n|\r\n|,(?:\r?\n|(?<=[)}],)\s?(?=[({]))")
# An empty field, or the `example.org` of an address, makes no dummy of a record that has more.
_EMPTY: Final = re.compile(rb"(?<=@)[0-9A-Za-z.-]+|(?i:\b(?:null|none)\b)")
Lines = Iterator[tuple[int, bytes]]


def confirm_records(rule: Rule, buffer: Buffer, low: int, high: int, ends: Sequence[int]) -> Finding | None:
    """`ends` are the sorted hits of the rule. None when fewer than `minimum` distinct lines match as a whole.

    The secret is the record with the smallest sha256: a reordered or cut copy of a dump mostly keeps it. Lines that look like dummies
    count, but `minimum` others must be there, and none is the secret; they are looked for in the order of the sha256, a fair sample.
    Costs about 3 us a line; past 100,000 lines they are counted and no longer confirmed.
    """
    if len(ends) < rule.minimum and not rule.wakes:
        return None
    text = bytes(buffer[low:high])
    fullmatch = compiled(rule.pattern, engine=rule.engine, caseless=rule.caseless).fullmatch
    if rule.wakes and not any(_wakes(fullmatch, text, end - low) for end in ends[:_TRIED]):
        return None
    lines = _all_lines(text) if rule.wakes else _lines_of(text, (end - low for end in ends))
    dump = _Dump(rule)
    for start, line in lines:
        dump.take(start, line, fullmatch)
    secret = dump.secret()
    if secret is None:
        return None
    return Finding(
        rule=rule,
        start=low + dump.first,
        end=low + dump.last,
        secret=secret,
        severity=rule.severity,
        confidence=Confidence.MEDIUM,
        proof=dump.proof(),
        records=len(dump.distinct) + dump.more,
    )


class _Dump:
    """The records of one rule in one text, as they are met."""

    def __init__(self, rule: Rule) -> None:
        self.first = self.last = self.more = 0
        self.distinct: dict[bytes, bytes] = {}  # line -> its password, or the line
        self._rule = rule
        self._seen = 0  # lines from the first record on
        self._until = 0  # of them, up to the last record
        self._matched = 0
        self._groups = groups(rule.pattern)
        self._counting = [name for name in ("account", "record") if name in self._groups]
        self._accounts = Accounts() if "account" in self._groups else None

    def take(self, start: int, line: bytes, fullmatch: Callable[[bytes], Any]) -> None:
        """The next line of the text, or the next with a hit."""
        if self.distinct:
            self._seen += 1
        if len(self.distinct) >= _CONFIRMED:
            self.more += 1
            self.last = start + len(line)
            return
        found = fullmatch(line)
        if found is None:
            return
        self._matched += bool(self.distinct)
        parts = {name: found.group(number) for name, number in self._groups.items()}
        if self._counting and not any(parts.get(name) for name in self._counting):
            if self.distinct:  # the rest of the last record
                self.last = start + len(line)
            return
        if self._rule.proof and self._refuted(parts["number"]):
            return
        if not self.distinct:
            self.first = start
            self._matched = 1
        if line not in self.distinct:
            self.distinct[line] = parts.get("password") or parts.get("record") or _EMPTY.sub(b"", line)
            if self._accounts is not None:
                self._accounts.add(parts["account"] or b"")
        self._until = self._seen
        self.last = start + len(line)

    def _refuted(self, number: bytes) -> bool:
        return proofs()[self._rule.proof].check(number).verdict is Verdict.REFUTED

    def secret(self) -> bytes | None:
        """The record that identifies the dump; None where it is none."""
        if len(self.distinct) < self._rule.minimum:
            return None
        if self._rule.wakes and self._matched < self._until * _SHARE:
            return None
        values = self.distinct.values()
        if (
            self._rule.wakes
            and "password" in self._groups
            and not (passwords(values) or (self._accounts and commonest(values)))
        ):
            return None
        return first_real(self._rule, self.distinct, lambda rule, line: dummy(rule, self.distinct[line]))

    def proof(self) -> Proof:
        """No proof, but what can be told of the accounts and of how their passwords are kept."""
        if self._accounts is None:
            return UNPROVABLE
        facts = self._accounts.facts()
        if "password" in self._groups and (kind := commonest(self.distinct.values())):
            facts["hash"] = kind
        return Proof(Verdict.UNPROVABLE, facts=facts)


def _wakes(fullmatch: Callable[[bytes], Any], text: bytes, at: int) -> bool:
    """Half of the lines at the hit and behind it are records."""
    start = text.rfind(b"\n", max(0, at - _REACH), max(0, at - 1)) + 1
    lines = _all_lines(text[start : start + (_NEAR + 1) * _REACH])
    piece = [line for _, line in islice(lines, _NEAR + 1)]
    return sum(1 for line in piece if fullmatch(line)) * 2 >= max(_NEAR, len(piece))


def _all_lines(text: bytes) -> Lines:
    """Every line or row that is not empty."""
    start = 0
    for end in _ROW.finditer(text):
        if end.start() > start:
            yield start, text[start : end.start()]
        start = end.end()
    if start < len(text):
        yield start, text[start:]


def _lines_of(text: bytes, hits: Iterable[int]) -> Lines:
    """The lines with hits; of a longer line a piece that is too long to match."""
    done = -1  # where the line ends that was looked at last
    for at in hits:
        if at <= done:
            continue
        lowest, highest = max(0, at - _REACH), at + _REACH
        start = text.rfind(b"\n", lowest, at) + 1 or lowest
        done = text.find(b"\n", at, highest)
        if done < 0:
            done = min(len(text), highest)
        yield start, text[start:done].rstrip(b"\r")


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
