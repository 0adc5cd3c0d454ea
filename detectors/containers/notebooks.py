"""Notebooks (ipynb): the source of each cell and what it printed, as the lines they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

from detectors.containers.base import BrokenContainer, Member, Meter

_DEPTH: Final = 6  # of lists and objects in an output


def members(text: bytes, meter: Meter) -> Iterator[Member]:
    """Raises BrokenContainer, OverBudget."""
    try:
        notebook = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BrokenContainer from error
    for number, cell in enumerate(_cells(notebook)):
        meter.pay_member()
        parts = list(_texts(cell.get("source"), _DEPTH))
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else ():
            if isinstance(output, dict):
                for key in ("text", "data", "traceback"):
                    parts += _texts(output.get(key), _DEPTH)
        data = "\n".join(parts).encode("utf-8", "replace")
        meter.pay(len(data))
        yield Member(f"cell {number + 1}", data)


def _cells(notebook: Any) -> Iterator[dict[str, Any]]:
    """Of the present form, and of the one before 2014 with worksheets."""
    if not isinstance(notebook, dict):
        return
    sheets = notebook.get("worksheets")
    for holder in (notebook, *(sheets if isinstance(sheets, list) else ())):
        cells = holder.get("cells") if isinstance(holder, dict) else None
        for cell in cells if isinstance(cells, list) else ():
            if isinstance(cell, dict):
                yield cell if "source" in cell else {**cell, "source": cell.get("input")}


def _texts(value: Any, depth: int) -> Iterator[str]:
    """A text, the lines of one, or all texts of an object."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        lines = [line for line in value if isinstance(line, str)]
        yield "".join(lines)
    elif isinstance(value, dict) and depth:
        for kind, inner in value.items():
            if not kind.startswith(("image/", "application/pdf")):
                yield from _texts(inner, depth - 1)
