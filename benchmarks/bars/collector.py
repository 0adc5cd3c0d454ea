"""The collector on GitHub's public stream at its real rate: how long a leak takes to be found, what it costs, and what kill -9 loses.

python -m benchmarks.bars.collector [--minutes N]

The small internet publishes 170 events a second on our own clock. `collect`, `match` and `alert` run as processes on the embedded bus,
one token. First for some minutes undisturbed: the time from a document's arrival to its finding, and the collector's CPU. Then the
collector is killed ten times in five minutes: what the feed itself showed, and what the watched owner pushed, is on the bus; what is
there twice carries no text the second time. Prints its progress, writes docs/evidence/collector.json; exit status 0 when every
check holds, else 1.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks import evidence
from benchmarks.bars.fastworld import OWNER
from benchmarks.bars.figures import spread
from benchmarks.bars.fleet import Fleet
from benchmarks.bars.judging import Checks
from benchmarks.bars.public_stream import fast_world
from monitor.bus.base import Record, TopicPartition
from monitor.bus.embedded import EmbeddedBus
from monitor.contracts import DOCUMENTS, FINDINGS, Document, FindingEvent
from monitor.metrics import Metrics

NAME: Final = "collector"
P50_SECONDS: Final = 0.5
P99_SECONDS: Final = 1.2
CPU: Final = 0.6  # of one core
KILLS: Final = 10
_KILL_MINUTES: Final = 5.0
_SETTLE: Final = 90.0  # seconds that a push may wait for its turn
_CONFIG: Final = """\
state = "{state}"

[http]
contact = "https://example.com/leakstream-bars"
allow_private = ["127.0.0.1"]

[watch]
organisations = ["{owner}"]

[log]
level = "warning"

[sources.github_events]
base_url = "{url}"
token = "the-first-one"
diff_requests_per_minute = 80
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.collector")
    parser.add_argument("--minutes", type=float, default=4.0, help="of the undisturbed part")
    given = parser.parse_args(arguments)
    checks = Checks()
    calm = asyncio.run(_run(checks, given.minutes * 60, kills=0))
    killed = asyncio.run(_run(checks, _KILL_MINUTES * 60, kills=KILLS))
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}: {result}")
    evidence.write(NAME, {"checks": checks.results, "calm": calm, "killed": killed})
    return 0 if checks.passed else 1


async def _run(checks: Checks, seconds: float, *, kills: int) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="collector-"))
    try:
        given = {"speed": 1.0, "seed": 3 + kills, "rates": [[0, 170]], "epoch": time.time(), "leaks": 0.03}
        async with fast_world(folder, given) as (url, _):
            config = folder / "leakstream.toml"
            config.touch(mode=0o600)
            config.write_text(_CONFIG.format(state=folder / "state", owner=OWNER, url=url))
            cpu = await asyncio.to_thread(_drive, folder, config, seconds, kills)
        truth = orjson.loads((folder / "truth.json").read_bytes())
        bus = EmbeddedBus(folder / "state" / "bus", clock=time.time, metrics=Metrics(), prefix="leakstream.")
        await bus.start()
        try:
            documents = [Document.read(record) for record in await _all(bus, DOCUMENTS)]
            findings = [FindingEvent.read(record) for record in await _all(bus, FINDINGS)]
        finally:
            await bus.close()
    finally:
        shutil.rmtree(folder)
    return _judge(checks, documents, findings, truth, cpu, kills)


def _drive(folder: Path, config: Path, seconds: float, kills: int) -> float:
    """Run the stages; returns the CPU seconds of the collector for each second that it ran (its last process)."""
    rng = random.Random(kills)
    with Fleet(folder, config) as fleet:
        for stage in ("match", "alert", "collect"):
            fleet.wait_ready(fleet.start(stage, stage))
        end = time.monotonic() + seconds
        at = sorted(rng.uniform(20.0, seconds - 60.0) for _ in range(kills))
        begun = time.monotonic()
        for moment in at:
            time.sleep(max(0.0, begun + moment - time.monotonic()))
            fleet.kill("collect")
            print(f"killed after {time.monotonic() - begun:.0f} s", flush=True)
            fleet.wait_ready(fleet.restart("collect"))
        last = fleet.members["collect"]
        used, since = _cpu(last.process.pid), time.monotonic()
        time.sleep(max(0.0, end - time.monotonic()))
        spent = (_cpu(last.process.pid) - used) / (time.monotonic() - since)
        fleet.look()
        if fleet.ended_by_themselves:
            raise SystemExit(f"ended by themselves: {fleet.ended_by_themselves}")
    return spent


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _longest_line(secret: bytes) -> bytes:
    """In a diff each line of a private key has a sign of its own in front."""
    return max(secret.split(b"\n"), key=len)


async def _all(bus: EmbeddedBus, topic: str) -> list[Record]:
    found: list[Record] = []
    for place, end in (await bus.end_offsets([topic])).items():
        offset = 0
        while offset < end:
            records = await bus.read(TopicPartition(place.topic, place.partition), offset, 500)
            if not records:
                break
            found += records
            offset = records[-1].offset + 1
    return found


def _judge(
    checks: Checks,
    documents: Sequence[Document],
    findings: Sequence[FindingEvent],
    truth: dict[str, Any],
    cpu: float,
    kills: int,
) -> dict[str, Any]:
    name = "killed" if kills else "calm"
    waits = [finding.matched_at - finding.fetched_at for finding in findings]
    latency = spread(waits)
    text = b"\n".join(document.content for document in documents)
    due = [told for told in truth["told"] if told["at"] < truth["ended"] - _SETTLE]
    missing = [told for told in due if _longest_line(bytes.fromhex(told["secret"])) not in text]
    whole = Counter((d.id, d.content) for d in documents if d.content and d.provenance.owner != OWNER)
    twice = sum(count - 1 for count in whole.values())
    checks.add(f"{name}: no limit broken", not truth["violations"], found=truth["violations"])
    checks.add(
        f"{name}: nothing is lost that was shown",
        not missing and bool(due),
        missing=len(missing),
        of=len(due),
    )
    if kills:
        checks.add(f"{name}: what comes twice has no text", twice == 0, twice=twice, documents=len(documents))
    else:
        ok = latency["p50"] < P50_SECONDS and latency["p99"] < P99_SECONDS
        checks.add("calm: arrival to finding", ok, **latency)
        checks.add("calm: CPU of the collector", cpu < CPU, cores=round(cpu, 3))
    return {
        "documents": len(documents),
        "without_text": sum(d.known for d in documents),
        "findings": len(findings),
        "latency": latency,
        "cpu": cpu,
        "told": len(due),
        "missing": [{**told, "secret": ""} for told in missing],
        "requests": truth["requests"],
        "publishing_late_seconds": truth["late_seconds"],
    }


if __name__ == "__main__":
    sys.exit(main())
