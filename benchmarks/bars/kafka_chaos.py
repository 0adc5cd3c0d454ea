"""The whole way on three brokers under kill -9 of everything: 200,000 documents, 5,000 planted leaks, 500 of them watched.

python -m benchmarks.bars.kafka_chaos [--seed N] [--documents N --leaks N --watched N]

`collect`, two `match` and two `alert` work on a cluster of three real brokers and page through the real Alertmanager. Meanwhile each kind
of process is killed five times and each broker once, a matcher is stopped for longer than its session, and a broker is taken off the
network for half a minute. Then the store must hold exactly the planted leaks, each once, and a webhook behind Alertmanager exactly one
idempotency key for each watched one. What ends by itself is started again as systemd does, and told. Loopback only; about a quarter
of an hour. Prints its progress, writes docs/evidence/kafka-chaos.json; exit status 0 when every check holds, else 1.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks import evidence
from benchmarks.bars import alertmanaged, serviceconfig
from benchmarks.bars.alertmanaged import Notification
from benchmarks.bars.brokerfaults import BROKERS, BrokerFaults
from benchmarks.bars.chaos import Action, Chaos, Kind, plan
from benchmarks.bars.feed import Feed, Waves
from benchmarks.bars.fleet import Fleet, environment_notes, peak_bytes
from benchmarks.bars.judging import (
    Checks,
    judge_exposures,
    judge_kills,
    judge_memory,
    judge_pages,
    read_store,
)
from benchmarks.bars.plants import Plants, Size
from benchmarks.bars.processfaults import ProcessFaults
from benchmarks.bars.remaining import Remaining
from benchmarks.bars.traffic import DRAIN_SECONDS, Watch, until_drained
from localkafka import LocalKafka
from monitor.app import load_config
from monitor.bus.kafka import KafkaBus
from monitor.contracts import DOCUMENTS, FINDINGS
from monitor.identity import create_key, load_keys
from monitoring import Alertmanager, Hooks, hooks

FOLDER: Final = evidence.WORK / "kafka-chaos"
MEMORY_BYTES: Final = 400 * 10**6
FEED_SECONDS: Final = 1200.0
QUIET_SECONDS: Final = 20.0  # what joins a group Alertmanager tells within its group_interval, 10 s
LOOK_SECONDS: Final = 2.0  # asking brokers for lags costs them something
SESSION_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 20.0
CUT_SECONDS: Final = 30.0
WAVES: Final = Waves(2000, 1.0)
LEADING: Final = {
    "leader.imbalance.check.interval.seconds": "5"
}  # a killed broker soon matters again; 300 else
SUPERVISED: Final = 2  # the exit status of a stage that its bus ended

MATCHERS: Final = ("match-1", "match-2")
ALERTERS: Final = ("alert-1", "alert-2")
KINDS: Final = (
    Kind("collector", 5, [("collect",)]),
    Kind("matcher", 5, [(name,) for name in MATCHERS]),
    Kind("alerter", 5, [(name,) for name in ALERTERS]),
    Kind("scanning_process", 5, [(name,) for name in MATCHERS]),
    Kind("broker", 3, [(name,) for name in BROKERS]),
    Kind("broker_cut_off", 1, [(name,) for name in BROKERS]),
    Kind("matcher_stopped", 1, [(name,) for name in MATCHERS]),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.kafka_chaos")
    parser.add_argument("--seed", type=int, default=1, help="of the documents and of the faults")
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--leaks", type=int, default=5000)
    parser.add_argument("--watched", type=int, default=500)
    size = Size(**vars(parser.parse_args(arguments)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended on the way out
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers that are away are the plan
    checks = Checks()
    figures = asyncio.run(_bar(size, checks))
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}")
    print(evidence.write("kafka-chaos", {"passed": checks.passed, "checks": checks.results, **figures}))
    return 0 if checks.passed else 1


async def _bar(size: Size, checks: Checks) -> dict[str, Any]:
    cache = FOLDER / "cache"  # kept from run to run
    for name in ("state", "logs", "kafka", "alertmanager"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    (FOLDER / "state.key").unlink(missing_ok=True)
    (FOLDER / "logs").mkdir(parents=True)
    create_key(FOLDER / "state.key")
    print(f"planting {size.leaks} leaks in {size.documents} documents, seed {size.seed}", flush=True)
    plants = await asyncio.to_thread(Plants.make, size, cache_dir=cache)
    token = secrets.token_urlsafe(24)
    cluster = LocalKafka(FOLDER / "kafka", 3, relayed=True, properties=LEADING)
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(cluster.__enter__)
        stack.callback(cluster.stop)
        pager = await stack.enter_async_context(hooks())
        alertmanager = await stack.enter_async_context(
            Alertmanager(FOLDER / "alertmanager", alertmanaged.config(pager.url))
        )
        print(f"brokers {cluster.bootstrap}, Alertmanager {alertmanager.url}", flush=True)
        config = FOLDER / "leakstream.toml"
        serviceconfig.write(
            config,
            cache=cache,
            owners=plants.owners,
            token=token,
            tables=serviceconfig.alertmanager(alertmanager.url)
            + serviceconfig.kafka(cluster.bootstrap, replication=3, min_insync=2, session=SESSION_SECONDS),
        )
        return await _chaos(size, checks, plants, cluster, pager, config, token)


async def _chaos(
    size: Size,
    checks: Checks,
    plants: Plants,
    cluster: LocalKafka,
    pager: Hooks,
    config: Path,
    token: str,
) -> dict[str, Any]:
    before = environment_notes()
    async with AsyncExitStack() as stack:
        fleet = stack.enter_context(Fleet(FOLDER / "logs", config))
        began = time.monotonic()
        for name in ("collect", *MATCHERS, *ALERTERS):
            fleet.start(name, name.partition("-")[0])
        for member in list(fleet.members.values()):
            await asyncio.to_thread(fleet.wait_ready, member)
        print(f"five processes are ready after {time.monotonic() - began:.1f} s, together", flush=True)
        bus = _bus(config)
        stack.push_async_callback(bus.close)
        await bus.start()
        remaining = Remaining(bus, FOLDER / "state" / "store.db")
        feed = Feed(fleet.members["collect"].web_port, token, WAVES)
        faults = ProcessFaults(fleet, remaining.left)
        chaos = Chaos(feed, _actions(faults, BrokerFaults(cluster)))
        traffic = await until_drained(
            fleet,
            Watch(
                remaining.left,
                down=lambda: frozenset(faults.down),
                said=lambda: f"{feed.posted} documents, {len(pager.received)} notifications",
                ended=lambda: fleet.revive(SUPERVISED),
                every=LOOK_SECONDS,
                feed_seconds=FEED_SECONDS,
                quiet_seconds=QUIET_SECONDS,
            ),
            feed=feed.run(plants.documents),
            chaos=chaos.run(plan(KINDS, size.documents, size.seed)),
        )
        await _judge_bus(checks, remaining, feed.posted, fleet)
        counted = {
            name: fleet.totals(name)
            for name in ("bus_rebalances", "bus_producer_rebuilds", "retries", "backpressure", "dropped")
        }
        statuses = await asyncio.to_thread(fleet.stop)
        brokers = {name: peak_bytes(cluster.pid(node)) for node, name in enumerate(BROKERS, 1)}
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
    told = alertmanaged.read(
        Notification(hook.path.strip("/"), hook.at, hook.body) for hook in pager.received
    )
    judge_pages(checks, expected, store, told.pages)
    alertmanaged.judge_notifications(checks, told)
    return {
        "size": asdict(size),
        "rules_planted": len({leak.rule for leak in expected.values()}),
        "bursts_sent_again": feed.sent_again,
        "faults": chaos.done,
        "counted": counted,
        "broker_peak_mb": {name: round(peak / 1e6, 1) for name, peak in brokers.items()},
        "before": before,
        "after": environment_notes(),
        **traffic,
    }


def _bus(config: Path) -> KafkaBus:
    """The bar's own, to look from outside; less patient than the service, since the bar has to watch it all."""
    bus = load_config(config).bus
    return KafkaBus(bus.kafka.model_copy(update={"request_seconds": 5.0}), prefix=bus.prefix)


def _actions(processes: ProcessFaults, brokers: BrokerFaults) -> Mapping[str, Action]:
    return {
        "collector": processes.kill,
        "matcher": processes.kill,
        "alerter": processes.kill,
        "scanning_process": processes.kill_scanning,
        "matcher_stopped": lambda victims: processes.pause(victims, PAUSE_SECONDS),
        "broker": brokers.kill,
        "broker_cut_off": lambda victims: brokers.cut(victims, CUT_SECONDS),
    }


async def _judge_bus(checks: Checks, remaining: Remaining, posted: int, fleet: Fleet) -> None:
    records, left = await remaining.records(), await remaining.left()
    lost = fleet.totals("bus_lost_records")
    checks.add(
        "nothing is lost between the stages",
        records[DOCUMENTS] >= posted and not any(left.values()) and not lost,
        documents_posted=posted,
        documents_on_the_bus=records[DOCUMENTS],
        findings_on_the_bus=records[FINDINGS],
        left=left,
        lost=lost,
    )
    dead = await remaining.dead_letters()
    checks.add("there are no dead letters", dead == 0, dead_letters=dead)


if __name__ == "__main__":
    sys.exit(main())
