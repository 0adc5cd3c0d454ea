"""A set of rules that has passed the loader's checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from detectors.model import CredentialSet, Rule


@dataclass(frozen=True)
class RuleSet:
    """Rules in a fixed order (by id), sets in a fixed order, and the digest of the files they came from.

    `digest` (64 hex) changes whenever a file does: databases and caches are named after it.
    """

    rules: Sequence[Rule]  # a tuple, or what reads them when they are asked for (detectors.rulecache)
    sets: tuple[CredentialSet, ...]
    digest: str

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        return MappingProxyType({rule.id: rule for rule in self.rules})

    def __len__(self) -> int:
        return len(self.rules)

    def __getitem__(self, rule_id: str) -> Rule:
        """Raises KeyError."""
        return self.by_id[rule_id]
