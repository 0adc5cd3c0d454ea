"""The whole way on one embedded bus under kill -9: five processes, 20,000 documents, 500 planted leaks, 50 of them watched.

python -m benchmarks.bars.pipeline [--seed N]

`collect`, two `match` and two `alert` work on one folder while matchers, alerters and a scanning process are killed at random
moments. Then the store must hold exactly the planted leaks, each once, and the webhook exactly one idempotency key for each watched
one. Also measured: the peak memory of every process. Loopback only; two minutes, at most twenty.
Prints its progress, writes docs/evidence/pipeline.json; exit status 0 when every check holds, else 1.
"""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shutil
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks import evidence
from benchmarks.bars import serviceconfig
from benchmarks.bars.chaos import ALERTERS, MATCHERS, Chaos, plan
from benchmarks.bars.feed import Feed
from benchmarks.bars.fleet import Fleet, environment_notes, samples
from benchmarks.bars.judging import Checks, judge_exposures, judge_pages, read_store, repeats
from benchmarks.bars.pager import Pager
from benchmarks.bars.plants import Plants
from benchmarks.bars.serviceconfig import DEADLINE_SECONDS
from monitor.aio import cancel, spawn
from monitor.bus.base import TopicPartition
from monitor.bus.embedded import EmbeddedBus
from monitor.contracts import COVERAGE, DEAD_LETTER_SUFFIX, DOCUMENTS, FINDINGS, SIGHTINGS
from monitor.identity import load_keys

FOLDER: Final = evidence.WORK / "pipeline"
GROUPS: Final = {"match": (DOCUMENTS,), "alert": (FINDINGS, SIGHTINGS, COVERAGE)}
MEMORY_BYTES: Final = 300 * 10**6
FEED_SECONDS: Final = 600.0
DRAIN_SECONDS: Final = 600.0
QUIET_SECONDS: Final = 5.0
UNDER_WAY: Final = DEADLINE_SECONDS + 5.0  # until a delivery is written down
LEASE_SECONDS: Final = DEADLINE_SECONDS + 20.0  # the outbox's margin
REPEAT_WINDOW: Final = LEASE_SECONDS + 10.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    documents: int = 20_000
    leaks: int = 500
    watched: int = 50
    seed: int = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.pipeline")
    parser.add_argument("--seed", type=int, default=1, help="of the documents and of the kills")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended on the way out
    checks = Checks()
    size = Size(seed=given.seed)
    figures = asyncio.run(_bar(size, checks))
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}")
    print(evidence.write("pipeline", {"passed": checks.passed, "checks": checks.results, **figures}))
    return 0 if checks.passed else 1


async def _bar(size: Size, checks: Checks) -> dict[str, Any]:
    cache = FOLDER / "cache"  # kept from run to run
    for name in ("state", "logs"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    (FOLDER / "state.key").unlink(missing_ok=True)
    (FOLDER / "logs").mkdir(parents=True)
    print(f"planting {size.leaks} leaks in {size.documents} documents, seed {size.seed}")
    plants = await asyncio.to_thread(
        Plants.make, size.documents, size.leaks, size.watched, seed=size.seed, cache_dir=cache
    )
    pager = Pager()
    hook, token = await pager.start(), secrets.token_urlsafe(24)
    try:
        config = FOLDER / "leakstream.toml"
        serviceconfig.write(config, cache=cache, owners=plants.owners, token=token, hook=hook)
        return await _pipeline(size, checks, plants, pager, config, token)
    finally:
        await pager.close()


async def _pipeline(
    size: Size, checks: Checks, plants: Plants, pager: Pager, config: Path, token: str
) -> dict[str, Any]:
    before = environment_notes()
    with Fleet(FOLDER / "logs", config) as fleet:
        began = time.monotonic()
        for name in ("collect", *MATCHERS, *ALERTERS):
            fleet.start(name, name.partition("-")[0])
        for member in list(fleet.members.values()):
            await asyncio.to_thread(fleet.wait_ready, member)
        print(f"five processes are ready after {time.monotonic() - began:.1f} s, together")
        bus = EmbeddedBus(FOLDER / "state" / "bus")
        await bus.start()
        feed = Feed(fleet.members["collect"].web_port, token)
        chaos = Chaos(fleet, feed, pager, partial(_left, bus))
        try:
            traffic = await _traffic(size, plants, fleet, feed, chaos, bus)
            counted = {name: samples(member.metrics_port) for name, member in fleet.members.items()}
            await _judge_bus(checks, bus, feed.posted, counted)
        finally:
            await bus.close()
        statuses = await asyncio.to_thread(fleet.stop)
    _judge_processes(checks, fleet, chaos, statuses, drained=bool(traffic["drained"]))
    store = await asyncio.to_thread(read_store, FOLDER / "state" / "store.db")
    expected = plants.expected(load_keys(FOLDER / "state.key"))
    judge_exposures(checks, expected, store)
    found = repeats(pager.deliveries, chaos.alerters_killed_at, under_way=UNDER_WAY, window=REPEAT_WINDOW)
    judge_pages(checks, expected, store, pager.deliveries, found)
    return {
        "size": asdict(size),
        "rules_planted": len({leak.rule for leak in expected.values()}),
        "candidates_refused": plants.refused,
        "bursts_sent_again": feed.sent_again,
        "kills": chaos.done,
        "before": before,
        "after": environment_notes(),
        **traffic,
    }


async def _traffic(
    size: Size, plants: Plants, fleet: Fleet, feed: Feed, chaos: Chaos, bus: EmbeddedBus
) -> dict[str, Any]:
    """Until everything is drained and has stayed so, or the time is over, or a process ended by itself."""
    began = time.monotonic()
    work = [
        spawn(feed.run(plants.documents), name="feed"),
        spawn(chaos.run(plan(size.documents, size.seed)), name="chaos"),
    ]
    fed, quiet_since, told = 0.0, began, 0.0
    try:
        while True:
            await asyncio.sleep(0.2)
            fleet.look(down=frozenset(chaos.down))
            now = time.monotonic()
            for task in work:
                if task.done():
                    task.result()
            if all(task.done() for task in work) and not fed:
                fed = now
            left = await _left(bus)
            if not fed or any(left.values()):
                quiet_since = now
            if now - told > 3:
                told = now
                print(
                    f"    {now - began:4.0f} s: {feed.posted} documents, left {left}, {len(chaos.pager.deliveries)} deliveries"
                )
            drained = now - quiet_since > QUIET_SECONDS
            late = now - fed > DRAIN_SECONDS if fed else now - began > FEED_SECONDS
            if drained or late or fleet.ended_by_themselves:
                return {
                    "drained": drained,
                    "feeding_s": round((fed or now) - began, 1),
                    "drained_after_s": round(quiet_since - (fed or now), 1),
                    "left": left,
                }
    finally:
        for task in work:
            await cancel(task)


async def _left(bus: EmbeddedBus) -> dict[str, int]:
    """What still has to be done: records not read by each group, notifications not delivered."""
    left = {}
    for group, topics in GROUPS.items():
        left[group] = sum(lag.records for lag in (await bus.lag(group, topics)).values())
    store = await asyncio.to_thread(read_store, FOLDER / "state" / "store.db")
    left["outbox"] = sum(row["state"] == "pending" for row in store.outbox)
    return left


async def _judge_bus(
    checks: Checks, bus: EmbeddedBus, posted: int, counted: Mapping[str, Mapping[str, float]]
) -> None:
    records = await bus.end_offsets([DOCUMENTS, FINDINGS])
    dead = await bus.end_offsets([topic + DEAD_LETTER_SUFFIX for topic in (DOCUMENTS, *GROUPS["alert"])])
    left = await _left(bus)

    def total(topic: str, ends: Mapping[TopicPartition, int]) -> int:
        return sum(end for place, end in ends.items() if place.topic == topic)

    def counter(name: str) -> dict[str, float]:
        """By labels, over all processes as they are now: what a killed one had counted is gone."""
        found: defaultdict[str, float] = defaultdict(float)
        for values in counted.values():
            for series, value in values.items():
                if series.startswith(f"leakstream_{name}_total{{") and value:
                    found[series.partition("{")[2].rstrip("}")] += value
        return dict(found)

    checks.add(
        "nothing is lost between the stages",
        total(DOCUMENTS, records) == posted and not any(left.values()) and not counter("bus_lost_records"),
        documents_posted=posted,
        documents_on_the_bus=total(DOCUMENTS, records),
        findings_on_the_bus=total(FINDINGS, records),
        left=left,
        lost=counter("bus_lost_records"),
        dropped=counter("dropped"),
        every_process_answers=all(counted.values()),
    )
    checks.add("there are no dead letters", sum(dead.values()) == 0, dead_letters=sum(dead.values()))


def _judge_processes(
    checks: Checks, fleet: Fleet, chaos: Chaos, statuses: Mapping[str, int], *, drained: bool
) -> None:
    wanted = {"matcher": 3, "alerter": 3, "alerters_delivering": 1, "scanning_process": 1}
    kills = {what: sum(entry["what"] == what for entry in chaos.done) for what in wanted}
    checks.add("everything is drained in time", drained, wanted=f"{DRAIN_SECONDS:.0f} s")
    checks.add(
        "the kills were done, their victims came back, no scanning process outlived its parent",
        kills == wanted and not any(entry["children_left"] for entry in chaos.done),
        kills=kills,
    )
    checks.add(
        "no process ended by itself, all end in order",
        not fleet.ended_by_themselves and set(statuses.values()) == {0} and len(statuses) == 5,
        ended_by_themselves=fleet.ended_by_themselves,
        exit_statuses=dict(statuses),
    )
    checks.add(
        "each process stays below its memory",
        all(0 < peak < MEMORY_BYTES for peak in fleet.peaks.values()) and len(fleet.peaks) == 7,
        peak_mb={name: round(peak / 1e6, 1) for name, peak in sorted(fleet.peaks.items())},
        wanted=f"< {MEMORY_BYTES // 10**6} MB",
    )


if __name__ == "__main__":
    sys.exit(main())
