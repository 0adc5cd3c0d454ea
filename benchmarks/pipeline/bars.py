"""What the matcher on Kafka has to reach, judged at the clock that the targets are stated for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.pipeline.usage import at_2_4_ghz

DOCUMENTS_OF_2_KB: Final = 25_000  # a CPU second
MEGABYTES_OF_20_KB: Final = 90.0  # a CPU second
PEAK_MB: Final = 400.0  # of each process
LATENCY_SECONDS: Final = 2.0  # p99


def judged(
    stages: Sequence[Mapping[str, Any]], latency: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Name of a check -> whether it holds and what was found. Only what was measured is judged; where the clock is unknown, as measured."""
    checks: dict[str, dict[str, Any]] = {}
    for case in stages:
        if case["bus"] != "kafka":
            continue
        match, who = case["match"], f"{case['matchers']} matcher(s), {case['bytes']} bytes"
        if case["bytes"] == 2048:
            found = _scaled(match["per_cpu_s"], match)
            checks[f"documents a CPU second: {who}"] = {
                "ok": found >= DOCUMENTS_OF_2_KB,
                "found": round(found),
                "wanted": DOCUMENTS_OF_2_KB,
            }
        if case["bytes"] == 20480:
            found = _scaled(match["mb_per_cpu_s"], match)
            checks[f"MB a CPU second: {who}"] = {
                "ok": found >= MEGABYTES_OF_20_KB,
                "found": round(found, 1),
                "wanted": MEGABYTES_OF_20_KB,
            }
        highest = max(peak for name, peak in case["peak_mb"].items() if name.startswith("match"))
        checks[f"peak MB of a process: {who}"] = {
            "ok": highest < PEAK_MB,
            "found": highest,
            "wanted": PEAK_MB,
        }
    for row in latency:
        checks[f"arrival to notifier, p99 in seconds: {row['bus']}"] = {
            "ok": row["p99_s"] < LATENCY_SECONDS and row["pages"] == row["expected"],
            "found": row["p99_s"],
            "wanted": LATENCY_SECONDS,
        }
    return checks


def _scaled(figure: float, match: Mapping[str, Any]) -> float:
    return at_2_4_ghz(figure, match["gigahertz"]) or figure


def speedup(stages: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """By bus and size: how many records a second of wall clock several matchers do for each one of a single matcher. They share this
    machine's cores, with the broker too: `cores` of the evidence says how many.
    """
    alone = {(c["bus"], c["bytes"]): c["match"]["per_s"] for c in stages if c["matchers"] == 1}
    return {
        f"{c['matchers']} matchers on {c['bus']}, {c['bytes']} bytes": round(
            c["match"]["per_s"] / alone[c["bus"], c["bytes"]], 2
        )
        for c in stages
        if c["matchers"] > 1
    }
