"""Unified diffs as GitHub's `patch` fields carry them: hunks only, no file header."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_CONTEXT: Final = 3
# docs.github.com "repository limits": a single file's diff shows at most 20,000 lines or 500 KB
MAX_PATCH_LINES: Final = 20_000
MAX_PATCH_BYTES: Final = 500_000


@dataclass(frozen=True, slots=True)
class FileDiff:
    """`patch` is None for binary or oversized files, and then the counts of a binary are 0."""

    additions: int
    deletions: int
    patch: str | None


def is_binary(content: bytes) -> bool:
    """As git decides: a NUL among the first 8,000 bytes."""
    return b"\0" in content[:8000]


def diff(old: bytes, new: bytes) -> FileDiff:
    """One hunk from the first to the last differing line: a valid diff, if not always the shortest."""
    if is_binary(old) or is_binary(new):
        return FileDiff(0, 0, None)
    before, after = _lines(old), _lines(new)
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    gone, come = before[head : len(before) - tail], after[head : len(after) - tail]
    if not gone and not come:
        return FileDiff(0, 0, "")
    lead = before[max(0, head - _CONTEXT) : head]
    trail = before[len(before) - tail :][:_CONTEXT]
    if len(gone) + len(come) > MAX_PATCH_LINES or len(old) + len(new) > MAX_PATCH_BYTES:
        return FileDiff(len(come), len(gone), None)
    start = head - len(lead)
    was = _range(start, len(lead) + len(gone) + len(trail))
    now = _range(start, len(lead) + len(come) + len(trail))
    body = [
        f"@@ -{was} +{now} @@",
        *(" " + line for line in lead),
        *("-" + line for line in gone),
        *("+" + line for line in come),
        *(" " + line for line in trail),
    ]
    if after and not new.endswith(b"\n") and not tail:
        body.append("\\ No newline at end of file")
    return FileDiff(len(come), len(gone), "\n".join(body))


def _range(start: int, count: int) -> str:
    if count == 0:
        return f"{start},0"
    return f"{start + 1}" if count == 1 else f"{start + 1},{count}"


def _lines(content: bytes) -> list[str]:
    text = content.decode("utf-8", "replace")
    lines = text.split("\n")  # not splitlines: only \n ends a line of a diff
    if lines[-1] == "":
        lines.pop()
    return lines
