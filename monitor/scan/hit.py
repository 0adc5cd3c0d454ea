"""One line of a scan's report, without plain text unless it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """Where the same value stands again in the same file."""

    line: int
    column: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding at its first place in a file, fit to be printed. Offsets are bytes of the file, line and column from 1."""

    rule: str
    provider: str
    title: str
    severity: str
    confidence: str
    path: str
    line: int
    column: int
    start: int
    end: int
    preview: str
    fingerprint: str
    verdict: str
    check: str
    snippet: str = ""
    column_utf16: int = 0  # the column in UTF-16 code units, as editors count
    commit: str = ""
    author: str = ""
    decoded: tuple[str, ...] = ()
    set_id: str = ""
    parts: tuple[str, ...] = ()
    records: int = 0
    facts: Mapping[str, str] = field(default_factory=dict)  # what the value says of itself
    missing: tuple[str, ...] = ()  # rule ids of the parts it lacks
    known: str = ""  # why everybody has it; only with --known
    also: tuple[Place, ...] = ()  # where else in the file the value stands, in the order of the file
    revoke: str = ""
    weak: bool = False
    secret: str | None = field(default=None, repr=False)  # only with --show-secrets
