"""From the confirmed values of one text to what is reported of it: sets put together, lone halves left out, overlaps resolved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from detectors.dumps import swallow
from detectors.model import CredentialSet, Finding, Verdict
from detectors.overlaps import NOBODYS, resolve, speaks_for_itself
from detectors.pairing import pair, with_missing


def conclude(
    findings: Sequence[Finding], sets: Sequence[CredentialSet], dropped: Counter[str]
) -> list[Finding]:
    """The findings of a text, by offset, half a credential with what it lacks. What is left out is counted in `dropped` (`alone`, `overlap`)."""
    if not findings:
        return []
    plain, doubtful = _doubted(findings)
    complete, left = pair(plain, sets)
    left += doubtful
    alone = [finding for finding in left if finding.rule.alone]
    kept, lost = resolve([*(entry.finding for entry in complete), *alone])
    # A set that had to give way gives its members back: one of them may stand where nothing else does.
    gone = {id(finding) for finding in lost}
    spare = [m for entry in complete if id(entry.finding) in gone for m in entry.members if m.rule.alone]
    if spare:
        kept, _ = resolve([*kept, *spare])
    kept, swallowed = swallow(kept)
    for reason, count in (("alone", len(left) - len(alone)), ("overlap", len(lost) + len(swallowed))):
        if count:
            dropped[reason] += count
    return with_missing(kept, findings, sets)


def _doubted(findings: Sequence[Finding]) -> tuple[list[Finding], list[Finding]]:
    """Those that may form sets; and what is refuted, with the readings of a value that says itself to be something else: a stranger beside it must not
    make it the half of a set, or its identity would hang on what else the text holds.
    """
    loud = {
        (f.start, f.decoded)
        for f in findings
        if f.rule.alone
        and f.rule.provider not in NOBODYS
        and f.proof.verdict is not Verdict.REFUTED
        and speaks_for_itself(f.rule)
    }
    doubtful = [
        f
        for f in findings
        if f.proof.verdict is Verdict.REFUTED
        or ((f.start, f.decoded) in loud and not speaks_for_itself(f.rule))
    ]
    gone = {id(finding) for finding in doubtful}
    return [finding for finding in findings if id(finding) not in gone], doubtful
