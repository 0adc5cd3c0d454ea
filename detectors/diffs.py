"""A unified diff as the two texts it speaks of, so that every rule reads the lines as they stand in the file.

The first column (`+`, `-`, blank) stands between the lines of a key and before the line that a rule begins with. Without it the same
value has the same span of lines, and so the same identity, as in the file itself. Both sides are public: a removed secret is one.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from detectors.model import Finding

_HUNK: Final = re.compile(rb"@@ -\d{1,9}(?:,\d{1,9})? \+\d{1,9}(?:,\d{1,9})? @@ ?")
_HEADERS: Final = (b"diff ", b"index ", b"--- ", b"+++ ")
_OLD: Final = b"-"
_NEW: Final = b"+"
_MARKED: Final = ("diff",)  # how it is decoded: without the marks of its lines
_MOST_LINES: Final = 300_000  # about 0.5 s; a larger diff is nobody's work


@dataclass(frozen=True, slots=True)
class Side:
    """The lines of one side. Line i begins at `starts[i]` of the text and at `places[i]` of the diff."""

    text: bytes = field(repr=False)
    starts: Sequence[int]
    places: Sequence[int]
    changed: Sequence[tuple[int, int]]  # where in the diff the lines stand that only this side has

    def place(self, offset: int) -> int:
        """Where a byte of the text stands in the diff."""
        line = bisect_right(self.starts, offset) - 1
        return self.places[line] + offset - self.starts[line]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The bytes of the diff from the first to the last of text[start:end], with all that stands between."""
        return self.place(start), self.place(end - 1) + 1

    def touches(self, start: int, end: int) -> bool:
        """Whether diff[start:end] has something of a line that only this side has."""
        at = bisect_left(self.changed, (end, 0)) - 1
        return at >= 0 and self.changed[at][1] > start


def sides(diff: bytes, *, continued: bool = False) -> tuple[Side, ...]:
    """The file after the change, and the file before it where lines were removed. Never empty, never raises; linear.

    `continued`: the text begins within a hunk, as a later part of a diff does. What stands before the first hunk and is no header
    is read as it is; headers are blank lines, what follows a hunk's second `@@` (a line of the file) keeps a line of its own. A diff
    of more than 300,000 lines is its own only side.
    """
    if diff.count(b"\n") > _MOST_LINES:
        return (Side(diff, [0], [0], []),)
    lines = _lines(diff, continued=continued)
    removed = any(kind == _OLD for kind, _, _ in lines)
    added = any(kind == _NEW for kind, _, _ in lines)
    wanted = [kind for kind, there in ((_NEW, added or not removed), (_OLD, removed)) if there]
    return tuple(_side(diff, lines, kind) for kind in wanted)


def findings_of(both: Sequence[Side], found: Sequence[Sequence[Finding]]) -> list[Finding]:
    """The findings of the sides (in their order) as findings of the diff, by offset; what stands in both is told once."""
    kept: list[Finding] = []
    told: set[tuple[str, bytes, int]] = set()
    for number, (side, findings) in enumerate(zip(both, found, strict=True)):
        for finding in findings:
            there = _moved(side, finding)
            marks = {(there.rule.id, there.secret, place) for place in (there.start, -there.end)}
            if number and (marks & told or not side.touches(there.start, there.end)):
                continue
            told |= marks
            kept.append(there)
    return sorted(kept, key=lambda finding: finding.start)


def _moved(side: Side, finding: Finding) -> Finding:
    start, end = side.span(finding.start, finding.end)
    parts = []
    for part in finding.parts:
        first, last = side.span(part.start, part.end)
        marked = _MARKED if last - first != part.end - part.start else ()
        parts.append(replace(part, start=first, end=last, decoded=part.decoded or marked))
    # over several lines the value is not what stands in the span: their marks stand between
    decoded = finding.decoded or (_MARKED if end - start != finding.end - finding.start else ())
    return replace(finding, start=start, end=end, parts=tuple(parts), decoded=decoded)


def _lines(diff: bytes, *, continued: bool) -> list[tuple[bytes, int, int]]:
    """(side or b"" for both, start, end) of each piece of the diff that is read, line ends included."""
    found: list[tuple[bytes, int, int]] = []
    body, at = continued, 0
    while at < len(diff):
        end = diff.find(b"\n", at) + 1 or len(diff)
        blank = (b"", end - diff.endswith(b"\n", at, end), end)
        mark = diff[at : at + 1]
        if hunk := _HUNK.match(diff, at, end):
            body = True
            found += [blank, (b"", min(hunk.end(), blank[1]), end), blank]
        elif _is_header(diff, at, end, body=body):
            found.append(blank)
        elif not body:
            found.append((b"", at, end))
        elif mark in (_OLD, _NEW):
            found.append((mark, at + 1, end))
        elif mark != b"\\":  # `\ No newline at end of file`
            found.append((b"", at + (mark == b" "), end))
        at = end
    return found


def _is_header(diff: bytes, at: int, end: int, *, body: bool) -> bool:
    """Within a hunk `--- x` is a removed line `-- x` unless the new name and a hunk follow, and `+++ x` an added one unless a hunk does."""
    if not diff.startswith(_HEADERS, at):
        return False
    if not body or diff[at : at + 1] not in (_OLD, _NEW):
        return True
    if diff.startswith(b"+++ ", at):
        return _HUNK.match(diff, end) is not None
    following = diff.find(b"\n", end) + 1
    return diff.startswith(b"+++ ", end) and following > 0 and _HUNK.match(diff, following) is not None


def _side(diff: bytes, lines: Sequence[tuple[bytes, int, int]], side: bytes) -> Side:
    pieces, starts, places, changed, length = [], [0], [0], [], 0
    for kind, start, end in lines:
        if kind not in (b"", side):
            continue
        starts.append(length)
        places.append(start)
        if kind:
            changed.append((start, end))
        pieces.append(diff[start:end])
        length += end - start
    return Side(b"".join(pieces), starts, places, changed)
