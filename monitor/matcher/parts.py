"""Documents in overlapping parts: which part tells of a finding."""

from __future__ import annotations

from collections.abc import Iterable

from detectors import Finding
from monitor.contracts import Document


def own(document: Document, findings: Iterable[Finding]) -> list[Finding]:
    """Those that this part tells of, so that each is told once and whole: not what ended within the overlap (the former part had
    it), nor what touches the end while more follows (it may go on; the next part has it, since the overlap is longer).
    """
    return [
        finding
        for finding in findings
        if finding.end >= document.overlap and not (document.more and finding.end == len(document.content))
    ]
