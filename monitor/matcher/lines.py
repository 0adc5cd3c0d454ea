"""Where an offset stands for a person: line and column, in a plain text and in a unified diff."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Final

_HUNK: Final = re.compile(rb"^@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@", re.MULTILINE)


class Positions:
    """Lines and columns of one text. Asked in rising order all answers together cost one look at the text."""

    def __init__(self, content: bytes, *, first_line: int = 1, diff: bool = False) -> None:
        """In a unified diff a position is that in the file that the diff speaks of; before its first hunk it is the diff's own."""
        self._content = content
        self._first_line = first_line
        self._hunks = list(_HUNK.finditer(content)) if diff else []
        self._starts = [hunk.start() for hunk in self._hunks]
        self._counted = (0, 0)  # an offset, and how many lines end before it

    def of(self, offset: int) -> tuple[int, int]:
        """(line, column), both from 1, the column in bytes."""
        line_start = self._content.rfind(b"\n", 0, offset) + 1
        hunk = bisect_right(self._starts, line_start - 1) - 1
        if hunk >= 0:
            return self._in_hunk(self._hunks[hunk], line_start), max(offset - line_start, 1)
        return self.own_line(offset), offset - line_start + 1

    def own_line(self, offset: int) -> int:
        """The line of the text itself, also in a diff: the same wherever a text was cut into parts."""
        at, lines = self._counted if self._counted[0] <= offset else (0, 0)
        lines += self._content.count(b"\n", at, offset)
        self._counted = (offset, lines)
        return self._first_line + lines

    def _in_hunk(self, hunk: re.Match[bytes], line_start: int) -> int:
        """The new file's line, for a removed line the old one's."""
        removed = self._content.startswith(b"-", line_start)
        body = self._content.find(
            b"\n", hunk.end()
        )  # a line of the body begins behind a newline from here on
        lines = self._content.count(b"\n", body + 1, line_start)
        for marker in (b"\n+" if removed else b"\n-", b"\n\\"):
            lines -= self._content.count(marker, body, line_start)
        return int(hunk[1] if removed else hunk[2]) + lines
