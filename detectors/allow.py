"""Comments by which the author of a text says that a value in it is meant to be there.

`leakstream:allow` (every rule) or `leakstream:allow=rule-id,other-id` in the line of the value, or opening the line above it where no
code stands before the comment; `gitleaks:allow` is read alike. For who scans a text of his own only: whoever leaks could
silence a monitor with it, so no `Scanner` looks at them.
"""

from __future__ import annotations

import re
from typing import Final

from detectors.model import Finding

_LONG_LINE: Final = 4096  # bytes on each side of a value that are looked at
_MARK: Final = rb"(?:leakstream|gitleaks):allow(?:=([a-z0-9,\-]{1,200}))?(?![\w=\-])"
_INSIDE: Final = re.compile(_MARK)
_ALONE: Final = re.compile(rb"(?:[^\w\n]{1,12}|[ \t]{0,80}(?i:rem|dnl)[ \t])\s{0,4}" + _MARK)


def allowed(text: bytes, finding: Finding) -> bool:
    """A comment of `text` allows this finding of it. Linear in the length of the lines, 4 KiB each way at most. Thread-safe."""
    start, end = finding.start, finding.end
    before, behind = max(0, start - _LONG_LINE), end + _LONG_LINE
    line = max(before, text.rfind(b"\n", before, start) + 1)
    stop = text.find(b"\n", end, behind)
    marks = [*_INSIDE.finditer(text, line, start), *_INSIDE.finditer(text, end, behind if stop < 0 else stop)]
    if line > 0 and text[line - 1 : line] == b"\n":
        above = max(0, line - 1 - _LONG_LINE, text.rfind(b"\n", max(0, line - 1 - _LONG_LINE), line - 1) + 1)
        if alone := _ALONE.match(text[above : line - 1]):
            marks.append(alone)
    return any(_names(mark[1], finding) for mark in marks)


def _names(ids: bytes | None, finding: Finding) -> bool:
    """None: every rule."""
    return ids is None or not {finding.rule.id, finding.set_id}.isdisjoint(ids.decode("ascii").split(","))
