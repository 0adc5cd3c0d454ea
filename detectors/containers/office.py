"""Office files (docx, pptx, xlsx): the text of their XML, its runs joined, a paragraph or a row a line."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from detectors.containers import tables

CONTENT_TYPES: Final = "[Content_Types].xml"
SHARED: Final = "xl/sharedStrings.xml"
_TEXTS: Final = re.compile(
    rb"<(?:\w{1,8}:)?t(?: [^<>]*)?>([^<>]*)</|(</(?:\w{1,8}:)?p>|<(?:\w{1,8}:)?(?:br|cr)[ /])|<(?:\w{1,8}:)?(tab) ?/>"
)
_STRING: Final = re.compile(rb"<si>|<t(?: [^<>]*)?>([^<>]*)</t>")
_CELL: Final = re.compile(rb"(<row[ >])|<c ((?:[^<>])*)>|<(?:v|t)(?: [^<>]*)?>([^<>]*)</(?:v|t)>")
_QUOTES: Final = str.maketrans("\u201c\u201d\u201e\u2018\u2019\u201a\xa0", "\"\"\"''' ")


def is_text(name: str) -> bool:
    """A part of a text or of slides that people write."""
    return name.endswith(".xml") and name.startswith(
        ("word/", "ppt/slides/", "ppt/notesSlides/", "ppt/comments")
    )


def is_sheet(name: str) -> bool:
    return name.endswith(".xml") and name.startswith("xl/worksheets/")


def text(xml: bytes) -> bytes:
    """The paragraphs. Typographic quotes are made plain: editors put them around values."""
    found = _TEXTS.finditer(xml)
    return _plain(b"".join(one[1] if one[1] is not None else b"\t" if one[3] else b"\n" for one in found))


def strings(xml: bytes) -> list[bytes]:
    """The shared strings of a workbook, by number."""
    found: list[list[bytes]] = []
    for match in _STRING.finditer(xml):
        if match[1] is None:
            found.append([])
        elif found:
            found[-1].append(match[1])
    return [_plain(b"".join(pieces)) for pieces in found]


def sheet(xml: bytes, shared: list[bytes]) -> bytes:
    """The rows; the first one names the columns."""
    columns: list[bytes] = []
    out: list[bytes] = []
    for row in _rows(xml, shared):
        out += tables.lines(columns, row)
        columns = columns or row
    return b"\n".join(out)


def _rows(xml: bytes, shared: list[bytes]) -> Iterator[list[bytes]]:
    row: list[bytes] = []
    attributes = b""
    for found in _CELL.finditer(xml):
        if found[1]:
            if row:
                yield row
            row = []
        elif found[2] is not None:
            attributes = found[2]
        elif b't="s"' in attributes:
            number = int(found[3]) if found[3].isdigit() and len(found[3]) < 9 else -1
            row.append(shared[number] if 0 <= number < len(shared) else b"")
        else:
            row.append(_plain(found[3]))
    if row:
        yield row


def _plain(xml: bytes) -> bytes:
    return html.unescape(xml.decode("utf-8", "replace")).translate(_QUOTES).encode("utf-8", "replace")
