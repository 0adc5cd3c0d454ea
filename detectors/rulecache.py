"""Checked rules, kept on disk: judging a thousand expressions takes a second, reading the verdicts takes milliseconds.

A stored set is named after the content of the rule files and of the code that judged them, so that neither can change unseen.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from detectors import files
from detectors.model import CredentialSet, Kind, Rule, Severity
from detectors.ruleset import RuleSet

_FORMAT: Final = b"leakstream-rules-1"
_JUDGES: Final = (
    "backtracking.py", "canonical.py", "context.py", "expressions.py", "extents.py", "loader.py", "lowering.py", "model.py",
    "profiles.py", "proofs", "rulecache.py", "syntax.py",
)  # fmt: skip


def stored(digest: str, folder: Path) -> RuleSet | None:
    """The checked set of the rule files with this digest, if it is there and whole."""
    raw = files.stored(_name(digest), _FORMAT, folder)
    if raw is None:
        return None
    table = json.loads(raw)
    return RuleSet(
        rules=tuple(Rule(**_tuples(entry), kind=Kind(kind), severity=Severity(severity))
                    for entry, kind, severity in table["rules"]),
        sets=tuple(CredentialSet(**_tuples(entry), severity=Severity(severity)) for entry, severity in table["sets"]),
        digest=digest,
    )  # fmt: skip


def store(ruleset: RuleSet, folder: Path) -> None:
    """A folder that cannot be written is no error: the next start judges again."""
    table = {
        "rules": [_split(asdict(rule), "kind", "severity") for rule in ruleset.rules],
        "sets": [_split(asdict(entry), "severity") for entry in ruleset.sets],
    }
    files.write_sealed(folder / _name(ruleset.digest), _FORMAT, json.dumps(table).encode())


def _name(digest: str) -> str:
    return f"{digest[:24]}-{files.code_digest(_JUDGES)[:24]}.rules"


def _split(table: dict[str, Any], *apart: str) -> list[Any]:
    """The fields that are plain, and those of an enumeration behind them."""
    taken = [str(table.pop(name)) for name in apart]
    return [table, *taken]


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
