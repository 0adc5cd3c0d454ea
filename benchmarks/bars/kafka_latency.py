"""How long a leak takes to the pager on Kafka: from its document's arrival at the collector to the POST at the notifier.

python -m benchmarks.bars.kafka_latency [--minutes N] [--nodes N]

`collect`, `match` and `alert` as processes on one broker, then on three (three copies of each record, two in sync); 300 documents of 2
KB a second come in over HTTP, two of them with a watched leak. Each leak is told to our webhook notifier and, beside it, to the real
Alertmanager as deploy/alertmanager configures it (group_wait 0s), whose webhook receiver counts as the second pager. A latency begins
before the request that brings the document, not when it is answered. Prints its progress, writes docs/evidence/kafka-latency.json;
exit status 0 when every check holds, else 1. Ten minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Final, Literal, cast

from benchmarks import evidence
from benchmarks.bars import alertmanaged, serviceconfig
from benchmarks.bars.figures import spread
from benchmarks.bars.fleet import environment_notes
from benchmarks.bars.flow import Flow
from benchmarks.bars.judging import Checks
from benchmarks.bars.pacedfeed import PacedFeed
from benchmarks.bars.pages import Pages, of_alertmanager, of_webhook, pages
from benchmarks.bars.scene import Scene, scene
from benchmarks.bars.stream import Stream
from benchmarks.cpuclock import gigahertz
from monitor.aio import spawn
from monitoring import Alertmanager

NAME: Final = "kafka-latency"
RATE: Final = 300  # documents a second
LEAK_EVERY: Final = 150
BURST: Final = 15  # documents a request
P99_SECONDS: Final = 2.0
_MINUTES: Final = 4.0
_NODES: Final = (1, 3)
_STAGES: Final = ("collect", "match", "alert")
_EVERY: Final = 5.0  # seconds between looks
_PATIENCE_SECONDS: Final = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.kafka_latency")
    parser.add_argument("--minutes", type=float, default=_MINUTES, help="for each number of brokers")
    parser.add_argument("--nodes", type=int, choices=_NODES, action="append", help="brokers; default 1 and 3")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended on the way out
    checks = Checks()
    sizes = cast("Sequence[Literal[1, 3]]", given.nodes or _NODES)
    runs = [asyncio.run(_run(checks, nodes, given.minutes * 60)) for nodes in sizes]
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}")
    figures = {"documents_per_s": RATE, "leaks_per_s": RATE / LEAK_EVERY, "runs": runs}
    print(evidence.write(NAME, {"passed": checks.passed, "checks": checks.results, **figures}))
    return 0 if checks.passed else 1


async def _run(checks: Checks, nodes: Literal[1, 3], seconds: float) -> dict[str, Any]:
    before = environment_notes()
    documents = round(RATE * seconds)
    folder = evidence.WORK / NAME / "alertmanager"
    shutil.rmtree(folder, ignore_errors=True)  # it would remember whom it told
    async with AsyncExitStack() as stack:
        hooked = await stack.enter_async_context(pages(of_webhook))
        alerted = await stack.enter_async_context(pages(of_alertmanager))
        manager = await stack.enter_async_context(Alertmanager(folder, alertmanaged.config(alerted.url)))
        notifiers = serviceconfig.webhook(hooked.url) + serviceconfig.alertmanager(manager.url)
        place = stack.enter_context(scene(NAME, notifiers=notifiers, nodes=nodes))
        arrivals, costs = await _traffic(place, documents, {"webhook": hooked, "alertmanager": alerted})
    run = {"brokers": nodes, "documents": documents, "leaks": len(arrivals), **costs}
    for name, told in (("webhook", hooked), ("alertmanager", alerted)):
        waits = spread(told.waits(arrivals))
        run[f"seconds_to_{name}"] = waits
        checks.add(
            f"{nodes} brokers: every leak comes to the {name}, 99 in 100 within {P99_SECONDS:.0f} s",
            waits["count"] == len(arrivals) and waits["p99"] < P99_SECONDS,
            leaks=len(arrivals),
            **waits,
        )
    return {**run, "gigahertz": gigahertz(), "before": before, "after": environment_notes()}


async def _traffic(
    place: Scene, documents: int, told: dict[str, Pages]
) -> tuple[dict[str, float], dict[str, Any]]:
    """When the document at each path arrived, and what the processes used."""
    stream = await asyncio.to_thread(Stream, leak_every=LEAK_EVERY, cache_dir=place.cache)
    with place.fleet() as fleet:
        for stage in _STAGES:
            fleet.start(stage, stage)
        for member in fleet.members.values():
            await asyncio.to_thread(fleet.wait_ready, member)
        print(
            f"{', '.join(_STAGES)} are ready on {place.nodes} brokers; {documents} documents, {RATE} a second"
        )
        port = fleet.members["collect"].web_port
        feed = PacedFeed(stream, port=port, token=place.token, rate=RATE, burst=BURST)
        flow = Flow(fleet, place.brokers_cpu_seconds)
        feeding = spawn(feed.run(documents), name="feed")
        while not feeding.done():
            fleet.look()
            await asyncio.to_thread(flow.look)
            await asyncio.wait([feeding], timeout=_EVERY)
            came = {name: len(pages.came) for name, pages in told.items()}
            print(f"    {feed.posted} documents, {len(feed.arrivals)} leaks, pages {came}", flush=True)
        feeding.result()
        for pages in told.values():
            await pages.reach(len(feed.arrivals), patience=_PATIENCE_SECONDS)
        await asyncio.to_thread(fleet.stop)
    return {stream.path(number): at for number, at in feed.arrivals.items()}, flow.costs()


if __name__ == "__main__":
    sys.exit(main())
