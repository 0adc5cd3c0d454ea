"""Find credentials in bytes. Pure and synchronous: no network, no clock, no configuration, no asyncio.

>>> from detectors import Scanner, load_rules
>>> scanner = Scanner(load_rules())
>>> findings = scanner.scan(b"...")

The names below are imported at their first use, so that a program which only needs the nouns does not load Hyperscan.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from detectors.loader import load_rules
    from detectors.model import Confidence, CredentialSet, Finding, Part, Proof, Rule, Severity, Verdict
    from detectors.ruleset import RuleSet
    from detectors.scanner import Scanner

__all__ = [
    "Confidence",
    "CredentialSet",
    "Finding",
    "Part",
    "Proof",
    "Rule",
    "RuleSet",
    "Scanner",
    "Severity",
    "Verdict",
    "load_rules",
]

_HOMES: Final = {"load_rules": "loader", "RuleSet": "ruleset", "Scanner": "scanner"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES.get(name, 'model')}"), name)
