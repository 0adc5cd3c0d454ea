"""What the pipeline bar plants: leaks of which the bar knows, without the service, that each is one finding that pages if watched."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from detectors import Finding, Scanner, load_rules
from detectors.canonical import canonical
from detectors.filters import estimate_bits
from detectors.model import Confidence, Severity
from monitor.identity import KeyRing
from monitor.simulator.corpus import Corpus
from monitor.simulator.credentials import RuleMaker
from monitor.simulator.documents import DocumentStream
from monitor.simulator.model import Planted, Planting
from monitor.simulator.publisher import Mix, without_domains
from monitor.simulator.snippets import LANGUAGES

# Several lines of a credential set in a file of many assignments are, rightly, a second finding: a dumped environment.
_ENVIRONMENT: Final = next(language for language in LANGUAGES if language.extension == "env")


@dataclass(slots=True)
class PagingMaker:
    """A `SecretMaker` that keeps to what the default policy pages for the watched: high or critical, not of low confidence, told
    as one finding wherever it stands. `found` keeps each finding, by secret. For one task.
    """

    scanner: Scanner
    make: RuleMaker
    found: dict[bytes, Finding] = field(default_factory=dict)
    refused: int = 0
    _corpus: Corpus = field(default_factory=Corpus)

    def __call__(self, rng: random.Random) -> Planted:
        while True:
            planted = without_domains(self.make(rng), Mix().watched_domains)
            finding = self._only_finding(planted)
            if finding is not None:
                self.found[planted.secret] = finding
                return planted
            self.refused += 1

    def _only_finding(self, planted: Planted) -> Finding | None:
        longest = self._corpus.file(random.Random(0), plant=planted.text, blocks=12, language=_ENVIRONMENT)
        alone, inside = self.scanner.scan(planted.text), self.scanner.scan(longest.content)
        if len(alone) != 1 or len(inside) != 1:
            return None
        finding = alone[0]
        pages = finding.severity.rank >= Severity.HIGH.rank and finding.confidence is not Confidence.LOW
        same = finding.secret == inside[0].secret == planted.secret
        return finding if pages and same else None


@dataclass(frozen=True, slots=True)
class Expected:
    """One leak that must become one exposure."""

    rule: str
    watched: bool


@dataclass(frozen=True, slots=True)
class Size:
    """How many documents, `leaks` of them with a leak, `watched` of these to be paged."""

    documents: int
    leaks: int
    watched: int
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Plants:
    """The documents of a bar and the truth about them."""

    documents: DocumentStream
    refused: int
    _found: dict[bytes, Finding] = field(repr=False)

    @classmethod
    def make(cls, size: Size, *, cache_dir: Path) -> Plants:
        """Blocks for seconds."""
        rules = load_rules()
        maker = PagingMaker(Scanner(rules, cache_dir=cache_dir), RuleMaker(rules))
        documents = DocumentStream(size.documents, size.leaks, size.watched, maker=maker, seed=size.seed)
        return cls(documents, maker.refused, maker.found)

    @property
    def owners(self) -> Sequence[str]:
        """Whom the configuration has to watch."""
        return sorted({planting.owner for planting in self.documents.truth if planting.watched})

    def expected(self, keys: KeyRing) -> dict[str, Expected]:
        """Fingerprint under the current key -> what it is."""
        return {
            self._fingerprint(planting, keys): self._expect(planting) for planting in self.documents.truth
        }

    def _expect(self, planting: Planting) -> Expected:
        return Expected(planting.rule_id, bool(planting.watched))

    def _fingerprint(self, planting: Planting, keys: KeyRing) -> str:
        finding = self._found[planting.secret]
        rule = finding.rule
        leak = keys.leak(
            rule.family,
            canonical(rule, planting.secret),
            bits=estimate_bits(planting.secret, rule),
            scope=finding.scope or planting.owner.lower().encode(),
        )
        return leak[keys.current_id]
