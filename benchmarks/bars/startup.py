"""From start to ready: of the whole service and of each stage, with a warm database cache.

python -m benchmarks.bars.startup

Prints its figures, writes docs/evidence/startup.json; exit status 0 when the median of every command is below two seconds, else 1.
"""

from __future__ import annotations

import secrets
import shutil
import signal
import statistics
import sys
from typing import Final

from benchmarks import evidence
from benchmarks.bars import fleet, serviceconfig
from benchmarks.bars.judging import Checks

FOLDER: Final = evidence.WORK / "startup"
TIMES: Final = 5
READY_SECONDS: Final = 2.0


def main() -> int:
    """The exit status. Blocks for about a minute."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the process is ended on the way out
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    config = FOLDER / "leakstream.toml"
    serviceconfig.write(
        config,
        cache=FOLDER / "cache",
        owners=["acme-corp"],
        token=secrets.token_urlsafe(24),
        tables=serviceconfig.webhook("http://127.0.0.1:9/hook"),  # nothing is delivered
    )
    checks = Checks()
    with fleet.Fleet(FOLDER, config) as processes:
        _start(processes, "run")  # makes state, key and database cache
        for command in ("run", "collect", "match", "alert"):
            _measure(processes, command, checks)
    print(evidence.write("startup", {"passed": checks.passed, "checks": checks.results}))
    return 0 if checks.passed else 1


def _measure(processes: fleet.Fleet, command: str, checks: Checks) -> None:
    notes = fleet.environment_notes()
    starts = [_start(processes, command) for _ in range(TIMES)]
    times = [seconds for seconds, _ in starts]
    median = statistics.median(times)
    print(f"    {command:8} median {median:.2f} s, max {max(times):.2f} s, load {fleet.load():.1f}")
    checks.add(
        f"{command} is ready in time",
        # the median: other work on the machine may hold up any single start, and `load_1min` says how much there was
        median < READY_SECONDS,
        median_s=round(median, 3),
        max_s=round(max(times), 3),
        times_s=[round(seconds, 3) for seconds in times],
        cpu_median_s=round(statistics.median(cpu for _, cpu in starts), 3),
        wanted=f"median < {READY_SECONDS} s",
        **notes,
    )


def _start(processes: fleet.Fleet, command: str) -> tuple[float, float]:
    """Seconds of wall clock and of CPU until it was ready."""
    try:
        member = processes.start(command, command)
        return processes.wait_ready(member), fleet.cpu_seconds(member.process.pid)
    finally:
        processes.stop()


if __name__ == "__main__":
    sys.exit(main())
