"""A matcher that is stopped past retention, on a real broker: what is lost is named to the record, and people are told, before and after.

python -m benchmarks.bars.kafka_retention [--paused] [--name NAME]

The raw topic keeps a minute. First the matcher is held up (its scanning process is stopped): its lag nears the retention, and the real
Prometheus says so with the shipped rules. Then it is killed and stays away until the broker has deleted
what it had not read. Retention is lengthened, as the alert advises, the matcher comes back, and the coverage ledger, the metric and
the alert must tell exactly the records that are gone: the bar has a list of its own of every record at every offset, and each must
have been either scanned or named as lost. Prints its progress, writes docs/evidence/kafka-retention.json; exit status 0 when every
check holds, else 1. Two minutes.

With --paused the matcher is not killed but stands still (SIGSTOP), and wakes with what it had in memory: that it scans, although the
broker has it no more, and only the rest is lost.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Final

from benchmarks import evidence
from benchmarks.bars.fleet import Fleet, children, environment_notes, samples
from benchmarks.bars.judging import Checks
from benchmarks.bars.ledger import Ranges, losses, without
from benchmarks.bars.ownlist import OwnList
from benchmarks.bars.pacedfeed import PacedFeed
from benchmarks.bars.prometheus import watching
from benchmarks.bars.scene import Scene, scene
from benchmarks.bars.stream import Stream
from benchmarks.bars.topicsettings import change
from benchmarks.pipeline.case import opened
from monitor.aio import cancel, spawn
from monitor.bus.base import Bus, TopicPartition
from monitor.contracts import COVERAGE, DOCUMENTS, FINDINGS, FindingEvent
from monitoring import Prometheus

NAME: Final = "kafka-retention"
RETENTION_SECONDS: Final = 60.0
_RATE: Final = 40  # documents a second, each with a leak, so that a finding tells of each that it was scanned
_BURST: Final = 8
_WARM_SECONDS: Final = 12.0
_LOST_LEAST: Final = 100  # records of each partition
_PATIENCE: Final = 180.0
_READ_AT_ONCE: Final = 500
_NEAR, _MISSING, _LOST = "LeakstreamRetentionNear", "LeakstreamStageMissing", "LeakstreamRecordsLost"
_METRIC: Final = 'leakstream_bus_lost_records_total{group="match",topic="documents.v1"}'
_USED: Final = 'leakstream_bus_retention_used_ratio{group="match",topic="documents.v1"}'
_BROKER: Final = {"log.retention.check.interval.ms": "1000", "log.initial.task.delay.ms": "1000"}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status. Blocks for minutes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bars.kafka_retention")
    parser.add_argument("--paused", action="store_true", help="stop the matcher without ending it")
    parser.add_argument("--name", default=NAME, help="of the file under docs/evidence")
    given = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the processes are ended on the way out
    checks = Checks()
    figures = asyncio.run(_bar(checks, paused=given.paused))
    for name, result in checks.results.items():
        print(f"{'ok  ' if result['ok'] else 'FAIL'} {name}")
    print(evidence.write(given.name, {"passed": checks.passed, "checks": checks.results, **figures}))
    return 0 if checks.passed else 1


async def _bar(checks: Checks, *, paused: bool) -> dict[str, Any]:
    before = environment_notes()
    async with AsyncExitStack() as stack:
        place = stack.enter_context(
            scene(
                NAME,
                notifiers="",
                documents_hours=RETENTION_SECONDS / 3600,
                job_seconds=RETENTION_SECONDS,  # or the matcher helps itself
                properties=_BROKER,
            )
        )
        stream = await asyncio.to_thread(Stream, leak_every=1, cache_dir=place.cache, watched=False)
        fleet = stack.enter_context(place.fleet())
        for stage in ("collect", "match", "alert"):
            fleet.start(stage, stage)
        for member in fleet.members.values():
            await asyncio.to_thread(fleet.wait_ready, member)
        folder = place.folder / "prometheus"
        server = await stack.enter_async_context(Prometheus(folder, watching(folder, fleet)))
        bus = await stack.enter_async_context(opened(place.config))
        port = fleet.members["collect"].web_port
        feed = PacedFeed(stream, port=port, token=place.token, rate=_RATE, burst=_BURST)
        return {
            "retention_s": RETENTION_SECONDS,
            "documents_per_s": _RATE,
            "matcher": "paused" if paused else "killed",
            **await _Run(checks, place, fleet, server, bus, feed, paused).go(),
            "before": before,
            "after": environment_notes(),
        }


@dataclass(slots=True)
class _Run:
    checks: Checks
    place: Scene
    fleet: Fleet
    server: Prometheus
    bus: Bus
    feed: PacedFeed
    paused: bool

    async def go(self) -> dict[str, Any]:
        fed, listed, listing = asyncio.Event(), asyncio.Event(), OwnList(self.bus)
        feeding = spawn(self.feed.run(sys.maxsize, stop=fed), name="feed")
        reading = spawn(listing.run(listed), name="list")
        try:
            await asyncio.sleep(_WARM_SECONDS)
            await self._near_before_the_loss()
            committed = await self._stopped_past_retention()
            fed.set()
            await feeding
            earliest = await self._earliest()
            listed.set()
            await reading
        finally:
            await cancel(feeding, reading)
        deleted = {
            place.partition: (committed[place], earliest[place] - 1)
            for place in sorted(committed)
            if earliest[place] > committed[place]
        }
        _say(f"{listing.total} documents; deleted unread: {deleted}")
        if self.paused:
            self._signal(signal.SIGCONT, with_parent=True)
        else:
            self.fleet.restart("match")
        await self._until(self._worked_off, "the rest is worked off")
        await self._judge(deleted, listing)
        return {"documents": listing.total, "lost": _count(deleted)}

    async def _near_before_the_loss(self) -> None:
        self._signal(signal.SIGSTOP)
        _say("the matcher runs and cannot go on: its scanning process is stopped")
        await self._until(self._firing(_NEAR), f"{_NEAR} fires")
        used = await self.server.value(_USED)
        committed, earliest = await self._committed(), await self._earliest()
        self.checks.add(
            "before the loss: the lag's share of the retention rises, and its alert fires",
            used is not None
            and 0.5 < used < 1
            and all(earliest[place] <= committed[place] for place in committed),
            retention_used=used,
            lost_by_then=_count(
                {
                    p.partition: (committed[p], earliest[p] - 1)
                    for p in committed
                    if earliest[p] > committed[p]
                }
            ),
        )

    async def _stopped_past_retention(self) -> dict[TopicPartition, int]:
        """What the matcher had committed; by now the broker has deleted records behind that, and deletes no more."""
        if self.paused:
            self._signal(signal.SIGSTOP, with_parent=True)
        else:
            await asyncio.to_thread(self.fleet.kill, "match")
        _say("the matcher is stopped")
        committed = await self._committed()
        await self._until(self._firing(_MISSING), f"{_MISSING} fires")
        self.checks.add("while it is away: its absence is an alert", ok=True)

        async def gone() -> bool:
            earliest = await self._earliest()
            return all(earliest[place] >= committed[place] + _LOST_LEAST for place in committed)

        await self._until(gone, "records are deleted unread in every partition")
        await change(self.place.cluster.bootstrap, f"leakstream.{DOCUMENTS}", retention_ms=str(3600 * 1000))
        await asyncio.sleep(5.0)  # the broker looks each second
        return committed

    async def _judge(self, deleted: Ranges, listing: OwnList) -> None:
        told, found = losses(self.place.store, f"bus:{DOCUMENTS}"), await self._found()
        unread = without(deleted, listing.ids, found) if self.paused else deleted
        lost = _count(unread)
        metric = samples(self.fleet.members["match"].metrics_port).get(_METRIC, 0.0)
        self.checks.add(
            "the ledger names exactly what the broker deleted unread",
            lost > 0 and told.ranges == unread and told.lost == lost and told.blind == {"retention"},
            deleted=_spans(deleted),
            unread=_spans(unread),
            ledger=_spans(told.ranges),
            ledger_events=told.events,
            ledger_count=told.lost,
        )
        self.checks.add("the metric counts it", metric == lost, metric=metric, lost=lost)
        await self._until(self._firing(_LOST), f"{_LOST} fires")
        (alert,) = [a for a in await self.server.alerts() if a["labels"]["alertname"] == _LOST]
        self.checks.add(
            "the alert fires in Prometheus",
            alert["labels"] | {"group": "match", "topic": DOCUMENTS, "severity": "page"} == alert["labels"]
            and await self.server.value(_METRIC) == lost,
            labels=alert["labels"],
            annotations=alert["annotations"],
        )
        named = {
            listing.ids[partition][offset]
            for partition, (first, last) in told.ranges.items()
            for offset in range(first, last + 1)
        }
        every = {document for ids in listing.ids.values() for document in ids.values()}
        self.checks.add(
            "record by record: each document was scanned or named as lost",
            listing.missed == 0
            and len(every) == listing.total == self.feed.posted
            and found | named == every
            and not found & named,
            documents=listing.total,
            handed_in=self.feed.posted,
            scanned=len(found),
            named_as_lost=len(named),
            neither=len(every - found - named),
            both=len(found & named),
        )

    async def _found(self) -> set[str]:
        """Documents of which there are findings."""
        found: set[str] = set()
        for place, end in (await self.bus.end_offsets([FINDINGS])).items():
            offset = 0
            while offset < end:
                records = await self.bus.read(place, offset, _READ_AT_ONCE)
                found |= {FindingEvent.read(record).document_id for record in records}
                offset = records[-1].offset + 1
        return found

    def _signal(self, number: int, *, with_parent: bool = False) -> None:
        """To the matcher's scanning process."""
        parent = self.fleet.members["match"].process.pid
        for process in (*children(parent), *([parent] if with_parent else [])):
            os.kill(process, number)

    async def _committed(self) -> dict[TopicPartition, int]:
        return {place: lag.position for place, lag in (await self.bus.lag("match", [DOCUMENTS])).items()}

    async def _earliest(self) -> dict[TopicPartition, int]:
        """The first record of each partition that is still there."""
        found = {}
        for place, end in (await self.bus.end_offsets([DOCUMENTS])).items():
            records = await self.bus.read(place, 0, 1)
            found[place] = records[0].offset if records else end
        return found

    async def _worked_off(self) -> bool:
        lags = {
            **await self.bus.lag("match", [DOCUMENTS]),
            **await self.bus.lag("alert", [FINDINGS, COVERAGE]),
        }
        return not any(lag.records for lag in lags.values())

    def _firing(self, alert: str) -> Callable[[], Awaitable[bool]]:
        async def firing() -> bool:
            return any(found["labels"]["alertname"] == alert for found in await self.server.alerts())

        return firing

    async def _until(self, what: Callable[[], Awaitable[bool]], name: str) -> None:
        """Raises AssertionError when it does not happen."""
        began = time.monotonic()
        while not await what():
            assert time.monotonic() < began + _PATIENCE, f"not after {_PATIENCE:.0f} s: {name}"
            await asyncio.sleep(0.5)
        _say(f"{name} after {time.monotonic() - began:.0f} s")


def _count(ranges: Ranges) -> int:
    return sum(last - first + 1 for first, last in ranges.values())


def _spans(ranges: Ranges) -> dict[str, list[int]]:
    return {str(partition): list(span) for partition, span in ranges.items()}


def _say(text: str) -> None:
    print(f"    {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
