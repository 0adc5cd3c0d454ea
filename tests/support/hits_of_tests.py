"""A line of a scan's report."""

from __future__ import annotations

from typing import Any

from monitor.scan.hit import Hit


def hit(**other: Any) -> Hit:
    known: dict[str, Any] = {
        "rule": "acme-token",
        "provider": "acme",
        "title": "Acme token",
        "severity": "high",
        "confidence": "high",
        "path": "a.py",
        "line": 3,
        "column": 5,
        "start": 20,
        "end": 55,
        "preview": "acme_…yz",
        "fingerprint": "ab" * 32,
        "verdict": "unprovable",
        "check": "",
    }
    return Hit(**{**known, **other})
