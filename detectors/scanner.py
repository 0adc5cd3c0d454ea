"""Scanner.scan(data) -> findings.

One Hyperscan pass over the text, and a second around the gates of the first, say which rules end where; everything after it looks at a window around each hit. A
text without a hit, which is nearly every text, costs the pass and less than a microsecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detectors.batches import by_document, joined
from detectors.beginnings import marked
from detectors.buffers import Buffer
from detectors.databases import Databases
from detectors.files import default_cache
from detectors.model import Finding, Kind
from detectors.raw import Hit, RawScanner
from detectors.ruleset import RuleSet
from detectors.secondlook import GATE
from detectors.stats import Budget, ScanStats

if TYPE_CHECKING:
    from detectors.beside import Finder
    from detectors.containers import Source
    from detectors.costs import Cost
    from detectors.documents import Documents
    from detectors.unfolding import Unfolded

_NOTHING: Final = ScanStats()


class Scanner:
    """Finds credentials in bytes. One instance a thread: it owns Hyperscan's scratch space. `twin` makes one for another thread.

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
        shared: Databases | None = None,
        beside: Finder | None = None,
    ) -> None:
        """`keep_refuted`, `keep_known`: also tell of values whose proof fails, of those that everybody has (`Finding.known`).
        `shared`: the databases of another scanner of the same rules (see `twin`). `beside` finds what no rule can describe.
        """
        self.rules = rules
        self.last = _NOTHING
        self._budget = budget or Budget()
        self._keep_refuted = keep_refuted
        self._keep_known = keep_known
        self._beside = beside
        self._first_trigger = len(rules.rules)
        self._cache = default_cache() if cache_dir is None else cache_dir
        self.databases = Databases(rules, self._cache) if shared is None else shared
        self._raw = RawScanner(self.databases, self._budget)

    def twin(self, *, keep_refuted: bool = False, keep_known: bool = False) -> Scanner:
        """Another scanner of the same rules, without a finder beside them. The two share the databases, which are only read: several
        megabytes and most of the time that it takes to make one.
        """
        return Scanner(
            self.rules,
            cache_dir=self._cache,
            budget=self._budget,
            keep_refuted=keep_refuted,
            keep_known=keep_known,
            shared=self.databases,
        )

    @cached_property
    def _documents(self) -> Documents:
        """Everything after the pass: its modules take a fifth of a start, which a scan without a hit does not pay."""
        from detectors.documents import Documents

        return Documents(
            self.rules,
            self._budget,
            self._look,
            cache_dir=self._cache,
            keep_refuted=self._keep_refuted,
            keep_known=self._keep_known,
            beside=self._beside,
        )

    def expression_name(self, identity: int) -> str:
        """Whose the expression of the databases is: a rule's id, `gates`, or `decoder:plain text` of a trigger."""
        if identity < self._first_trigger:
            return self.rules.rules[identity].id
        if identity == GATE:
            return "gates"
        trigger = self._documents.triggers[identity - self._first_trigger]
        return f"{trigger.decoder}:{trigger.plain.decode('latin-1') or trigger.expression}"

    def costs(self) -> dict[str, Cost]:
        """What each rule cost since the last call, by its id; the pass that all of them share is not in it."""
        if "_documents" not in self.__dict__:  # no text has had a hit
            return {}
        return {self.rules.rules[number].id: cost for number, cost in self._documents.costs.take().items()}

    def hits(self, data: Buffer) -> list[Hit]:
        """What Hyperscan reports of both looks, nothing confirmed: for measuring. Valid until the next call."""
        return self._raw.scan(data)

    def scan(self, data: Buffer) -> tuple[Finding, ...]:
        """Findings by offset. `data` is any buffer: bytes, bytearray, memoryview, mmap. Blocks for about 2 us/KB."""
        hits = self._raw.scan(data)
        beside = self._look_beside(data)
        if not hits and not beside and not marked(data, 0, len(data)):
            self.last = _NOTHING
            return ()
        self.last = ScanStats()
        hits = [*self._within_budget(data, hits), *beside]
        return self._documents.findings(data, 0, len(data), hits, self.last)

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
        found_in = by_document([*hits, *self._look_beside(buffer)], starts, ends)
        for index, start in enumerate(starts):
            if marked(buffer, start, ends[index]):
                found_in.setdefault(index, [])
        found = {
            i: self._documents.findings(buffer, starts[i], ends[i], found_in[i], self.last)
            for i in sorted(found_in)
        }
        return {i: findings for i, findings in found.items() if findings}

    def scan_container(self, file: Source, size: int) -> Unfolded | None:
        """What is in a container too large to be read at once; None where `file` is none. Each finding's span is its first bytes.

        Blocks for as long as the budget's bytes take.
        """
        self.last = ScanStats()
        return self._documents.container(file, size, self.last)

    def candidates(self, data: Buffer) -> tuple[Finding, ...]:
        """Every confirmed value of the text itself, before sets are put together and overlaps resolved: for the rule check."""
        hits = self._raw.scan(data)
        self.last = ScanStats()
        hits = [*self._within_budget(data, hits), *self._look_beside(data)]
        return self._documents.candidates(data, hits, self.last)

    def _one_by_one(
        self, buffer: Buffer, starts: Sequence[int], ends: Sequence[int]
    ) -> dict[int, tuple[Finding, ...]]:
        found = {}
        for index, (start, end) in enumerate(zip(starts, ends, strict=True)):
            data = bytes(buffer[start:end])
            if findings := self._documents.findings(data, 0, len(data), self._look(data), self.last):
                found[index] = findings
        return found

    def _look(self, data: Buffer) -> list[Hit]:
        return [*self._within_budget(data, self._raw.scan(data)), *self._look_beside(data)]

    def _look_beside(self, data: Buffer) -> Sequence[Hit]:
        return self._beside.look(data) if self._beside else ()

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
