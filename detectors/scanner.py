"""Scanner.scan(data) -> findings.

One Hyperscan pass over the text says which rules end where; everything after it looks at a window around each hit. A
text without a hit, which is nearly every text, costs the pass and less than a microsecond.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from detectors import compiler, unfolding
from detectors.attribution import Attribution
from detectors.batches import by_document, joined
from detectors.buffers import Buffer
from detectors.conclude import conclude
from detectors.containers import HEAD, Meter, Source, kind_of
from detectors.decoders import Decoding
from detectors.judging import Judge
from detectors.model import Finding, Kind
from detectors.raw import Hit, RawScanner
from detectors.ruleset import RuleSet
from detectors.stats import Budget, ScanStats
from detectors.unfolding import Unfolded

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
        keep_known: bool = False,
    ) -> None:
        """`keep_refuted`, `keep_known`: also tell of values whose proof fails, of those that everybody has (`Finding.known`)."""
        self.rules = rules
        self.last = _NOTHING
        self._budget = budget or Budget()
        self._judge = Judge(rules, keep_refuted=keep_refuted, keep_known=keep_known)
        self._attribution = Attribution(rules)
        self._decoding = Decoding(rules, self._budget)
        self._marks, self._firsts = self._decoding.marks, self._decoding.firsts
        self._meter = self._fresh_meter(0)
        self._first_trigger = len(rules.rules)
        self.database = compiler.database(rules, self._decoding.triggers, cache_dir=cache_dir)
        self._raw = RawScanner(self.database, self._budget)

    def expression_name(self, identity: int) -> str:
        """Whose the expression of the database is: a rule's id, or `decoder:plain text` of a trigger."""
        if identity < self._first_trigger:
            return self.rules.rules[identity].id
        trigger = self._decoding.triggers[identity - self._first_trigger]
        return f"{trigger.decoder}:{trigger.plain.decode('latin-1') or trigger.expression}"

    def scan(self, data: Buffer) -> tuple[Finding, ...]:
        """Findings by offset. `data` is any buffer: bytes, bytearray, memoryview, mmap. Blocks for about 2 us/KB."""
        hits = self._raw.scan(data)
        if not hits and (not len(data) or data[0] not in self._firsts or bytes(data[:2]) not in self._marks):
            self.last = _NOTHING
            return ()
        self.last = ScanStats()
        return self._document(data, 0, len(data), self._within_budget(data, hits))

    def scan_many(self, datas: Sequence[bytes]) -> list[tuple[Finding, ...]]:
        """Each document's findings, as `scan` gives them, from one Hyperscan call: for many short texts (32 to 128)."""
        text, starts, ends = joined(datas)
        found = self.scan_spans(text, starts, ends)
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
        found_in = by_document(hits, starts, ends)
        firsts = self._firsts
        for index, start in enumerate(starts):
            if (
                start < ends[index]
                and buffer[start] in firsts
                and bytes(buffer[start : start + 2]) in self._marks
            ):
                found_in.setdefault(index, [])
        found = {i: self._document(buffer, starts[i], ends[i], found_in[i]) for i in sorted(found_in)}
        return {i: findings for i, findings in found.items() if findings}

    def scan_container(self, file: Source, size: int) -> Unfolded | None:
        """What is in a container too large to be read at once; None where `file` is none. Each finding's span is its first bytes.

        Blocks for as long as the budget's bytes take.
        """
        self.last = ScanStats()
        file.seek(0)
        head = file.read(HEAD)
        kind = kind_of(head)
        if not kind:
            return None
        self._meter = self._fresh_meter(size)
        return self._members(kind, file, len(head), 0)

    def candidates(self, data: Buffer) -> tuple[Finding, ...]:
        """Every confirmed value of the text itself, before sets are put together and overlaps resolved: for the rule check."""
        hits = self._raw.scan(data)
        self.last = ScanStats()
        return tuple(
            self._judge.findings(data, 0, len(data), self._within_budget(data, hits), self.last.dropped)[0]
        )

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
        if identity >= self._first_trigger:
            return self._budget.loud_hits
        rule = self.rules.rules[identity]
        if rule.kind is Kind.RECORDS:
            return self._budget.records
        if rule.kind is Kind.CONTEXT or rule.provider == "generic":
            return self._budget.loud_hits
        return self._budget.exact_hits

    def _document(
        self, buffer: Buffer, low: int, high: int, hits: list[Hit], *, depth: int = 0
    ) -> tuple[Finding, ...]:
        """Everything after the pass, for one document of the buffer, or one decoded run. Offsets are the document's."""
        self.last.hits += len(hits)
        if not depth:
            self._decoding.begin(high - low)
            self._meter = self._fresh_meter(high - low)
        found, triggered = self._judge.findings(buffer, low, high, hits, self.last.dropped)
        found = self._attribution.of(found, buffer, low, high)
        if depth >= self._budget.depth:
            return tuple(conclude(found, self.rules.sets, self.last.dropped))
        if kind := self._decoding.folded(buffer, low, high, triggered):
            return self._folded(kind, bytes(buffer[low:high]), found, triggered, depth=depth)
        found += self._decoded(buffer, low, high, triggered, depth=depth)
        return tuple(conclude(found, self.rules.sets, self.last.dropped))

    def _folded(
        self, kind: str, data: bytes, found: list[Finding], triggered: list[Hit], *, depth: int
    ) -> tuple[Finding, ...]:
        """A document of documents: what its members have, and its own bytes unless the members are all there is."""
        if kind == unfolding.DIFF:
            return tuple(unfolding.of_diff(data, lambda side: self._inner(side, depth)))
        inside = self._members(kind, io.BytesIO(data), len(data), depth)
        outer: list[Finding] = []
        if not inside.whole:
            self._decoding.begin(len(data))
            found += self._decoded(data, 0, len(data), triggered, depth=depth)
            outer = conclude(found, self.rules.sets, self.last.dropped)
        return tuple(unfolding.together(data, outer, inside.findings))

    def _members(self, kind: str, file: Source, size: int, depth: int) -> unfolding.Unfolded:
        def scan(data: bytes) -> tuple[Finding, ...]:
            self._decoding.begin(len(data))
            return self._inner(data, depth)

        inside = unfolding.unfold(kind, file, size, self._meter, scan)
        if inside.reason:
            self.last.dropped[inside.reason] += 1
        return inside

    def _inner(self, data: bytes, depth: int) -> tuple[Finding, ...]:
        """The findings of a text inside the document that is being scanned."""
        hits = self._within_budget(data, self._raw.scan(data))
        return self._document(data, 0, len(data), hits, depth=depth + 1)

    def _fresh_meter(self, size: int) -> Meter:
        """For all containers of one document of `size` bytes, one in another included."""
        budget = self._budget
        most = max(budget.unpacked_bytes, budget.unpacked_growth * size)
        most = min(most, budget.unpacked_ratio * size + budget.unpacked_least)
        return Meter(most_bytes=most, most_members=budget.unpacked_members)

    def _decoded(
        self, buffer: Buffer, low: int, high: int, triggered: list[Hit], *, depth: int
    ) -> list[Finding]:
        """What stands in encoded runs: all runs of the text are scanned in one call, then each is a text of its own."""
        runs, cut = self._decoding.runs(buffer, low, high, triggered)
        if cut:
            self.last.dropped["decode_budget"] += cut
        if not runs:
            return []
        text, starts, ends = joined([run.data for run in runs])
        hits = self._within_budget(text, self._raw.scan(text))
        found: list[Finding] = []
        by_run = by_document(hits, starts, ends)
        for index, run in enumerate(runs):
            if run.data[:2] in self._marks:
                by_run.setdefault(index, [])
        for index, inside in by_run.items():
            run = runs[index]
            relative = [(identity, end - starts[index]) for identity, end in inside]
            inner = self._document(run.data, 0, len(run.data), relative, depth=depth + 1)
            found += [unfolding.of_run(finding, run, low) for finding in inner]
        return found
