"""Everything after the Hyperscan pass, for one document: values confirmed and judged, encoded runs and containers read.

Made at the first document that gives reason to: a scan that finds nothing never loads what stands here.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from detectors import addresses, signatures, unfolding
from detectors.attribution import Attribution
from detectors.batches import by_document, joined
from detectors.beginnings import marked
from detectors.beside import Finder, apart, together
from detectors.buffers import Buffer
from detectors.conclude import conclude
from detectors.containers import HEAD, Meter, Source, kind_of
from detectors.costs import Costs
from detectors.decoders import Decoding, Trigger
from detectors.judging import Judge
from detectors.model import Finding
from detectors.raw import Hit
from detectors.ruleset import RuleSet
from detectors.stats import Budget, ScanStats
from detectors.unfolding import Unfolded


class Documents:
    """Reads documents of one rule set. Not thread-safe. What is left out is counted in the `stats` of the call."""

    def __init__(
        self,
        rules: RuleSet,
        budget: Budget,
        look: Callable[[Buffer], list[Hit]],
        *,
        cache_dir: Path,
        keep_refuted: bool = False,
        keep_known: bool = False,
        beside: Finder | None = None,
    ) -> None:
        """`look` makes a Hyperscan pass over a text, within the budget; with `beside` its hits are among them."""
        self._sets = rules.sets
        self._budget = budget
        self._beside = beside
        self._look = look
        self._judge = Judge(rules, keep_refuted=keep_refuted, keep_known=keep_known)
        self._attribution = Attribution(rules)
        self._decoding = Decoding(rules, budget, cache_dir)
        self._meter = self._fresh_meter(0)
        self._stats = ScanStats()

    @property
    def triggers(self) -> tuple[Trigger, ...]:
        """Of the decoders, in the order of their expressions behind the rules'."""
        return self._decoding.triggers

    @property
    def costs(self) -> Costs:
        """By the rules' numbers."""
        return self._judge.costs

    def findings(
        self, buffer: Buffer, low: int, high: int, hits: list[Hit], stats: ScanStats
    ) -> tuple[Finding, ...]:
        """Of the document buffer[low:high], by offset; offsets are the document's."""
        self._stats = stats
        self._decoding.begin(high - low)
        self._meter = self._fresh_meter(high - low)
        self._begin_beside()
        return signatures.proved(self._document(buffer, low, high, hits, depth=0))

    def container(self, file: Source, size: int, stats: ScanStats) -> Unfolded | None:
        """What is in the container of `size` bytes; None where `file` is none. Each finding's span is its first bytes."""
        self._stats = stats
        file.seek(0)
        head = file.read(HEAD)
        kind = kind_of(head)
        if not kind:
            return None
        self._meter = self._fresh_meter(size)
        self._begin_beside()
        return self._members(kind, file, len(head), 0)

    def candidates(self, data: Buffer, hits: list[Hit], stats: ScanStats) -> tuple[Finding, ...]:
        """Every confirmed value of the text itself, before sets are put together and overlaps resolved."""
        hits, others = apart(hits)
        self._begin_beside()
        found, _ = self._judge.findings(data, 0, len(data), hits, stats.dropped)
        return (*found, *self._found_beside(data, 0, len(data), others, stats.dropped))

    def _document(
        self, buffer: Buffer, low: int, high: int, hits: list[Hit], *, depth: int
    ) -> tuple[Finding, ...]:
        """The document itself, or one decoded run or member of it."""
        stats = self._stats
        stats.hits += len(hits)
        hits, others = apart(hits)
        found, triggered = self._judge.findings(buffer, low, high, hits, stats.dropped)
        found = addresses.dated(self._attribution.of(found, buffer, low, high), buffer, low, high)
        beside = self._found_beside(buffer, low, high, others, stats.dropped)
        if depth >= self._budget.depth:
            return tuple(together(conclude(found, self._sets, stats.dropped), beside))
        if kind := self._decoding.folded(buffer, low, high, triggered):
            return self._folded(kind, bytes(buffer[low:high]), found, beside, triggered, depth=depth)
        found += self._decoded(buffer, low, high, triggered, depth=depth)
        return tuple(together(conclude(found, self._sets, stats.dropped), beside))

    def _begin_beside(self) -> None:
        if self._beside:
            self._beside.begin()

    def _found_beside(
        self, buffer: Buffer, low: int, high: int, hits: list[Hit], dropped: Counter[str]
    ) -> list[Finding]:
        return self._beside.findings(buffer, low, high, hits, dropped) if hits and self._beside else []

    def _folded(
        self,
        kind: str,
        data: bytes,
        found: list[Finding],
        beside: list[Finding],
        triggered: list[Hit],
        *,
        depth: int,
    ) -> tuple[Finding, ...]:
        """A document of documents: what its members have, and its own bytes unless the members are all there is."""
        if kind == unfolding.DIFF:
            return tuple(unfolding.of_diff(data, lambda side: self._inner(side, depth)))
        inside = self._members(kind, io.BytesIO(data), len(data), depth)
        outer: list[Finding] = []
        if not inside.whole:
            self._decoding.begin(len(data))
            found += self._decoded(data, 0, len(data), triggered, depth=depth)
            outer = together(conclude(found, self._sets, self._stats.dropped), beside)
        return tuple(unfolding.together(data, outer, inside.findings))

    def _members(self, kind: str, file: Source, size: int, depth: int) -> Unfolded:
        def scan(data: bytes) -> tuple[Finding, ...]:
            self._decoding.begin(len(data))
            return self._inner(data, depth)

        inside = unfolding.unfold(kind, file, size, self._meter, scan)
        if inside.reason:
            self._stats.dropped[inside.reason] += 1
        return inside

    def _inner(self, data: bytes, depth: int) -> tuple[Finding, ...]:
        """The findings of a text inside the document that is being scanned."""
        return self._document(data, 0, len(data), self._look(data), depth=depth + 1)

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
            self._stats.dropped["decode_budget"] += cut
        if not runs:
            return []
        text, starts, ends = joined([run.data for run in runs])
        found: list[Finding] = []
        by_run = by_document(self._look(text), starts, ends)
        for index, run in enumerate(runs):
            if marked(run.data, 0, len(run.data)):
                by_run.setdefault(index, [])
        for index, inside in by_run.items():
            run = runs[index]
            relative = [(identity, end - starts[index]) for identity, end in inside]
            inner = self._document(run.data, 0, len(run.data), relative, depth=depth + 1)
            found += [unfolding.of_run(finding, run, low) for finding in inner]
        return found
