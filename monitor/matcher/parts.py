"""Documents in overlapping parts: which part tells of a finding."""

from __future__ import annotations

from collections.abc import Iterable

from detectors import Finding
from monitor.contracts import Document


def own(document: Document, findings: Iterable[Finding]) -> list[Finding]:
    """Those that this part tells of, so that each is told once and whole: not what ended within the overlap (the former part had
    it), nor what touches the end while more follows (it may go on; the next part has it, since the overlap is longer). A dump is told
    by each part, and so is what was unpacked or decoded of a part as a whole.
    """
    return [
        finding
        for finding in findings
        if finding.end >= document.overlap
        and (
            finding.records
            or (finding.decoded and finding.start == 0)
            or not (document.more and finding.end == len(document.content))
        )
    ]


def cut_dump(document: Document, finding: Finding) -> bool:
    """Whether it is a dump that other parts of the document may go on with: whichever part tells of it, it is one leak at one place."""
    return finding.records > 0 and (document.offset > 0 or document.more)
