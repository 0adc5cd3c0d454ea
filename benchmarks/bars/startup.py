"""From start to ready: of the whole service and of each stage, with a warm database cache."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any, Final

from benchmarks.bars import fleet
from benchmarks.bars.judging import Checks

TIMES: Final = 5
READY_SECONDS: Final = 2.0


def measure(folder: Path, config: Path, checks: Checks) -> None:
    """Start each command several times on one state folder, which the first start makes. Blocks."""
    folder.mkdir()
    print(f"start to ready, {TIMES} times each, load {fleet.load():.1f}")
    with fleet.Fleet(folder, config) as processes:
        cold = _once(processes, "run")  # makes the state; compiles the rules' database if it is not there
        for command in ("run", "collect", "match", "alert"):
            times = [_once(processes, command) for _ in range(TIMES)]
            figures: dict[str, Any] = {
                "median_s": round(statistics.median(times), 3),
                "max_s": round(max(times), 3),
                "times_s": [round(seconds, 3) for seconds in times],
                "wanted": f"median < {READY_SECONDS} s",
                **fleet.environment_notes(),
            }
            if command == "run":
                figures["first_start_s"] = round(cold, 3)
            print(f"    {command:8} median {figures['median_s']:.2f} s, max {figures['max_s']:.2f} s")
            # the median: other work on the machine may hold up any single start, and `load_1min` says how much there was
            checks.add(f"{command} is ready in time", statistics.median(times) < READY_SECONDS, **figures)


def _once(processes: fleet.Fleet, command: str) -> float:
    try:
        return processes.wait_ready(processes.start(command, command))
    finally:
        processes.stop()
