"""How long a finding takes to the pager through the alerting stage alone, held to one core.

python -m benchmarks.bars.paging_latency [--store sqlite|postgresql] [--seconds N] [--rate N]

200 findings a second, each of them a leak of the watched owner that nobody has seen before: each opens an exposure and is a page of its
own, which is the dearest thing that a finding can be. They come as a matcher sends them, as soon as they are there; the process
of `leakstream alert` is pinned to one core (taskset), whoever sends and receives, and PostgreSQL, to the others. A latency begins before the
finding is handed to the bus and ends when its POST is at the webhook's receiver. Writes docs/evidence/paging-latency.json; exit status 0
when 99 in 100 came within a second and none is missing, on both stores. Four minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, Final

from benchmarks import evidence
from benchmarks.bars import serviceconfig
from benchmarks.bars.alerters import STORES, Leak, Matcher, Stage, stage
from benchmarks.bars.figures import spread
from benchmarks.bars.fleet import cpu_seconds, environment_notes, peak_bytes
from benchmarks.bars.judging import Checks
from benchmarks.bars.pages import Pages, of_webhook, pages
from benchmarks.bars.stream import OWNER
from benchmarks.cpuclock import gigahertz
from monitor.aio import spawn
from monitor.bus.base import Message

NAME: Final = "paging-latency"
RATE: Final = 200  # findings a second
P99_SECONDS: Final = 1.0
_SECONDS: Final = 60.0
_WARM_SECONDS: Final = 10.0  # not counted
_BURST: Final = 0.05  # seconds of findings that are handed over at once
_PATIENCE: Final = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.paging_latency")
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="for each store")
    parser.add_argument("--rate", type=int, default=RATE, help="findings a second")
    parser.add_argument("--store", choices=STORES, action="append", help="default: both")
    parser.add_argument(
        "--alone",
        action="store_true",
        help="before everybody else on a machine that others use meanwhile (SCHED_RR, for root)",
    )
    parser.add_argument("--look", action="store_true", help="leave no evidence")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended on the way out
    if given.alone:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))  # and for whatever is started from here
    checks = Checks()
    runs = {
        store: asyncio.run(_run(checks, store, given.rate, given.seconds)) for store in given.store or STORES
    }
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}: {result}")
    if not given.look:
        told = {"passed": checks.passed, "checks": checks.results, "findings_per_s": given.rate, "runs": runs}
        told["before_everybody_else"] = given.alone  # what the load averages hold is then the others'
        print(evidence.write(NAME, told))
    return 0 if checks.passed else 1


async def _run(checks: Checks, store: str, rate: int, seconds: float) -> dict[str, Any]:
    before = environment_notes()
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[1:] or cores)  # and whatever is started from here
    try:
        async with pages(of_webhook) as told:
            with stage(NAME, store, tables=serviceconfig.webhook(told.url)) as place, place.fleet() as fleet:
                os.sched_setaffinity(0, cores[:1])
                member = fleet.start("alert", "alert")
                os.sched_setaffinity(0, cores[1:] or cores)
                await asyncio.to_thread(fleet.wait_ready, member)
                pid = member.process.pid
                print(f"{store}: leakstream alert is process {pid}", flush=True)
                arrivals, cpu = await _traffic(place, told, rate, seconds, pid)
                memory = peak_bytes(pid)
                retries = await asyncio.to_thread(fleet.totals, "batch_retries")
                await asyncio.to_thread(fleet.stop)
    finally:
        os.sched_setaffinity(0, cores)
    counted = {path: at for path, at in arrivals.items() if at >= min(arrivals.values()) + _WARM_SECONDS}
    waits = spread(told.waits(counted))
    checks.add(
        f"{store}: every finding is told, 99 in 100 within {P99_SECONDS:.0f} s",
        len(told.came) == len(arrivals) and waits["p99"] < P99_SECONDS,
        findings=len(arrivals),
        told=len(told.came),
        posts=told.posts,
        alerter_cpu=round(cpu, 2),
        retries=retries,
        **waits,
    )
    return {
        "seconds": waits,
        "alerter_cpu": round(cpu, 2),
        "alerter_mib": memory // 2**20,
        "batch_retries": retries,
        "gigahertz": gigahertz(),
        "before": before,
        "after": environment_notes(),
    }


async def _traffic(
    place: Stage, told: Pages, rate: int, seconds: float, pid: int
) -> tuple[dict[str, float], float]:
    """When the finding at each path was handed over, and the share of a core that the alerter used."""
    matcher = Matcher(place.key_id)
    arrivals: dict[str, float] = {}
    sending: list[asyncio.Task[None]] = []
    async with place.bus() as bus:
        producer = bus.producer()
        began, used = time.monotonic(), cpu_seconds(pid)
        while (passed := time.monotonic() - began) < seconds + _WARM_SECONDS:
            due = range(len(arrivals), min(int(passed * rate) + 1, int((seconds + _WARM_SECONDS) * rate)))
            burst: list[Message] = []
            for number in due:
                burst.append(matcher.finding(Leak(number, OWNER), 0, at=time.time()))
                arrivals[f"{number}/0.env"] = time.monotonic()
            if burst:
                sending.append(spawn(producer.send(burst), name="send"))
            await asyncio.sleep(_BURST)
        await asyncio.gather(*sending)
        share = (cpu_seconds(pid) - used) / (time.monotonic() - began)
        await told.reach(len(arrivals), patience=_PATIENCE)
        await producer.close()
    return arrivals, share


if __name__ == "__main__":
    sys.exit(main())
