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
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks import evidence
from benchmarks.bars import serviceconfig
from benchmarks.bars.chaos import Action, Chaos, Kind, plan
from benchmarks.bars.feed import Feed
from benchmarks.bars.fleet import Fleet, environment_notes
from benchmarks.bars.judging import (
    Checks,
    judge_exposures,
    judge_kills,
    judge_memory,
    judge_pages,
    judge_repeats,
    read_store,
    repeats,
)
from benchmarks.bars.pager import Pager
from benchmarks.bars.plants import Plants, Size
from benchmarks.bars.processfaults import ProcessFaults
from benchmarks.bars.remaining import Remaining
from benchmarks.bars.serviceconfig import DEADLINE_SECONDS
from benchmarks.bars.traffic import DRAIN_SECONDS, Watch, until_drained
from monitor.bus.embedded import EmbeddedBus
from monitor.contracts import DOCUMENTS, FINDINGS
from monitor.identity import load_keys

FOLDER: Final = evidence.WORK / "pipeline"
MEMORY_BYTES: Final = 300 * 10**6
UNDER_WAY: Final = DEADLINE_SECONDS + 5.0  # until a delivery is written down
LEASE_SECONDS: Final = DEADLINE_SECONDS + 20.0  # the outbox's margin
REPEAT_WINDOW: Final = LEASE_SECONDS + 10.0

MATCHERS: Final = ("match-1", "match-2")
ALERTERS: Final = ("alert-1", "alert-2")
KINDS: Final = (
    Kind("matcher", 3, [(name,) for name in MATCHERS]),
    Kind("alerter", 3, [(name,) for name in ALERTERS]),
    Kind("alerters_delivering", 1, [ALERTERS]),
    Kind("scanning_process", 1, [(name,) for name in MATCHERS]),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.pipeline")
    parser.add_argument("--seed", type=int, default=1, help="of the documents and of the kills")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended on the way out
    checks = Checks()
    size = Size(documents=20_000, leaks=500, watched=50, seed=given.seed)
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
    plants = await asyncio.to_thread(Plants.make, size, cache_dir=cache)
    pager = Pager()
    hook, token = await pager.start(), secrets.token_urlsafe(24)
    try:
        config = FOLDER / "leakstream.toml"
        serviceconfig.write(
            config, cache=cache, owners=plants.owners, token=token, tables=serviceconfig.webhook(hook)
        )
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
        remaining = Remaining(bus, FOLDER / "state" / "store.db")
        feed = Feed(fleet.members["collect"].web_port, token)
        faults = ProcessFaults(fleet, remaining.left)
        chaos = Chaos(feed, _actions(faults, pager))
        try:
            traffic = await until_drained(
                fleet,
                Watch(
                    remaining.left,
                    down=lambda: frozenset(faults.down),
                    said=lambda: f"{feed.posted} documents, {len(pager.deliveries)} deliveries",
                    ended=lambda: not fleet.ended_by_themselves,
                ),
                feed=feed.run(plants.documents),
                chaos=chaos.run(plan(KINDS, size.documents, size.seed)),
            )
            await _judge_bus(checks, remaining, feed.posted, fleet)
        finally:
            await bus.close()
        statuses = await asyncio.to_thread(fleet.stop)
    checks.add("everything is drained in time", traffic["drained"], wanted=f"{DRAIN_SECONDS:.0f} s")
    judge_kills(checks, {kind.what: kind.count for kind in KINDS}, chaos.done)
    checks.add(
        "no process ended by itself, all end in order",
        not fleet.ended_by_themselves and set(statuses.values()) == {0} and len(statuses) == 5,
        ended_by_themselves=[asdict(end) for end in fleet.ended_by_themselves],
        exit_statuses=dict(statuses),
    )
    judge_memory(checks, fleet.peaks, processes=7, limit=MEMORY_BYTES)
    store = await asyncio.to_thread(read_store, FOLDER / "state" / "store.db")
    expected = plants.expected(load_keys(FOLDER / "state.key"))
    judge_exposures(checks, expected, store)
    judge_pages(checks, expected, store, pager.deliveries)
    killed_at = [at for name in ALERTERS for at in faults.killed_at.get(name, ())]
    judge_repeats(checks, repeats(pager.deliveries, killed_at, under_way=UNDER_WAY, window=REPEAT_WINDOW))
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


def _actions(faults: ProcessFaults, pager: Pager) -> Mapping[str, Action]:
    async def kill_delivering(victims: Sequence[str]) -> dict[str, Any]:
        await pager.next_delivery()
        return await faults.kill_now(victims)

    return {
        "matcher": faults.kill,
        "alerter": faults.kill,
        "alerters_delivering": kill_delivering,
        "scanning_process": faults.kill_scanning,
    }


async def _judge_bus(checks: Checks, remaining: Remaining, posted: int, fleet: Fleet) -> None:
    records, left = await remaining.records(), await remaining.left()
    lost = fleet.totals("bus_lost_records")
    checks.add(
        "nothing is lost between the stages",
        records[DOCUMENTS] == posted and not any(left.values()) and not lost,
        documents_posted=posted,
        documents_on_the_bus=records[DOCUMENTS],
        findings_on_the_bus=records[FINDINGS],
        left=left,
        lost=lost,
        dropped=fleet.totals("dropped"),
    )
    dead = await remaining.dead_letters()
    checks.add("there are no dead letters", dead == 0, dead_letters=dead)


if __name__ == "__main__":
    sys.exit(main())
