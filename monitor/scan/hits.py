"""From what the scanner found in a document to lines of a report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from detectors import Finding
from detectors.canonical import canonical
from detectors.filters import estimate_bits
from monitor.identity import WEAK_BELOW_BITS, KeyRing
from monitor.matcher import redact
from monitor.matcher.blocks import Found
from monitor.matcher.lines import Positions
from monitor.matcher.parts import own
from monitor.scan.hit import Hit


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
        self._base = f"{relative_to}{os.sep}" if relative_to else ""

    def hits(self, found: Found) -> Iterator[Hit]:
        """In the order of the document. Of a file read in parts each finding is told once."""
        document = found.document
        content = document.content
        findings = own(document, found.findings)
        if not findings:
            return
        hidden = self._redactor.hidden(content, findings, redact.repeats_of(findings), more=document.more)
        positions = Positions(content, first_line=document.line)
        for finding in findings:
            yield self._hit(found, finding, hidden, positions)

    def _hit(
        self, found: Found, finding: Finding, hidden: Sequence[tuple[int, int]], positions: Positions
    ) -> Hit:
        document, rule = found.document, finding.rule
        where = document.provenance
        bits = estimate_bits(finding.secret, rule)
        scope = finding.scope or where.owner.lower().encode()
        leak = self._keys.leak(rule.family, canonical(rule, finding.secret), bits=bits, scope=scope)
        line, column = positions.of(finding.start)
        return Hit(
            rule=rule.id,
            provider=rule.provider,
            title=rule.title,
            severity=finding.severity,
            confidence=finding.confidence,
            path=where.path.removeprefix(self._base),
            line=line,
            column=column,
            start=document.offset + finding.start,
            end=document.offset + finding.end,
            preview=redact.preview(rule, finding.secret),
            fingerprint=next(iter(leak.values())),
            verdict=finding.proof.verdict,
            check=finding.proof.check,
            snippet=redact.snippet(document.content, finding.start, hidden),
            commit=where.commit,
            author=where.author,
            decoded=finding.decoded,
            set_id=finding.set_id,
            parts=tuple(part.rule_id for part in finding.parts),
            records=finding.records,
            revoke=rule.revoke,
            weak=bits < WEAK_BELOW_BITS,
            secret=finding.secret.decode("utf-8", "backslashreplace") if self._show else None,
        )
