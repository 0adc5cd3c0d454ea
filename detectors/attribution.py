"""Whose a secret is that no name stands beside: the provider that the text around it talks of.

`https://api.vendor.com/v1` two lines above `Authorization: Bearer …` names nobody as the context model reads it, and a reader at once.
Here a finding of a rule without a provider takes the provider named nearest to it, where the value has the shape of that provider's
credential. Asked for such findings only, which are rare: words of a window are looked up in a table, no expression runs over text.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import takewhile
from typing import Any, Final

from detectors import nearby
from detectors.buffers import Buffer
from detectors.engines import compiled
from detectors.expressions import facts
from detectors.filters import entropy
from detectors.model import UNPROVABLE, Finding, Kind, Rule, Verdict
from detectors.overlaps import NOBODYS
from detectors.proofs import proofs
from detectors.ruleset import RuleSet
from detectors.words import COMMON

BEFORE: Final = 400  # bytes of the text in front of the value that may name its provider
BEHIND: Final = 120
_SHORTEST_VALUE: Final = 16
_SHORTEST_NAME: Final = 4
_SHORTEST_STEM: Final = 4  # of what the names of a rule have in common
# What a name is made of: the humps and numbers of identifiers, `TrelloClient`, `the-odds-api`, `auth0`.
_PART: Final = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_PARTS_OF_A_NAME: Final = 4
_JOINS: Final = frozenset((b"", b"-", b"_", b".", b" "))
# An everyday word names a provider only as its host, as the head of what stands below it (`box:`, `[box]`, `"box": {`, `<box>`), or with a
# word of programs behind it (`BoxClient`).
_NAMES: Final = re.compile(
    rb"""\.(?i:ai|app|cloud|cn|co|com|de|dev|eu|fr|gov|io|me|net|org|ru|sh|so|tech|us|xyz)\b|["']?\s?[:=]\s?[\n{]|\]\s?\n|>\s?\n|"""
    rb"""_?(?:Client|CLIENT|Api|API|Sdk|SDK|Strategy|OAuth|Auth|Provider|Service)"""
)
# Rules of what stands in anybody's repository or application.
_ANYBODYS: Final = NOBODYS | {"php"}


class Attribution:
    """The providers of one rule set by the words that name them. Not thread-safe: expressions are compiled at their first use."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._ruleset = ruleset
        self._expressions: dict[str, Any] = {}

    @cached_property
    def _rules(self) -> dict[bytes, list[Rule]]:
        """The rules of each provider's words. Takes 0.1 s, which a scan that finds nothing does not pay."""
        found: dict[bytes, list[Rule]] = defaultdict(list)
        for rule in self._ruleset.rules:
            if rule.kind is Kind.CONTEXT and rule.provider not in _ANYBODYS and _telling(rule):
                for word in {_word(rule), *_stems(rule)}:
                    found[word].append(rule)
        return dict(found)

    @cached_property
    def _everyday(self) -> frozenset[bytes]:
        """The words among them that mean more than the provider."""
        return frozenset(
            word
            for word, rules in self._rules.items()
            if word in COMMON
            or len(word) < _SHORTEST_NAME
            or any(f"{word.decode()}&" in rule.names for rule in rules)
        )

    def of(self, findings: Sequence[Finding], buffer: Buffer, low: int, high: int) -> list[Finding]:
        """The findings of the document buffer[low:high], those without a provider under the one that is named near them; but where a rule of a
        provider has the value already, that rule's name stands beside it and is not argued with.
        """
        taken = _spans(findings)
        return [
            self._named(finding, buffer, low, high)
            if _asked(finding) and not _within(finding, taken)
            else finding
            for finding in findings
        ]

    def _named(self, finding: Finding, buffer: Buffer, low: int, high: int) -> Finding:
        start, end = low + finding.start, low + finding.end
        before = bytes(buffer[max(low, start - BEFORE) : start])
        behind = bytes(buffer[end : min(high, end + BEHIND)])
        for word in (*reversed(list(self._words(before))), *self._words(behind)):
            for rule in self._rules[word]:
                if self._fits(rule, finding.secret):
                    proof = proofs()[rule.proof].check(finding.secret) if rule.proof else UNPROVABLE
                    if proof.verdict is Verdict.REFUTED:
                        continue  # it is no credential of that provider
                    return replace(
                        finding, rule=rule, severity=rule.severity, proof=proof, name=word.decode()
                    )
        return finding

    def _words(self, text: bytes) -> Iterator[bytes]:
        """The words of the text that name a provider, in their order: a part of an identifier or address, or several in a row."""
        row: list[bytes] = []
        end = 0
        for found in _PART.finditer(text):
            if text[end : found.start()] not in _JOINS:
                row.clear()
            row.append(found[0].lower())
            del row[:-_PARTS_OF_A_NAME]
            end = found.end()
            for first in range(len(row)):
                name = b"".join(row[first:])
                if name in self._rules and (name not in self._everyday or _NAMES.match(text, end)):
                    yield name
                    break

    def _fits(self, rule: Rule, secret: bytes) -> bool:
        if rule.id not in self._expressions:
            self._expressions[rule.id] = compiled(rule.pattern, engine=rule.engine, caseless=rule.caseless)
        return bool(self._expressions[rule.id].fullmatch(secret)) and entropy(secret) >= rule.entropy


def _word(rule: Rule) -> bytes:
    return rule.provider.replace("-", "").encode()


def _stems(rule: Rule) -> Iterator[bytes]:
    """Other words for the provider: a name of the rule without a word of credentials (`hcloud`), or what two of its names begin with (`nexmo`)."""
    seen: Counter[str] = Counter()
    for name in rule.names:
        parts = name.rstrip("&").replace(".", "_").split("_")
        stem = "".join(takewhile(lambda part: not nearby.everyday(part.encode()), parts))
        if len(stem) >= _SHORTEST_STEM:
            seen[stem] += 2 if stem == "".join(parts) else 1
    yield from (stem.encode() for stem, count in seen.items() if count > 1)


def _telling(rule: Rule) -> bool:
    """The rule's values have a length of their own: of a password anything may be one."""
    known = facts(rule.pattern, caseless=rule.caseless)
    return rule.alone and not rule.profile and not rule.extent and known.minimum >= _SHORTEST_VALUE


def _spans(findings: Sequence[Finding]) -> list[tuple[int, int]]:
    """What providers' own rules have of the text, in order and disjoint."""
    spans: list[tuple[int, int]] = []
    for start, end in sorted(
        (f.start, f.end) for f in findings if f.rule.alone and f.rule.provider not in _ANYBODYS
    ):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _within(finding: Finding, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether the finding shares bytes with one of the spans."""
    at = bisect_left(spans, (finding.end, 0)) - 1
    return at >= 0 and finding.start < spans[at][1]


def _asked(finding: Finding) -> bool:
    return (
        finding.rule.provider in _ANYBODYS
        and not finding.records
        and len(finding.secret) >= _SHORTEST_VALUE
        and not finding.rule.extent
    )
