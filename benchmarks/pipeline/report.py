"""The figures as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from benchmarks.pipeline.usage import at_2_4_ghz

_STAGES: Final = ("collect", "bare", "match", "alert")


def show(console: Console, body: Mapping[str, Any]) -> None:
    """Prints them: as measured, and what that is at the targets' clock."""
    heads = (
        "bus",
        "bytes",
        "matchers",
        "stage",
        "records/cpu s",
        "MB/cpu s",
        "records/s",
        "GHz",
        "at 2.4 GHz",
        "MB",
        "peak MB",
    )
    table = Table(*heads, box=None)
    for case in body["stages"]:
        for stage in _STAGES:
            found = case.get(stage, [])
            for row in found if isinstance(found, list) else [found]:
                records, megabytes, clock = row["per_cpu_s"], row["mb_per_cpu_s"], row["gigahertz"]
                table.add_row(
                    *(case["bus"], str(case["bytes"]), str(case["matchers"]), stage),
                    *(f"{records:,}", f"{megabytes}", f"{row['per_s']:,}", str(clock)),
                    *(_scaled(records, clock), _scaled(megabytes, clock)),
                    _peak(row, case["peak_mb"], stage),
                )
    console.print(table)
    for row in body["latency"]:
        console.print(
            f"arrival to notifier on {row['bus']}, {row['documents_per_s']} documents/s: p50 {row['p50_s']:.3f} s, p99 {row['p99_s']:.3f} s,"
            f" {row['pages']} of {row['expected']} pages"
        )


def _scaled(figure: float, clock: float | None) -> str:
    scaled = at_2_4_ghz(figure, clock)
    return "" if scaled is None else f"{scaled:,.0f}"


def _peak(row: Mapping[str, Any], peaks: Mapping[str, float], stage: str) -> str:
    if "peak_mb" in row:
        return str(row["peak_mb"])
    return " + ".join(str(peak) for name, peak in peaks.items() if name.startswith(stage))
