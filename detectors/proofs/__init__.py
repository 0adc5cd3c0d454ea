"""Offline proofs by name: one family of checks a module, found by looking into this package.

A module here has `PROOFS: dict[str, ProofSpec]`. A new family is a new file; there is no list to edit.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from types import MappingProxyType

from detectors.errors import RuleError
from detectors.model import Proof


@dataclass(frozen=True, slots=True)
class ProofSpec:
    """One offline proof.

    `check(secret)` says what the value proves about itself: it never raises on any bytes, takes linear time, and
    returns PROVED only on a real checksum or a parsed key.
    `make(candidate, rng)` turns a random text of the rule's shape into a valid value of the same shape; tests, the
    simulator and the benchmarks make their values with it.
    """

    check: Callable[[bytes], Proof]
    make: Callable[[bytes, Random], bytes]


@cache
def proofs() -> Mapping[str, ProofSpec]:
    """All proofs by name; read once a process.

    Raises RuleError when two modules name the same proof or a module has no PROOFS. Thread-safe.
    """
    found: dict[str, ProofSpec] = {}
    owner: dict[str, str] = {}
    for module_info in sorted(pkgutil.iter_modules(__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{__name__}.{module_info.name}")
        table = getattr(module, "PROOFS", None)
        if not isinstance(table, dict):
            raise RuleError(f"{module.__name__} has no PROOFS: dict[str, ProofSpec]; add it")
        for name, spec in table.items():
            if name in owner:
                raise RuleError(f"proof {name!r} is in {owner[name]} and {module.__name__}; rename one")
            owner[name] = module.__name__
            found[name] = spec
    return MappingProxyType(found)
