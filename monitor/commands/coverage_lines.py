"""Rows of the ledger's tables as text. What a source named is made fit for a terminal."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from monitor.commands import spans
from monitor.coverage.blind import Interval
from monitor.coverage.summary import Row
from monitor.untrusted import Sink, untrusted

COUNTS: Final = ("expected", "listed", "fetched", "scanned", "skipped", "lost", "capture", "blind")


class By(StrEnum):
    """What a row stands for."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def seconds(self) -> float:
        return {By.MINUTE: 60.0, By.HOUR: 3600.0, By.DAY: 86_400.0}[self]


def cells(row: Row, *, start: bool) -> list[str]:
    """A row of the table; `start`: with the time that it begins at."""
    skipped = ", ".join(f"{reason} {count:.0f}" for reason, count in list(row.skipped.items())[:3])
    expected = "?" if row.expected is None else f"{row.expected:.0f} ({row.low:.0f} - {row.high:.0f})"
    return [
        name_of(row),
        *([spans.shown(row.start)] if start else []),
        expected,
        f"{row.listed:.0f}",
        f"{row.fetched:.0f}",
        f"{row.scanned:.0f}",
        untrusted(skipped, Sink.TERMINAL),
        f"{row.lost:.0f}",
        share_of(row),
        spans.length(row.blind_seconds),
    ]


def name_of(row: Row) -> str:
    """Source and feed."""
    return untrusted(f"{row.source} {row.feed}".strip(), Sink.TERMINAL)


def share_of(row: Row) -> str:
    """What was captured, and between which shares nine times of ten."""
    if row.capture is None or row.capture_low is None or row.capture_high is None:
        return "?"
    return f"{row.capture:.1%} ({row.capture_low:.1%} - {row.capture_high:.1%})"


def blind_line(span: Interval) -> str:
    """When who was blind, why, and whether it was filled."""
    repaired = f", filled by {span.repaired_by}" if span.repaired_by else ", not filled"
    name = untrusted(f"{span.source} {span.feed}".strip(), Sink.TERMINAL)
    times = f"{spans.shown(span.since)} to {spans.shown(span.until)}"
    return f"blind: {name} {times} ({spans.length(span.until - span.since)}): {span.reason}{repaired}"
