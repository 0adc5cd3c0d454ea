"""Checked rules, kept on disk: judging a thousand expressions takes a second, reading the verdicts takes milliseconds.

A stored set is named after the content of the rule files and of the code that judged them, so that neither can change unseen. It has a
line a rule, which is read when somebody asks for that rule: of two thousand a scan meets a handful.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, overload

from detectors import files
from detectors.model import CredentialSet, Kind, Rule, Severity
from detectors.ruleset import RuleSet

_FORMAT: Final = b"leakstream-rules-2"
_JUDGES: Final = (
    "backtracking.py", "canonical.py", "context.py", "expressions.py", "extents.py", "lowering.py", "model.py",
    "profiles.py", "proofs", "rulecache.py", "rulereader.py", "syntax.py",
)  # fmt: skip


def stored(digest: str, folder: Path) -> RuleSet | None:
    """The checked set of the rule files with this digest, if it is there and whole."""
    raw = files.stored(_name(digest), _FORMAT, folder)
    if raw is None:
        return None
    sets, *rules = raw.split(b"\n")
    return RuleSet(
        rules=_Stored(rules),
        sets=tuple(CredentialSet(**_tuples(entry), severity=Severity(severity)) for entry, severity in json.loads(sets)),
        digest=digest,
    )  # fmt: skip


def store(ruleset: RuleSet, folder: Path) -> None:
    """A folder that cannot be written is no error: the next start judges again."""
    lines = [
        [_split(asdict(entry), "severity") for entry in ruleset.sets],
        *(_split(asdict(rule), "kind", "severity") for rule in ruleset.rules),
    ]
    content = "\n".join(map(json.dumps, lines)).encode("ascii")
    files.write_sealed(folder / _name(ruleset.digest), _FORMAT, content)


class _Stored(Sequence[Rule]):
    """Rules that are made of their lines when they are asked for. Equal to a tuple of the same rules. Thread-safe: two threads may
    make one rule twice, and both are equal.
    """

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._entries: list[bytes | Rule] = list(lines)

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, index: int) -> Rule: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Rule, ...]: ...
    def __getitem__(self, index: int | slice) -> Rule | tuple[Rule, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        entry = self._entries[index]
        if isinstance(entry, bytes):
            table, kind, severity = json.loads(entry)
            entry = Rule(**_tuples(table), kind=Kind(kind), severity=Severity(severity))
            self._entries[index] = entry
        return entry

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (tuple, _Stored)) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))


def _name(digest: str) -> str:
    return f"{digest[:24]}-{files.code_digest(_JUDGES)[:24]}.rules"


def _split(table: dict[str, Any], *apart: str) -> list[Any]:
    """The fields that are plain, and those of an enumeration behind them."""
    taken = [str(table.pop(name)) for name in apart]
    return [table, *taken]


def _tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
