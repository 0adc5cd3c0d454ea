"""Capture over time as text: blocks for the share that was listed, a cross where nothing was seen, nothing where nothing is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from monitor.coverage.estimate import Minute
from monitor.coverage.summary import rows

_EIGHTHS: Final = " ▁▂▃▄▅▆▇█"
_HEIGHT: Final = 4  # lines
_LABEL: Final = 7  # columns of the scale
_TOPS: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # what the scale may end at
_SEEN: Final = "─"
BLIND: Final = "x"
REPAIRED: Final = "+"


def plot(minutes: Sequence[Minute], since: float, until: float, *, width: int) -> list[str]:
    """Lines of one feed's minutes, at most `width` columns. A column is as many whole minutes as it takes."""
    columns = max(10, width - _LABEL - 2)
    step = max(1, math.ceil((until - since) / 60.0 / columns)) * 60.0
    start = since // step * step
    count = max(1, math.ceil((until - start) / step))
    cells: list[list[Minute]] = [[] for _ in range(count)]
    for minute in minutes:
        if 0 <= (place := int((minute.start - start) // step)) < count:
            cells[place].append(minute)
    shares = [rows(cell)[0].capture if cell else None for cell in cells]
    top = next((top for top in _TOPS if top >= max((s for s in shares if s is not None), default=1.0)), 1.0)
    lines = []
    for line in reversed(range(_HEIGHT)):
        label = f"{top:.0%}" if line == _HEIGHT - 1 else ""
        lines.append(f"{label:>{_LABEL}} │" + "".join(_block(share, top, line) for share in shares))
    lines.append(f"{'0%':>{_LABEL}} ┼" + "".join(_mark(cell) for cell in cells))
    lines.append(" " * (_LABEL + 2) + _times(start, step, count))
    return [line.rstrip() for line in lines]


def _block(share: float | None, top: float, line: int) -> str:
    if share is None:
        return " "
    eighths = math.ceil(share / top * _HEIGHT * 8 - 1e-9)  # what is not nothing shows
    return _EIGHTHS[max(0, min(8, eighths - line * 8))]


def _mark(cell: Sequence[Minute]) -> str:
    blind = [minute for minute in cell if minute.blind_seconds > 0]
    if not blind:
        return _SEEN
    return REPAIRED if all(minute.repaired for minute in blind) else BLIND


def _times(start: float, step: float, count: int) -> str:
    form = "%H:%M" if step * count <= 2 * 86_400 else "%m-%d"
    line = ""
    for column in range(0, count, 12):
        line = f"{line:<{column}}" + datetime.fromtimestamp(start + column * step, UTC).strftime(form)
    return line
