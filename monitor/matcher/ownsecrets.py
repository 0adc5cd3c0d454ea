"""The operator's own secrets in the scanning process: the name of a value, and values that no rule knows.

`names` looks a value up that a rule found. As a finder beside the rules it has a Hyperscan database of its own, of the selectors' literals, and
confirms what it reports by length and keyed hash. A document may ask for so many hashes and no more.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import hyperscan

from detectors import Confidence, Finding, Severity, Verdict, files
from detectors.beside import FIRST
from detectors.buffers import Buffer
from detectors.canonical import canonical
from detectors.overlaps import NOBODYS
from detectors.raw import Hit
from monitor.identity import KeyRing
from monitor.matcher.owntable import OwnTable
from monitor.own import values
from monitor.own.ownfile import OwnFileError
from monitor.own.selectors import LONGEST_SECRET, Form, Selector, literals, read

MOST_NAMES: Final = 8
_HASHES: Final = 2_000  # a document: 10 ms
_HITS: Final = 200_000  # of one pass: no text that is read in one has more
_FORMAT: Final = b"leakstream-own-literals-1"
_REACH: Final = 2 * (
    LONGEST_SECRET * 4 // 3 + 8
)  # bytes behind the beginning of a literal that are read: wrapped base64
_BEFORE: Final = 4  # and before it


class OwnSecrets:
    """One a scanner: not for several threads. Blocks at construction, for a second the first time with 10,000 selectors."""

    def __init__(self, table: OwnTable, keys: KeyRing, folder: Path) -> None:
        """`folder`: the cache. Raises OwnFileError."""
        there = table.by_key
        self._table = table
        self._keys = {key_id: key for key_id, key in keys.own_keys().items() if key_id in there}
        self._literals, self._readings = _arranged(table.selectors() if self._keys else ())
        self._cut = 0
        self._hashes = 0
        if self._literals:
            database = _database(self._literals, folder)
            self._scan: Any = database.scan
            self._scratch = hyperscan.Scratch(database)

    @classmethod
    def open(cls, paths: Sequence[Path], keys: KeyRing, folder: Path) -> OwnSecrets:
        """Of a file that was spoiled while the service runs: what it said before. Raises OwnFileError."""
        try:
            table = OwnTable.open(paths, folder)
        except OwnFileError:
            kept = OwnTable.kept(paths, folder)
            if kept is None:
                raise
            table = kept
        return cls(table, keys, folder)

    def names(self, finding: Finding) -> tuple[str, ...]:
        """Of the own secrets that the finding's value or a part of its set is, at most MOST_NAMES; () for a stranger's."""
        told = (
            finding.secret,
            canonical(finding.rule, finding.secret),
            *(part.secret for part in finding.parts),
        )
        found = (name for value in dict.fromkeys(told) for name in self._named(value))
        return tuple(dict.fromkeys(found))[:MOST_NAMES]

    def owned(self, finding: Finding) -> Finding:
        """The finding as that of an own secret: it is proved and worth a page; where no provider was named it is told under the rule of own
        secrets, so that a secret is one leak, whichever way it was found.
        """
        if finding.rule.provider in NOBODYS and not finding.records and not finding.set_id:
            finding = replace(finding, rule=values.RULE, severity=values.RULE.severity)
        severity = max(finding.severity, Severity.HIGH, key=lambda known: known.rank)
        proof = finding.proof
        if proof.verdict is not Verdict.PROVED:
            proof = replace(values.PROVED, facts=proof.facts)
        return replace(finding, severity=severity, confidence=Confidence.HIGH, proof=proof)

    def begin(self) -> None:
        """As detectors.beside.Finder says."""
        self._hashes = 0

    def look(self, data: Buffer) -> Sequence[Hit]:
        """As detectors.beside.Finder says."""
        if not self._literals:
            return ()
        hits: list[Hit] = []
        append = hits.append

        def on_match(identity: int, _start: int, end: int, _flags: int, _context: Any) -> bool:
            append((FIRST + identity, end))
            return len(hits) >= _HITS

        try:
            self._scan(data, on_match, 0, None, self._scratch)
        except hyperscan.ScanTerminated:
            self._cut += 1
        return hits

    def findings(
        self, buffer: Buffer, low: int, high: int, hits: Sequence[Hit], dropped: Counter[str]
    ) -> list[Finding]:
        """As detectors.beside.Finder says."""
        if self._cut:
            dropped["own_budget"] += self._cut
            self._cut = 0
        found: list[Finding] = []
        for identity, end in sorted(hits, key=lambda hit: hit[1]):
            number = identity - FIRST
            for form, selector in self._readings[number]:
                if self._hashes >= _HASHES:
                    dropped["own_budget"] += 1
                    break
                self._hashes += 1
                at = end - len(self._literals[number])
                if finding := self._confirmed(buffer, low, high, at, form, selector):
                    found.append(finding)
                    break
        return _apart(found)

    def _confirmed(
        self, buffer: Buffer, low: int, high: int, at: int, form: Form, selector: Selector
    ) -> Finding | None:
        begin = max(low, at - _BEFORE)
        text = bytes(buffer[begin : min(high, at + _REACH)])
        reading = read(text, at - begin, len(text), form, selector)
        if reading is None or not any(True for _ in self._named(reading.value)):
            return None
        return Finding(
            rule=values.RULE,
            start=max(0, begin - low + reading.start),
            end=begin - low + reading.end,
            secret=reading.value,
            severity=values.RULE.severity,
            confidence=Confidence.HIGH,
            proof=values.PROVED,
            decoded=(form.encoding,) if form.encoding else (),
        )

    def _named(self, value: bytes) -> Iterable[str]:
        if not value or len(value) > values.LONGEST:
            return
        for key_id, key in self._keys.items():
            yield from self._table.names(key_id, values.digest(key, value))


def _apart(found: Sequence[Finding]) -> list[Finding]:
    """Those that share no byte with an earlier one: a text may be read in two ways, and says the same in both."""
    kept: list[Finding] = []
    for finding in sorted(found, key=lambda one: (one.start, -one.end)):
        if not kept or finding.start >= kept[-1].end:
            kept.append(finding)
    return kept


def _arranged(
    selectors: Iterable[Selector],
) -> tuple[list[bytes], list[list[tuple[Form, Selector]]]]:
    """The literals, and what each may be the beginning of."""
    readings: Mapping[bytes, dict[tuple[Form, Selector], None]] = defaultdict(dict)
    for selector in selectors:
        for literal, form in literals(selector.head):
            readings[literal][form, selector] = None
    return list(readings), [list(one) for one in readings.values()]


def _database(texts: Sequence[bytes], folder: Path) -> hyperscan.Database:
    """Of these literals, which count from 0; out of the cache if it is there. Raises OwnFileError."""
    version = getattr(hyperscan, "__version__", "").encode()
    mark = hashlib.sha256(b"\n".join((version, *(text.hex().encode() for text in texts)))).hexdigest()[:24]
    path = folder / "own-literals.hsdb"
    kind = _FORMAT + mark.encode()
    if (stored := files.read_sealed(path, kind)) is not None:
        try:
            return hyperscan.loadb(stored, mode=hyperscan.HS_MODE_BLOCK)
        except hyperscan.error:
            pass  # made by another build of the library: built anew
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    try:
        database.compile(expressions=list(texts), ids=list(range(len(texts))), flags=0, literal=True)
    except hyperscan.error as error:
        raise OwnFileError(
            f"{len(texts)} beginnings of own secrets are refused by Hyperscan: {error}"
        ) from None
    files.write_sealed(path, kind, hyperscan.dumpb(database))
    return database
