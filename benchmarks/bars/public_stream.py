"""What the collector says it sees of GitHub's public stream, against what there was.

python -m benchmarks.bars.public_stream [--minutes N] [--speed N] [--runs one,four]

The small internet publishes 170 events a second (340 for half an hour), five in a hundred come up to 30 s late, and three times it
answers nothing but 502 for 20, 45 and 90 s; all on a clock that runs twelve times as fast as ours. The collector runs the shipped
source with one token, then with a user's and three installations', on an SQLite state. Compared: limits broken, in rolling windows; for
each minute the capture ratio that the ledger estimates, and its 90 % interval, with the truth; blind intervals with the outages; the
pushes of the watched owner. Prints its progress, writes docs/evidence/public-stream.json; exit status 0 when every check holds,
else 1. Twenty minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from benchmarks import evidence
from benchmarks.bars.fastworld import EPOCH, OWNER
from benchmarks.bars.judging import Checks
from monitor.aio import sleep_until, spawn
from monitor.bus.base import Message, Record
from monitor.collectors.service import CollectorService
from monitor.collectors.sources import github_events
from monitor.contracts import COVERAGE, DOCUMENTS, CoverageEvent, Document
from monitor.coverage.blind import blind_intervals
from monitor.coverage.estimate import Minute, minutes
from monitor.http import HttpClient
from monitor.metrics import Metrics
from monitor.simulator.clock import AdjustableClock
from monitor.store.collector_state import SqlCollectorState
from monitor.store.engine import Store
from monitor.tools import Tools
from monitor.watching import Watching

NAME: Final = "public-stream"
SOURCE: Final = "github_events"
FIREHOSE: Final = "/events"
RELATIVE: Final = 0.10  # of the truth
POINT: Final = 0.005  # or so much of all
INSIDE: Final = 0.85  # of the minutes whose interval holds the truth
BLIND_SECONDS: Final = 5.0
_WARM: Final = 3  # minutes before the first that is judged
_SETTLE: Final = 180.0  # seconds that a push may wait for its turn
_OUTAGES: Final = ((1_310.0, 1_330.0), (2_725.0, 2_770.0), (5_500.0, 5_590.0))
_RATES: Final = ((0, 170), (2_400, 170), (2_401, 340), (4_200, 340), (4_800, 170), (1e9, 170))


class Kept:
    """A producer that keeps what the bar looks at: coverage events, and which commits of the watched owner came."""

    def __init__(self) -> None:
        self.coverage: list[CoverageEvent] = []
        self.commits: set[tuple[str, str]] = set()
        self.documents = 0

    async def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            record = Record(message.topic, 0, 0, message.key, message.value, message.headers, 0.0)
            if message.topic == COVERAGE:
                self.coverage.append(CoverageEvent.read(record))
            elif message.topic == DOCUMENTS:
                self.documents += 1
                where = Document.read(record).provenance
                if where.owner == OWNER:
                    self.commits.add((where.repository, where.commit))

    async def close(self) -> None: ...


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.public_stream")
    parser.add_argument("--minutes", type=float, default=120.0, help="of the fast clock")
    parser.add_argument("--speed", type=float, default=12.0)
    parser.add_argument(
        "--runs", default="one,four", help="one = one token, four = a user and three installations"
    )
    given = parser.parse_args(arguments)
    checks, runs = Checks(), {}
    for seed, name in enumerate(given.runs.split(",")):
        runs[name] = asyncio.run(_run(checks, name, given.minutes * 60, given.speed, 7 + seed))
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}: {result}")
    evidence.write(
        NAME, {"checks": checks.results, "speed": given.speed, "minutes": given.minutes, "runs": runs}
    )
    return 0 if checks.passed else 1


@asynccontextmanager
async def fast_world(folder: Path, given: dict[str, Any]) -> AsyncIterator[tuple[str, AdjustableClock]]:
    """The process, its address, and a clock that shows what its clock shows."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.bars.fastworld",
        orjson.dumps({**given, "truth": str(folder / "truth.json")}).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        told = orjson.loads(await process.stdout.readline())
        start = told["clock"] + (time.monotonic() - told["monotonic"]) * given["speed"]
        yield told["url"], AdjustableClock(start, speed=given["speed"])
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _run(checks: Checks, name: str, seconds: float, speed: float, seed: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="public-stream-"))
    outages = [outage for outage in _OUTAGES if outage[1] < seconds - 300]
    kept = Kept()
    try:
        given = {"speed": speed, "seed": seed, "rates": _RATES, "outages": outages}
        async with fast_world(folder, given) as (url, clock):
            cpu = time.process_time()
            await _collect(url, clock, folder, kept, name, seconds, speed)
            cpu = time.process_time() - cpu
        truth = orjson.loads((folder / "truth.json").read_bytes())
    finally:
        shutil.rmtree(folder)
    return _judge(checks, name, kept, truth, outages, cpu)


async def _collect(
    url: str, clock: AdjustableClock, folder: Path, kept: Kept, name: str, seconds: float, speed: float
) -> None:
    """The shipped source for so many seconds of the fast clock."""

    async def sleep(stop: asyncio.Event, wanted: float) -> bool:
        return await sleep_until(stop, wanted / speed)

    metrics, watch = Metrics(), Watching(organisations=(OWNER,))
    http = HttpClient(
        user_agent="leakstream bar (nobody@example.com)", allow_private=("127.0.0.1",), clock=clock
    )
    tools = Tools(http=http, metrics=metrics, state=folder, clock=clock, watch=watch)
    settings = github_events.Settings.model_validate(
        {
            "base_url": url,
            "token": "the-first-one",
            "accounts": _installations(folder) if name == "four" else (),
            "diff_requests_per_minute": 80,
        }
    )
    store = await Store.open(folder / "collectors.db")
    service = CollectorService(
        {SOURCE: github_events.PLUGIN.build(settings, tools)},
        kept,
        SqlCollectorState(store, clock=clock),
        metrics,
        watch=watch,
        clock=clock,
        sleep=sleep,
    )
    stop = asyncio.Event()
    running = spawn(service.run(stop), name="collect")
    try:
        while clock() < EPOCH + seconds and not running.done():
            await asyncio.sleep(5.0)
            print(f"{name}: {(clock() - EPOCH) / 60:.0f} min, {kept.documents} documents", flush=True)
    finally:
        stop.set()
        await running
        await http.close()
        await store.close()


def _installations(folder: Path) -> tuple[Any, ...]:
    key = rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "app.pem").write_bytes(key.private_bytes(*form))
    return tuple(
        {
            "operator": f"team {n}",
            "app_id": "1",
            "installation_id": str(n),
            "private_key_file": folder / "app.pem",
        }
        for n in range(3)
    )


def _judge(
    checks: Checks,
    name: str,
    kept: Kept,
    truth: dict[str, Any],
    outages: Sequence[Sequence[float]],
    cpu: float,
) -> dict[str, Any]:
    begin, end = EPOCH + _WARM * 60, EPOCH + (truth["ended"] // 60 - 1) * 60
    told = {m.start - EPOCH: m for m in minutes(kept.coverage, begin, end) if m.feed == FIREHOSE}
    compared = [_compared(start, minute, truth) for start, minute in sorted(told.items())]
    usable = [c for c in compared if c is not None]
    near = [c for c in usable if c["error"] <= max(RELATIVE * c["truth"], POINT)]
    inside = [c for c in usable if c["low"] <= c["truth"] <= c["high"]]
    width = statistics.median((c["high"] - c["low"]) / 2 / c["estimate"] for c in usable if c["estimate"])
    blind = [i for i in blind_intervals(kept.coverage) if i.source == SOURCE]
    misses = [_off(outage, blind) for outage in outages]
    asked = [(r, h) for at, r, h in truth["pushes"] if at < truth["ended"] - _SETTLE]
    missed = [push for push in asked if tuple(push) not in kept.commits]
    every = len(usable)
    checks.add(f"{name}: no limit broken", not truth["violations"], found=truth["violations"])
    checks.add(f"{name}: every minute is told", every == len(compared) > 0, found=[every, len(compared)])
    checks.add(f"{name}: estimates near the truth", len(near) == every, found=[len(near), every])
    checks.add(f"{name}: intervals hold the truth", len(inside) >= INSIDE * every, found=[len(inside), every])
    checks.add(f"{name}: blind intervals", max(misses, default=0.0) <= BLIND_SECONDS, found=misses)
    checks.add(
        f"{name}: the watched owner's pushes", not missed and bool(asked), found=[len(missed), len(asked)]
    )
    return {
        "capture_truth": sum(truth["listed"].values()) / sum(truth["happened"].values()),
        "capture_estimate": statistics.fmean(c["estimate"] for c in usable),
        "worst_error_points": max(c["error"] for c in usable) * 100,
        "median_half_width": width,
        "blind": [[i.since - EPOCH, i.until - EPOCH, i.reason] for i in blind],
        "collector_cpu_seconds": cpu,
        "documents": kept.documents,
        "publishing_late_seconds": truth["late_seconds"],
        "requests": truth["requests"],
        "clients": len(truth["clients"]),
        "minutes": usable,
    }


def _compared(start: float, minute: Minute, truth: dict[str, Any]) -> dict[str, float] | None:
    if minute.capture is None or minute.capture_low is None or minute.capture_high is None:
        return None
    real = truth["listed"].get(str(int(start)), 0) / truth["happened"][str(int(start))]
    return {
        "minute": start / 60,
        "truth": real,
        "estimate": minute.capture,
        "low": minute.capture_low,
        "high": minute.capture_high,
        "error": abs(minute.capture - real),
    }


def _off(outage: Sequence[float], blind: Sequence[Any]) -> float:
    """By how many seconds the nearest blind interval is wrong, at its worse end."""
    return min(
        (max(abs(i.since - EPOCH - outage[0]), abs(i.until - EPOCH - outage[1])) for i in blind), default=1e9
    )


if __name__ == "__main__":
    sys.exit(main())
