"""Ten times GitHub's public rate on Kafka: 1,700 documents a second for ten minutes, every one accounted for.

python -m benchmarks.bars.kafka_tenfold [--minutes N] [--rate N] [--matchers N] [--brokers 1|3] [--name NAME]

One broker, one `collect`, one `match` and one `alert` beside it on this machine; documents of 2 KB on average come in over HTTP. Every
three seconds the lag of both reading groups is read off /metrics. In the end the documents handed in, on the bus, read and scanned
must be the same number, to the byte, and so must planted leaks, findings, exposures and pages. Prints its progress, writes
docs/evidence/kafka-tenfold.json; exit status 0 when every check holds, else 1. Twelve minutes. docs/how-to/scaling.md draws on further runs
with another rate or three brokers, each with a name of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from benchmarks import evidence
from benchmarks.bars import serviceconfig
from benchmarks.bars.figures import spread
from benchmarks.bars.fleet import Fleet, environment_notes
from benchmarks.bars.flow import Flow, counted
from benchmarks.bars.judging import Checks, read_store
from benchmarks.bars.pacedfeed import PacedFeed
from benchmarks.bars.pages import Pages, of_webhook, pages
from benchmarks.bars.remaining import Remaining
from benchmarks.bars.scene import Scene, scene
from benchmarks.bars.stream import Stream
from benchmarks.cpuclock import gigahertz
from benchmarks.pipeline.case import opened
from monitor.aio import spawn
from monitor.contracts import DOCUMENTS, FINDINGS

NAME: Final = "kafka-tenfold"
RATE: Final = 1700  # documents a second: GitHub publishes 150 to 175 events a second
MINUTES: Final = 10.0
LEAK_EVERY: Final = 500
_BURSTS: Final = 10  # requests a second
_EVERY: Final = 3.0  # seconds between looks
_DRAIN_SECONDS: Final = 60.0
_FLAT: Final = 0.5  # seconds of traffic by which the lag may have grown over the whole run
_SMALL: Final = 1.0  # seconds of traffic that the lag may be at its 95th percentile


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    rate: int  # documents a second
    documents: int
    matchers: int
    brokers: Literal[1, 3]


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.kafka_tenfold")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--rate", type=int, default=RATE, help="documents a second")
    parser.add_argument("--matchers", type=int, default=1)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--name", default=NAME, help="of the file under docs/evidence")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended on the way out
    checks = Checks()
    size = Size(given.rate, round(given.rate * given.minutes * 60), given.matchers, given.brokers)
    figures = asyncio.run(_bar(checks, size))
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}")
    print(evidence.write(given.name, {"passed": checks.passed, "checks": checks.results, **figures}))
    return 0 if checks.passed else 1


async def _bar(checks: Checks, size: Size) -> dict[str, Any]:
    before = environment_notes()
    async with pages(of_webhook) as told:
        with (
            scene(NAME, notifiers=serviceconfig.webhook(told.url), nodes=size.brokers) as place,
            place.fleet() as fleet,
        ):
            stream = await asyncio.to_thread(Stream, leak_every=LEAK_EVERY, cache_dir=place.cache)
            names = ["collect", *(f"match-{number}" for number in range(1, size.matchers + 1)), "alert"]
            for name in names:
                fleet.start(name, name.partition("-")[0])
            for member in fleet.members.values():
                await asyncio.to_thread(fleet.wait_ready, member)
            print(f"{', '.join(names)} are ready; {size.documents} documents, {size.rate} a second")
            port = fleet.members["collect"].web_port
            feed = PacedFeed(stream, port=port, token=place.token, rate=size.rate, burst=size.rate // _BURSTS)
            figures = await _run(checks, place, fleet, feed, told, size)
            await _judge(checks, place, fleet, feed, told, stream, size.documents)
            statuses = await asyncio.to_thread(fleet.stop)
    checks.add(
        "no process ended by itself, all end in order",
        not fleet.ended_by_themselves and set(statuses.values()) == {0} and len(statuses) == len(names),
        ended_by_themselves=[ended.name for ended in fleet.ended_by_themselves],
        exit_statuses=statuses,
    )
    return {
        "size": asdict(size),
        "before": before,
        "after": environment_notes(),
        "gigahertz": gigahertz(),
        **figures,
    }


async def _run(
    checks: Checks, place: Scene, fleet: Fleet, feed: PacedFeed, told: Pages, size: Size
) -> dict[str, Any]:
    rate, documents = size.rate, size.documents
    flow = Flow(fleet, place.brokers_cpu_seconds)
    began = time.monotonic()
    flow.look()
    feeding = spawn(feed.run(documents), name="feed")
    while not feeding.done():
        await asyncio.wait([feeding], timeout=_EVERY)
        fleet.look()
        look = await asyncio.to_thread(flow.look)
        print(
            f"    {look.at - began:4.0f} s: {feed.posted} documents, lag {look.lag}, {len(told.came)} pages",
            flush=True,
        )
        if fleet.ended_by_themselves:
            break
    feeding.result()
    took = time.monotonic() - began
    lag = flow.lags()
    checks.add(
        "the rate is held",
        abs(took - documents / rate) < 1.0,
        feeding_s=round(took, 1),
        documents_per_s=round(feed.posted / took, 1),
        feed_late_s=round(feed.latest, 3),
        bodies_sent_again=feed.sent_again,
    )
    checks.add(
        "the lag is flat",
        all(
            abs(figure["growth"]) <= _FLAT * rate and figure["p95"] <= _SMALL * rate
            for figure in lag.values()
        ),
        records=lag,
        wanted=f"growth over the run <= {_FLAT * rate:.0f} documents, p95 <= {_SMALL * rate:.0f}",
    )
    return {"looks": len(flow.looks), **flow.costs(), "peak_mb": _megabytes(fleet)}


async def _judge(
    checks: Checks,
    place: Scene,
    fleet: Fleet,
    feed: PacedFeed,
    told: Pages,
    stream: Stream,
    documents: int,
) -> None:
    planted = len(stream.leaks(documents))
    await told.reach(planted, patience=_DRAIN_SECONDS)
    async with opened(place.config) as bus:
        remaining = Remaining(bus, place.store)
        end = time.monotonic() + _DRAIN_SECONDS
        left = await remaining.left()
        while any(left.values()) and time.monotonic() < end:
            await asyncio.sleep(0.5)
            left = await remaining.left()
        records, dead = await remaining.records(), await remaining.dead_letters()
    totals = counted(fleet)
    checks.add(
        "nothing is dropped uncounted: handed in = on the bus = read = scanned, to the byte",
        feed.posted == documents == records[DOCUMENTS] == totals.collected == totals.matched
        and feed.posted_bytes == totals.scanned_bytes
        and not any((*left.values(), dead, *totals.lost.values())),
        handed_in=feed.posted,
        collected=totals.collected,
        on_the_bus=records[DOCUMENTS],
        read_by_the_matchers=totals.matched,
        bytes_handed_in=feed.posted_bytes,
        bytes_scanned=totals.scanned_bytes,
        dropped=totals.dropped,
        lost=totals.lost,
        dead_letters=dead,
        left=left,
    )
    store = await asyncio.to_thread(read_store, place.store)
    places = sum(row["sightings"] for row in store.exposures)
    checks.add(
        "planted leaks = findings = exposures = places = pages",
        planted == records[FINDINGS] == len(store.exposures) == places == len(told.came) == told.posts,
        planted=planted,
        findings_on_the_bus=records[FINDINGS],
        exposures=len(store.exposures),
        places=places,
        pages=len(told.came),
        posts=told.posts,
        seconds_from_arrival_to_webhook=spread(
            told.waits({stream.path(number): at for number, at in feed.arrivals.items()})
        ),
        disk_bytes_a_document=round(place.topic_bytes(DOCUMENTS) / documents),
        content_bytes_a_document=round(feed.posted_bytes / documents),
    )


def _megabytes(fleet: Fleet) -> dict[str, float]:
    return {name: round(peak / 1e6, 1) for name, peak in sorted(fleet.peaks.items())}


if __name__ == "__main__":
    sys.exit(main())
