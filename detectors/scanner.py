"""Scanner.scan(data) -> findings.

One Hyperscan pass over the text says which rules end where; everything after it looks at a window around each hit. A
text without a hit, which is nearly every text, costs the pass and less than a microsecond.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from detectors import compiler, filters, overlaps, pairing
from detectors.buffers import Buffer
from detectors.confirm import Confirmer, Match, Miss
from detectors.decoders import Decoding
from detectors.model import UNPROVABLE, Confidence, Finding, Kind, Rule, Verdict
from detectors.proofs import proofs
from detectors.raw import Hit, RawScanner
from detectors.records import confirm_records
from detectors.ruleset import RuleSet
from detectors.stats import Budget, ScanStats

_JOINT: Final = b"\n\n"  # between documents scanned in one call: no rule matches over it
_NOTHING: Final = ScanStats()


class Scanner:
    """Finds credentials in bytes. One instance a thread: it owns Hyperscan's scratch space.

    Construction blocks: milliseconds with a warm cache, seconds without. Raises CompileError. Scanning raises nothing on any
    bytes. `last` tells what the last call did and is valid until the next one.
    """

    def __init__(
        self,
        rules: RuleSet,
        *,
        cache_dir: Path | None = None,
        budget: Budget | None = None,
        keep_refuted: bool = False,
    ) -> None:
        self.rules = rules
        self.last = _NOTHING
        self._budget = budget or Budget()
        self._keep_refuted = keep_refuted
        self._decoding = Decoding(rules, self._budget)
        self._marks = self._decoding.marks
        self._first_trigger = len(rules.rules)
        self.database = compiler.database(rules, self._decoding.triggers, cache_dir=cache_dir)
        self._raw = RawScanner(self.database, self._budget)
        self._confirmers: dict[int, Confirmer] = {}

    def expression_name(self, identity: int) -> str:
        """Whose the expression of the database is: a rule's id, or `decoder:plain text` of a trigger."""
        if identity < self._first_trigger:
            return self.rules.rules[identity].id
        trigger = self._decoding.triggers[identity - self._first_trigger]
        return f"{trigger.decoder}:{trigger.plain.decode('latin-1') or trigger.expression}"

    def scan(self, data: Buffer) -> tuple[Finding, ...]:
        """Findings by offset. `data` is any buffer: bytes, bytearray, memoryview, mmap. Blocks for about 2 us/KB."""
        hits = self._raw.scan(data)
        if not hits and data[:2] not in self._marks:
            self.last = _NOTHING
            return ()
        self.last = ScanStats()
        return self._document(data, 0, len(data), self._within_budget(data, hits))

    def scan_many(self, datas: Sequence[bytes]) -> list[tuple[Finding, ...]]:
        """Each document's findings, as `scan` gives them, from one Hyperscan call: for many short texts (32 to 128)."""
        starts, ends, at = [], [], 0
        for data in datas:
            starts.append(at)
            ends.append(at + len(data))
            at += len(data) + len(_JOINT)
        found = self.scan_spans(_JOINT.join(datas), starts, ends)
        return [found.get(i, ()) for i in range(len(datas))]

    def scan_spans(
        self, buffer: Buffer, starts: Sequence[int], ends: Sequence[int]
    ) -> dict[int, tuple[Finding, ...]]:
        """Index of a document -> its findings (offsets are the document's), for documents that have some.

        Document i is buffer[starts[i]:ends[i]], in rising order, with at least one newline between two. Everything else is
        ignored. For a directory scanner: read files one after another into one bytearray, scan it in one call.
        """
        hits = self._raw.scan(buffer)
        self.last = ScanStats()
        if self._raw.overflowed():
            return self._one_by_one(buffer, starts, ends)
        by_document: dict[int, list[Hit]] = defaultdict(list)
        for hit in hits:
            index = bisect_right(starts, hit[1] - 1) - 1
            if index >= 0 and hit[1] <= ends[index]:
                by_document[index].append(hit)
        for index, start in enumerate(starts):
            if buffer[start : start + 2] in self._marks:
                by_document.setdefault(index, [])
        found = {i: self._document(buffer, starts[i], ends[i], by_document[i]) for i in sorted(by_document)}
        return {i: findings for i, findings in found.items() if findings}

    def candidates(self, data: Buffer) -> tuple[Finding, ...]:
        """Like `scan`, before sets are put together: what is reported only within a set is here as well."""
        hits = self._raw.scan(data)
        self.last = ScanStats()
        return tuple(self._confirmed(data, 0, len(data), self._within_budget(data, hits), depth=0))

    def _one_by_one(
        self, buffer: Buffer, starts: Sequence[int], ends: Sequence[int]
    ) -> dict[int, tuple[Finding, ...]]:
        found = {}
        for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
            data = bytes(buffer[start:end])
            if findings := self._document(
                data, 0, len(data), self._within_budget(data, self._raw.scan(data))
            ):
                found[index] = findings
        return found

    def _within_budget(self, data: Buffer, hits: list[Hit]) -> list[Hit]:
        """The hits of the pass just made; of a second, quieter one if there were too many."""
        if not self._raw.overflowed():
            return list(hits)
        quiet, loud = self._raw.scan_quietly(data, self._share)
        for identity, count in loud.items():
            self.last.dropped["loud_rule"] += count
            if identity < self._first_trigger:
                self.last.loud[self.rules.rules[identity].id] += count
        return quiet

    def _share(self, identity: int) -> int:
        if identity < self._first_trigger and self.rules.rules[identity].kind is Kind.RECORDS:
            return self._budget.records
        return self._budget.loud_hits

    def _document(self, buffer: Buffer, low: int, high: int, hits: list[Hit]) -> tuple[Finding, ...]:
        """Everything after the pass, for one document of the buffer."""
        found, alone = pairing.pair(self._confirmed(buffer, low, high, hits, depth=0), self.rules.sets)
        if alone:
            self.last.dropped["alone"] += alone
        return tuple(found)

    def _confirmed(
        self, buffer: Buffer, low: int, high: int, hits: list[Hit], *, depth: int
    ) -> list[Finding]:
        """Confirmed values of a text and of what is encoded in it, without overlaps; offsets are the document's."""
        stats = self.last
        stats.hits += len(hits)
        by_rule: dict[int, set[int]] = defaultdict(set)
        for identity, end in hits:
            by_rule[identity].add(end)
        found: list[Finding] = []
        triggered: list[Hit] = []
        for identity in sorted(by_rule):
            ends = sorted(by_rule[identity])
            if identity >= self._first_trigger:
                triggered += [(identity - self._first_trigger, end) for end in ends]
            elif self.rules.rules[identity].kind is Kind.RECORDS:
                found += self._records(self.rules.rules[identity], buffer, low, high, ends)
            else:
                found += self._of_rule(identity, buffer, low, high, ends)
        if depth < self._budget.depth:
            found += self._decoded(buffer, low, high, triggered, depth=depth)
        kept, dropped = overlaps.resolve(found)
        if dropped:
            stats.dropped["overlap"] += dropped
        return kept

    def _of_rule(
        self, identity: int, buffer: Buffer, low: int, high: int, ends: Iterable[int]
    ) -> list[Finding]:
        rule = self.rules.rules[identity]
        confirmer = self._confirmers.get(identity)
        if confirmer is None:
            confirmer = self._confirmers[identity] = Confirmer(rule)
        found: list[Finding] = []
        done = low
        for end in ends:
            if end <= done:
                continue
            outcome = confirmer.confirm(buffer, low, high, end, done)
            done = max(done, outcome.stop)
            if isinstance(outcome, Miss):
                self.last.dropped[outcome.reason] += 1
            elif reason := filters.reason(rule, outcome.secret):
                self.last.dropped[reason] += 1
            else:
                found += self._judged(_finding(rule, outcome, low))
        return found

    def _judged(self, finding: Finding) -> list[Finding]:
        """The finding unless its proof refutes it."""
        if finding.proof.verdict is not Verdict.REFUTED:
            return [finding]
        self.last.dropped["refuted"] += 1
        if self._keep_refuted:
            self.last.refuted.append(finding)
        return []

    def _records(self, rule: Rule, buffer: Buffer, low: int, high: int, ends: Sequence[int]) -> list[Finding]:
        finding = confirm_records(rule, buffer, low, high, ends)
        if finding is None:
            self.last.dropped["few_records"] += 1
            return []
        return [replace(finding, start=finding.start - low, end=finding.end - low)]

    def _decoded(
        self, buffer: Buffer, low: int, high: int, triggered: list[Hit], *, depth: int
    ) -> list[Finding]:
        """What stands in encoded runs: all runs of the text are scanned in one call, then each is a text of its own."""
        runs, cut = self._decoding.runs(buffer, low, high, triggered)
        if cut:
            self.last.dropped["decode_budget"] += cut
        if not runs:
            return []
        joined = _JOINT.join(run.data for run in runs)
        hits = self._within_budget(joined, self._raw.scan(joined))
        found: list[Finding] = []
        at = 0
        for run in runs:
            end = at + len(run.data)
            inside = [(identity, hit - at) for identity, hit in hits if at < hit <= end]
            for finding in (
                self._confirmed(run.data, 0, len(run.data), inside, depth=depth + 1) if inside else ()
            ):
                way = (run.encoding, *finding.decoded)
                found.append(replace(finding, start=run.start - low, end=run.end - low, decoded=way))
            at = end + len(_JOINT)
        return found


def _finding(rule: Rule, match: Match, low: int) -> Finding:
    return Finding(
        rule=rule,
        start=match.start - low,
        end=match.end - low,
        secret=match.secret,
        severity=rule.severity,
        confidence=match.syntax.confidence if match.syntax else Confidence.HIGH,
        proof=proofs()[rule.proof].check(match.secret) if rule.proof else UNPROVABLE,
        syntax=match.syntax or "",
        scope=match.scope,
    )
