"""From what the scanner found in a document to lines of a report."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from detectors import Finding
from detectors.model import Confidence
from monitor.contracts import Provenance
from monitor.identity import KeyRing
from monitor.matcher import redact
from monitor.matcher.blocks import Found
from monitor.matcher.describe import Described, Description, facts
from monitor.scan.hit import Hit, Place

_LONG_LINE: Final = 64 * 1024
_SURE: Final = {confidence: rank for rank, confidence in enumerate(map(str, Confidence))}  # low to high


class HitMaker:
    """Masks and names what was found. For one thread (its redactor scans)."""

    def __init__(
        self,
        keys: KeyRing,
        redactor: redact.Redactor,
        *,
        show_secrets: bool = False,
        relative_to: Path | None = None,
    ) -> None:
        """Paths below `relative_to` are printed relative to it."""
        self._keys = keys
        self._redactor = redactor
        self._show = show_secrets
        self._now = time.time()
        self._base = f"{relative_to}{os.sep}" if relative_to else ""

    def hits(self, found: Found) -> Iterator[Hit]:
        """In the order of the document, a value once however often it stands there. Of a file read in parts each finding is told once."""
        once: dict[tuple[object, ...], list[Hit]] = {}
        for hit in self._all(found):
            once.setdefault((hit.rule, hit.fingerprint, hit.set_id, hit.decoded), []).append(hit)
        for same in once.values():
            yield _with_places(same) if len(same) > 1 else same[0]

    def _all(self, found: Found) -> Iterator[Hit]:
        """A hit for every place."""
        described = Described(found.document, found.findings, self._keys, self._redactor)
        for finding in described.findings:
            column = _column_utf16(found.document.content, finding.start)
            hit = self._hit(finding, described.of(finding), found.document.provenance, column)
            told = facts(finding, now=self._now)
            told.pop("missing", None)  # a field of its own
            told = {name: self._redactor.text(value, described.repeats) for name, value in told.items()}
            yield replace(hit, facts=told) if told else hit

    def _hit(self, finding: Finding, described: Description, where: Provenance, column: int) -> Hit:
        rule = finding.rule
        return Hit(
            rule=rule.id,
            provider=rule.provider,
            title=rule.title,
            severity=finding.severity,
            confidence=finding.confidence,
            path=where.path.removeprefix(self._base),
            line=described.line,
            column=described.column,
            start=described.start,
            end=described.end,
            preview=described.preview,
            fingerprint=described.fingerprint,
            verdict=finding.proof.verdict,
            check=finding.proof.check,
            snippet=described.snippet,
            column_utf16=column,
            commit=where.commit,
            author=where.author,
            decoded=finding.decoded,
            set_id=finding.set_id,
            parts=tuple(part.rule_id for part in finding.parts),
            records=finding.records,
            missing=finding.missing,
            known=finding.known,
            revoke=rule.how_to_revoke,
            weak=described.weak,
            secret=finding.secret.decode("utf-8", "backslashreplace") if self._show else None,
        )


def _with_places(same: Sequence[Hit]) -> Hit:
    """The first of the surest of several hits of one value, and where the others stand."""
    hit = max(same, key=lambda one: _SURE[one.confidence])
    return replace(
        hit, also=tuple(Place(one.line, one.column, one.start, one.end) for one in same if one is not hit)
    )


def _column_utf16(content: bytes, start: int) -> int:
    """From 1. What is no UTF-8 counts as an editor shows it: one replacement character for each wrong byte or sequence.

    Far into a long line (a file on one line, with thousands of findings) bytes are counted.
    """
    before = content[content.rfind(b"\n", 0, start) + 1 : start]
    if len(before) > _LONG_LINE:
        return len(before) + 1
    return len(before.decode("utf-8", "replace").encode("utf-16-le")) // 2 + 1
