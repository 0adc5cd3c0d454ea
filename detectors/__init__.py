"""Find credentials in bytes. Pure and synchronous: no network, no clock, no configuration, no asyncio.

>>> from detectors import Scanner, load_rules
>>> scanner = Scanner(load_rules())
>>> findings = scanner.scan(b"...")
"""

from __future__ import annotations

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
