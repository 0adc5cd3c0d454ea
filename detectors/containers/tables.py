"""Rows of a table as lines that the rules read: a value beside the name of its column, and beside the cell before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

_LONGEST_NAME: Final = 80  # a longer cell names nothing


def lines(columns: Sequence[bytes], cells: Sequence[bytes]) -> Iterator[bytes]:
    """Of one row, without line ends between them. A cell of several lines, or a long one, stands as it is."""
    before = b""
    for number, cell in enumerate(cells):
        if not cell:
            before = b""
            continue
        plain = b"\n" in cell or len(cell) > 4096
        name = columns[number] if number < len(columns) else b""
        if plain:
            yield cell
        elif name:
            yield name + b' = "' + cell + b'"'
        else:
            yield b'"' + cell + b'"'
        if before and not plain:
            yield before + b' = "' + cell + b'"'
        before = cell if len(cell) <= _LONGEST_NAME and not plain else b""
