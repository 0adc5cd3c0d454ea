"""Credentials of several parts: a key id and its secret are one leak."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from detectors.model import Confidence, CredentialSet, Finding, Part


@dataclass(frozen=True, slots=True)
class Complete:
    """A set that was put together, and the findings it was made of."""

    finding: Finding
    members: tuple[Finding, ...]


def pair(findings: Sequence[Finding], sets: Sequence[CredentialSet]) -> tuple[list[Complete], list[Finding]]:
    """The complete sets, and the findings that are in none.

    The nearest parts go together first; each finding is used once, and the larger set has the first choice. A primary that
    is left over shares a part already taken if no other value of that part is near: the same secret written twice.
    """
    left = list(findings)
    paired: list[Complete] = []
    present = {finding.rule.id for finding in findings}
    possible = [s for s in sets if s.primary in present and present.issuperset(s.parts)]  # of a hundred: none
    for entry in sorted(possible, key=lambda s: (-len(s.parts), s.id)):
        made = _sets_of(entry, left)
        used = {id(member) for one in made for member in one.members}
        paired += made
        left = [f for f in left if id(f) not in used]
    return paired, left


def with_missing(
    lone: Iterable[Finding], seen: Iterable[Finding], sets: Sequence[CredentialSet]
) -> list[Finding]:
    """`lone`, each told which parts it lacks: those that are in none of the `seen` findings near it, of the set that lacks the fewest.

    What a set needs is its primary and its parts; what is optional is never missing, nor anything of a complete set.
    """
    lone = list(lone)
    ids = {finding.rule.id for finding in lone}
    needing: dict[str, list[CredentialSet]] = defaultdict(list)
    for entry in sets:
        if entry.primary in ids or not ids.isdisjoint(entry.parts):  # of a hundred: few
            for rule_id in (entry.primary, *entry.parts):
                needing[rule_id].append(entry)
    places: dict[str, list[int]] = defaultdict(list)
    for finding in seen:
        places[finding.rule.id].append(finding.start)
    for starts in places.values():
        starts.sort()
    return [_told(finding, needing.get(finding.rule.id, ()), places) for finding in lone]


def _told(finding: Finding, entries: Iterable[CredentialSet], places: Mapping[str, Sequence[int]]) -> Finding:
    if finding.set_id:
        return finding
    lacking = [
        tuple(
            rule_id
            for rule_id in (entry.primary, *entry.parts)
            if rule_id != finding.rule.id and not _near(finding, places.get(rule_id, ()), entry.within)
        )
        for entry in entries
    ]
    return replace(finding, missing=min(lacking, key=lambda lack: (len(lack), lack), default=()))


def _near(finding: Finding, starts: Sequence[int], within: int) -> bool:
    at = bisect_left(starts, finding.start - within)
    return at < len(starts) and starts[at] <= finding.end + within


def _sets_of(entry: CredentialSet, findings: Sequence[Finding]) -> list[Complete]:
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule.id].append(finding)
    if not all(by_rule.get(rule_id) for rule_id in (entry.primary, *entry.parts)):
        return []
    primaries = by_rule[entry.primary]
    chosen: dict[int, list[Finding]] = {index: [primary] for index, primary in enumerate(primaries)}
    for rule_id in (*entry.parts, *entry.optional):
        _assign(entry, chosen, by_rule.get(rule_id, []))
        if rule_id in entry.parts:
            chosen = {index: members for index, members in chosen.items() if members[-1].rule.id == rule_id}
    return [Complete(_complete(entry, members), tuple(members)) for members in chosen.values()]


def _assign(entry: CredentialSet, chosen: dict[int, list[Finding]], parts: Sequence[Finding]) -> None:
    """Give each set in the making its nearest part that still fits; then what is unambiguous to those left without."""
    near = sorted(
        (_distance(members[0], part), index, number)
        for index, members in chosen.items()
        for number, part in enumerate(parts)
        if _fits(entry, members, part)
    )
    served: set[int] = set()
    taken: set[int] = set()
    for _, index, number in near:
        if index not in served and number not in taken:
            served.add(index)
            taken.add(number)
            chosen[index].append(parts[number])
    for index in chosen.keys() - served:
        fitting = [number for _, at, number in near if at == index]
        if len({parts[number].secret for number in fitting}) == 1:
            chosen[index].append(parts[fitting[0]])


def _fits(entry: CredentialSet, members: Sequence[Finding], part: Finding) -> bool:
    """Near enough, and no two rules' reading of the same bytes."""
    apart = part.decoded or all(part.start >= m.end or m.start >= part.end for m in members)
    return bool(apart) and _extent([*members, part]) <= entry.within


def _distance(a: Finding, b: Finding) -> int:
    return max(a.start, b.start) - min(a.end, b.end)


def _extent(members: Sequence[Finding]) -> int:
    return max(m.end for m in members) - min(m.start for m in members)


def _complete(entry: CredentialSet, members: Sequence[Finding]) -> Finding:
    primary, *parts = members
    told = {name: value for part in reversed(parts) for name, value in part.proof.facts.items()}
    return replace(
        primary,
        # whose it is stands in the key id, and not in the secret
        proof=replace(primary.proof, facts={**told, **primary.proof.facts}) if told else primary.proof,
        severity=entry.severity,
        confidence=Confidence.HIGH,
        set_id=entry.id,
        parts=tuple(Part(p.rule.id, p.start, p.end, p.secret, p.decoded) for p in parts),
    )
