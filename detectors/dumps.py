"""A dump of accounts speaks for the passwords in it: they are not reported one by one as well."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from detectors.model import Finding, Verdict

_ANYBODYS: Final = ("generic", "password-hash")
_FEWEST: Final = 10  # records: the few of a small file are worth a line each
_DENSE: Final = (
    300  # bytes a record: of a text with a few lines strewn in it a dump does not speak for the rest
)


def swallow(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Those that stay and those that a dump of accounts holds: what no provider's rule or its own provider's found, without a proof."""
    dumps = sorted((f for f in findings if _speaks(f)), key=lambda f: f.start)
    if not dumps:
        return list(findings), []
    starts = [dump.start for dump in dumps]
    kept, lost = list[Finding](), list[Finding]()
    for finding in findings:
        at = bisect_right(starts, finding.start) - 1
        inside = at >= 0 and not finding.records and finding.end <= dumps[at].end
        anybodys = inside and finding.rule.provider in (*_ANYBODYS, dumps[at].rule.provider)
        (lost if anybodys and finding.proof.verdict is not Verdict.PROVED else kept).append(finding)
    return kept, lost


def _speaks(finding: Finding) -> bool:
    dense = finding.end - finding.start <= _DENSE * finding.records
    return finding.records >= _FEWEST and dense and "accounts" in finding.proof.facts
