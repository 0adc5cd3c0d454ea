"""Where an offset stands for a person: line and column, in a plain text and in a unified diff."""

from __future__ import annotations

import re
from typing import Final

_HUNK: Final = re.compile(rb"^@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@", re.MULTILINE)


def position(content: bytes, offset: int, *, first_line: int = 1) -> tuple[int, int]:
    """(line, column), both from 1, the column in bytes."""
    line_start = content.rfind(b"\n", 0, offset) + 1
    return first_line + content.count(b"\n", 0, offset), offset - line_start + 1


def diff_position(content: bytes, offset: int) -> tuple[int, int]:
    """(line, column) in the file that the diff speaks of: the new file, for a removed line the old one.

    Before the first hunk header the position is the diff's own.
    """
    line_start = content.rfind(b"\n", 0, offset) + 1
    column = offset - line_start  # the marker is no column of the file
    hunk = None
    for found in _HUNK.finditer(content, 0, line_start):
        hunk = found
    if hunk is None:
        return position(content, offset)
    body_start = content.find(b"\n", hunk.end()) + 1
    skip = b"+" if content[line_start : line_start + 1] == b"-" else b"-"
    before = content[body_start:line_start].split(b"\n")[:-1]
    counted = sum(1 for line in before if not line.startswith((skip, b"\\")))
    return int(hunk[1 if skip == b"+" else 2]) + counted, max(column, 1)
