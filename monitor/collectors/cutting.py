"""Long documents become parts that fit a record and overlap by more than the longest token, so that none is cut in two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from monitor.contracts import Document
from monitor.identity import blob_sha
from monitor.sizes import PART_BYTES, PART_OVERLAP

_LINE_SEARCH: Final = 4096  # how far back a part may begin to begin with a line


def cut(document: Document, *, limit: int = PART_BYTES, overlap: int = PART_OVERLAP) -> Iterator[Document]:
    """The document itself when its content fits `limit` bytes, else its parts in order.

    Parts keep the id and have the blob id of the whole; `offset` and `line` say where each begins. A part begins with a line where one is near, and always at
    an even offset, so that UTF-16 stays readable.
    """
    content = document.content
    if len(content) <= limit:
        yield document
        return
    if not document.blob_sha and not document.offset and not document.more:
        document = replace(document, blob_sha=blob_sha(content))
    start, line, shared = 0, document.line, document.overlap
    while True:
        end = start + limit
        yield replace(
            document,
            content=content[start:end],
            offset=document.offset + start,
            line=line,
            overlap=shared,
            more=document.more or end < len(content),
        )
        if end >= len(content):
            return
        following = _begin(content, end - overlap, after=start)
        line += content.count(b"\n", start, following)
        start, shared = following, end - following


def _begin(content: bytes, nominal: int, *, after: int) -> int:
    """The best place for a part to begin at or before `nominal`."""
    lowest = max(after + 2, nominal - _LINE_SEARCH)
    place = nominal
    while (newline := content.rfind(b"\n", lowest, place)) >= 0:
        if (newline + 1) % 2 == 0:
            return newline + 1
        place = newline
    return nominal - nominal % 2
