"""The coverage ledger, read with SQL of our own: which records of a topic are told as lost."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

Ranges = Mapping[int, tuple[int, int]]  # by partition: first and last offset


@dataclass(frozen=True, slots=True)
class Losses:
    """What all events of one source say together."""

    ranges: Ranges
    lost: int
    events: int
    blind: frozenset[str]


def losses(database: Path, source: str) -> Losses:
    """Raises sqlite3.Error; ValueError when two events name gaps of one partition that do not meet."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        rows = connection.execute(
            "SELECT body FROM coverage WHERE source = ? ORDER BY seq", (source,)
        ).fetchall()
    told = [json.loads(row[0])["event"] for row in rows]
    # one that grew is told once more: the last telling holds
    latest = {(event["gaps"][0]["partition"], event["gaps"][0]["first"]): event for event in told}
    events = list(latest.values())
    ranges: dict[int, tuple[int, int]] = {}
    for gap in sorted(
        (gap for event in events for gap in event["gaps"]), key=lambda gap: (gap["partition"], gap["first"])
    ):
        number, first, last = gap["partition"], gap["first"], gap["last"]
        if number in ranges:
            if first != ranges[number][1] + 1:
                raise ValueError(f"partition {number}: {ranges[number]} and {(first, last)} do not meet")
            first = ranges[number][0]
        ranges[number] = (first, last)
    return Losses(
        ranges, sum(event["lost"] for event in events), len(events), frozenset(e["blind"] for e in events)
    )


def without(ranges: Ranges, ids: Mapping[int, Mapping[int, str]], known: Collection[str]) -> Ranges:
    """The ranges from their first record on whose document is not in `known`. `ids`: the document at each offset of each partition."""
    left: dict[int, tuple[int, int]] = {}
    for partition, (first, last) in ranges.items():
        begin = next((n for n in range(first, last + 1) if ids[partition][n] not in known), None)
        if begin is not None:
            left[partition] = (begin, last)
    return left
