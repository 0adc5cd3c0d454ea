"""SQLite files, read page by page by these few lines: a foreign file is never given to a database engine.

In the file as it lies the texts of a row stand beside each other with nothing between, so that a token has no boundary and a value no
name. Here each row becomes lines (detectors.containers.tables). Deleted rows and indices are not read; whoever scans the file as
it lies sees those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from detectors.beginnings import SQLITE
from detectors.containers import tables
from detectors.containers.base import PART, BrokenContainer, Member, Meter, OverBudget, Source, exactly

MAGIC: Final = SQLITE
_TABLE_LEAF, _TABLE_INNER, _INDEX_LEAF, _INDEX_INNER = 0x0D, 0x05, 0x0A, 0x02
_ROW_COST: Final = 256  # of the budget, at least: a row takes time even where it has hardly a byte
_MOST_COLUMNS: Final = 2000  # SQLite's own limit
_COLUMN: Final = re.compile(rb"""\s*(?:"([^"]{1,200})"|`([^`]{1,200})`|\[([^\]]{1,200})\]|(\w{1,200}))""")
_SIGNS: Final = re.compile(rb"[(),]")
_CONSTRAINTS: Final = frozenset({b"primary", b"unique", b"check", b"foreign", b"constraint"})
_NUMBERS: Final = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0)  # bytes of the serial types that are no text
_UTF16: Final = {2: "utf-16-le", 3: "utf-16-be"}


def members(file: Source, meter: Meter) -> Iterator[Member]:
    """The tables, large ones in parts. Raises BrokenContainer, OverBudget."""
    pages = _Pages(file, meter)
    for schema in pages.rows(1):
        if len(schema) < 5 or schema[0] != b"table":
            continue
        _, name, _, root, sql = schema[:5]
        if isinstance(root, int) and isinstance(name, bytes) and isinstance(sql, bytes):
            yield from _members_of(pages, name.decode("utf-8", "replace"), root, column_names(sql))


def _members_of(pages: _Pages, name: str, root: int, columns: list[bytes]) -> Iterator[Member]:
    lines: list[bytes] = []
    size = 0
    try:
        for row in pages.rows(root):
            for line in tables.lines(columns, [cell if isinstance(cell, bytes) else b"" for cell in row]):
                lines.append(line)
                size += len(line) + 1
            if size >= PART // 2:
                yield Member(name, b"\n".join(lines))
                lines, size = [], 0
    except (BrokenContainer, OverBudget):
        yield Member(name, b"\n".join(lines))
        raise
    if lines:
        yield Member(name, b"\n".join(lines))


def column_names(sql: bytes) -> list[bytes]:
    """Of a CREATE TABLE statement, in order."""
    start = sql.find(b"(") + 1
    depth, begins = 0, [start]
    for found in _SIGNS.finditer(sql, start):
        if found[0] == b"," and not depth:
            begins.append(found.end())
        depth += (found[0] == b"(") - (found[0] == b")")
    names = []
    for begin in begins[:_MOST_COLUMNS]:
        column = _COLUMN.match(sql, begin)
        name = column[column.lastindex or 0].strip() if column is not None else b""
        if name.lower() not in _CONSTRAINTS:
            names.append(name)
    return names


class _Pages:
    """The pages of one file. Raises BrokenContainer at what is none."""

    def __init__(self, file: Source, meter: Meter) -> None:
        file.seek(0)
        head = exactly(file.read, 100)
        size = int.from_bytes(head[16:18], "big")
        self._size = 65_536 if size == 1 else size
        if len(head) < 100 or self._size < 512 or self._size & (self._size - 1):
            raise BrokenContainer
        self._usable = self._size - head[20]
        if self._usable < 480:
            raise BrokenContainer
        self._codec = _UTF16.get(int.from_bytes(head[56:60], "big"), "")
        self._file = file
        self._meter = meter

    def rows(self, root: int) -> Iterator[list[bytes | int]]:
        """The records of the tree at page `root`; what is neither text nor number is b""."""
        waiting, seen = [root], {root}
        while waiting:
            number = waiting.pop()
            page = self._page(number)
            base = 100 if number == 1 else 0
            kind = page[base]
            inner = kind in (_TABLE_INNER, _INDEX_INNER)
            if kind not in (_TABLE_LEAF, _TABLE_INNER, _INDEX_LEAF, _INDEX_INNER):
                raise BrokenContainer
            count = _u16(page, base + 3)
            first = base + (12 if inner else 8)
            children = [_u32(page, base + 8)] if inner else []
            for slot in range(first, min(first + 2 * count, self._size - 1), 2):
                at = _u16(page, slot)
                if inner:
                    children.append(_u32(page, at))
                    at += 4
                if kind != _TABLE_INNER:
                    yield self._record(page, at, table=kind == _TABLE_LEAF)
            for child in children:
                if child not in seen:
                    seen.add(child)
                    waiting.append(child)

    def _page(self, number: int) -> bytes:
        self._meter.pay(_ROW_COST)
        self._file.seek((number - 1) * self._size if number > 0 else 0)
        page = exactly(self._file.read, self._size)
        if number < 1 or len(page) < self._size:
            raise BrokenContainer
        return page

    def _record(self, page: bytes, at: int, *, table: bool) -> list[bytes | int]:
        size, at = _varint(page, at)
        if table:
            _, at = _varint(page, at)  # the row's number
        self._meter.pay(_ROW_COST + size)
        payload = self._payload(page, at, size, table=table)
        head, here = _varint(payload, 0)
        body = head
        row: list[bytes | int] = []
        while here < min(head, len(payload)) and len(row) < _MOST_COLUMNS:
            kind, here = _varint(payload, here)
            length = (kind - 12) // 2 if kind >= 12 else _NUMBERS[kind]
            data = payload[body : body + length]
            body += length
            if kind >= 12:
                row.append(self._text(data) if kind % 2 else data)
            elif 1 <= kind <= 6:
                row.append(int.from_bytes(data, "big", signed=True))
            else:
                row.append(b"")
        return row

    def _payload(self, page: bytes, at: int, size: int, *, table: bool) -> bytes:
        """What lies in the cell, and in the chain of pages behind it."""
        usable = self._usable
        most = usable - 35 if table else (usable - 12) * 64 // 255 - 23
        if size <= most:
            return page[at : at + size]
        least = (usable - 12) * 32 // 255 - 23
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
        pieces, left, after = [page[at : at + local]], size - local, _u32(page, at + local)
        while left > 0 and after:
            page = self._page(after)
            pieces.append(page[4 : min(usable, 4 + left)])
            left -= usable - 4
            after = _u32(page, 0)
        return b"".join(pieces)

    def _text(self, data: bytes) -> bytes:
        return data.decode(self._codec, "replace").encode("utf-8", "replace") if self._codec else data


def _u16(page: bytes, at: int) -> int:
    return int.from_bytes(page[at : at + 2], "big")


def _u32(page: bytes, at: int) -> int:
    return int.from_bytes(page[at : at + 4], "big")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number and where it ends; what is cut off counts as zeros."""
    value = 0
    for place in range(8):
        byte = data[at + place] if at + place < len(data) else 0
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    last = data[at + 8] if at + 8 < len(data) else 0
    return value << 8 | last, at + 9
