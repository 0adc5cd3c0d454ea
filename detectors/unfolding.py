"""Findings of what stands in a document: in an encoded run, in a container (archive, compressed or office file, database, notebook), in a diff.

A finding of a container names the way to it (`zip:config/app.env`). It stands where its plain text stands in the container; where it
does not stand there as it is, the whole container is its span.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from detectors import diffs
from detectors.containers import WHOLE, BrokenContainer, Meter, OverBudget, Source, members
from detectors.decoders.base import Run
from detectors.model import Finding
from detectors.overlaps import by_offset

DIFF: Final = "diff"
Scan = Callable[[bytes], Sequence[Finding]]
_LOCATED: Final = 12  # bytes of a secret that stand nowhere else by chance


@dataclass(frozen=True, slots=True)
class Unfolded:
    """What was found in the members; `reason` says why not all of them were read, "" if all were. With `whole` there is nothing in the
    container's own bytes that its members do not have.
    """

    findings: list[Finding]
    reason: str
    whole: bool


def unfold(kind: str, file: Source, size: int, meter: Meter, scan: Scan) -> Unfolded:
    """The findings of all members. `size` is the container's span. Raises nothing but what `scan` does."""
    found: list[Finding] = []
    told: set[tuple[str, str, bytes]] = set()  # large members come in parts that overlap
    reason = ""
    try:
        for member in members(kind, file, meter):
            way = f"{kind}:{member.name}" if member.name else kind
            for finding in scan(member.data):
                key = (way, finding.rule.id, finding.secret)
                if key not in told:
                    told.add(key)
                    found.append(_outside(finding, way, 0, size))
    except BrokenContainer:
        reason = "container_broken"
    except OverBudget:
        reason = "container_budget"
    return Unfolded(found, reason, whole=kind in WHOLE and not reason)


def of_diff(text: bytes, scan: Scan) -> list[Finding]:
    """The findings of the two texts of which a unified diff speaks, by offset."""
    sides = diffs.sides(text)
    return diffs.findings_of(sides, [scan(side.text) for side in sides])


def together(data: bytes, outer: Sequence[Finding], inner: Iterable[Finding]) -> list[Finding]:
    """The findings of a container's own bytes and those of its members, by offset; a value is told once, by the better of the two."""
    kept = list(outer)
    for finding in inner:
        twins = [one for one in kept if one.secret == finding.secret and not _is_inner(one)]
        if any(one.rule.provider != "generic" or finding.rule.provider == "generic" for one in twins):
            continue
        kept = [one for one in kept if one not in twins]
        at = data.find(finding.secret) if len(finding.secret) >= _LOCATED else -1
        if at >= 0:
            finding = _outside(finding, "", at, at + len(finding.secret))  # noqa: PLW2901 - the same, better placed
        kept.append(finding)
    return sorted(kept, key=by_offset)


def of_run(finding: Finding, run: Run, low: int) -> Finding:
    """A finding of a decoded run stands where the run does."""
    start, end = run.span(finding.start, finding.end)
    parts = []
    for part in finding.parts:
        first, last = run.span(part.start, part.end)
        parts.append(replace(part, start=first - low, end=last - low))
    return replace(
        finding,
        start=start - low,
        end=end - low,
        decoded=(run.encoding, *finding.decoded),
        parts=tuple(parts),
    )


def _is_inner(finding: Finding) -> bool:
    return bool(finding.decoded) and finding.decoded[0].partition(":")[0] in _KINDS


_KINDS: Final = frozenset({*WHOLE, "sqlite", "notebook"})


def _outside(finding: Finding, way: str, start: int, end: int) -> Finding:
    return replace(
        finding,
        start=start,
        end=end,
        decoded=(way, *finding.decoded) if way else finding.decoded,
        parts=tuple(replace(part, start=start, end=end) for part in finding.parts),
    )
