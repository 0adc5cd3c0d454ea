"""GH Archive and its mirror against their fake, on one clock, beside the live feed that has gaps."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from collecting import START, Bench, MemoryProducer, MemoryState
from made_up import made_up
from monitor.bus.base import Message
from monitor.collectors.service import SourceCrashed
from monitor.collectors.sources import gharchive, github_events
from monitor.contracts import Request
from monitor.simulator.clock import iso
from monitor.simulator.faults import FaultKind
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator, SimulatorConfig
from monitor.simulator.sites.gharchive import GhArchive

HOUR = 3600.0
NAME = "gharchive"


@asynccontextmanager
async def world(
    state: MemoryState | None = None, producer: MemoryProducer | None = None, **config: Any
) -> AsyncIterator[tuple[Bench, Simulator]]:
    async with Bench(state, producer) as bench:
        simulator = Simulator(SimulatorConfig(**config), maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            yield bench, simulator
        finally:
            await simulator.stop()


def source(bench: Bench, simulator: Simulator, **options: Any) -> gharchive.GhArchive:
    root = simulator.site_url(NAME)
    known = {
        "archive_url": f"{root}/archive",
        "mirror_url": f"{root}/mirror",
        "mirror_since": "2026-01-01T00:00:00Z",
        "events_per_second": 1e6,
    }
    return gharchive.PLUGIN.build(gharchive.Settings.model_validate({**known, **options}), bench.tools)


def site(simulator: Simulator) -> GhArchive:
    found = simulator.sites[NAME][1]
    assert isinstance(found, GhArchive)
    return found


def found(bench: Bench) -> bytes:
    return b"\n".join(d.content for d in bench.producer.documents)


def planted_in_texts(simulator: Simulator) -> set[bytes]:
    """Secrets in what events carry themselves: pushes name only commits."""
    return {p.secret for p in simulator.truth if p.source == "github" and not p.path}


async def test_two_hours_with_everything_going_wrong_lose_nothing_and_break_no_rule() -> None:
    sites = {NAME: {"wrong_hashes": 1, "cut_short": 2}}
    async with world(seed=5, mix=Mix(leaks=0.4), sites=sites) as (bench, simulator):
        for kind in (
            FaultKind.CLOSE,
            FaultKind.TRUNCATED,
            FaultKind.RUBBISH,
            FaultKind.WRONG_TYPE,
            FaultKind.EMPTY,
        ):
            simulator.faults.add(kind, f"{NAME}.*", probability=0.08)
        reader = source(bench, simulator, follow=True, retry_minutes=2)
        for minute in range(120):
            simulator.publish(15, at=START + minute * 60.0)
            if minute % 10 == 9:
                await bench.run(NAME, reader, 600)
        await bench.run(NAME, reader, 4 * HOUR)
        wanted = planted_in_texts(simulator)
        assert len(wanted) > 30
        assert {secret for secret in wanted if secret not in found(bench)} == set()
        ids = [d.id for d in bench.producer.documents]
        assert len(set(ids)) == len(ids)
        assert simulator.journal.violations == []
        assert sum(1 for asked in simulator.journal if asked.fault) >= 3
        # the ledger adds up, and the world's size is what it was
        told = [e for e in bench.producer.coverage if e.listed]
        world_told = [e for e in bench.producer.coverage if e.feed == "world"]
        published = sum(hour.events for hour in site(simulator)._hours["mirror"].values())
        assert published > 500
        assert sum(e.expected or 0 for e in world_told) == published
        assert sum(e.fetched + sum(e.skipped.values()) for e in told) == published


async def test_a_gap_of_the_live_feed_is_filled() -> None:
    async with world(seed=9, mix=Mix(leaks=0.5), sites={NAME: {}}) as (bench, simulator):
        settings = github_events.Settings(
            base_url=simulator.github_url, token="not-a-token", diff_requests_per_minute=0
        )
        live = github_events.PLUGIN.build(settings, bench.tools)
        archive = source(bench, simulator, world=False)
        simulator.publish(50)
        await bench.run("github_events", live, 59)
        begin = bench.time.now
        simulator.publish(900)  # more than the feed holds
        bench.time.now += 61
        await bench.run("github_events", live, 59)
        missed = {s for s in planted_in_texts(simulator) if s not in found(bench)}
        assert missed
        before = len(bench.producer.documents)
        target = f"github_events {iso(begin)} {iso(bench.time.now)}"
        await bench.state.add_requests([Request("repair", NAME, target, bench.time.now, "gap")])
        await bench.run(NAME, archive, 2 * HOUR)
        assert {s for s in missed if s not in found(bench)} == set()
        ids = [d.id for d in bench.producer.documents]
        assert len(ids) > before
        assert len(set(ids)) == len(ids)  # what the live feed had read is not read again
        (told,) = [e for e in bench.producer.coverage if e.repairs]
        assert (told.repairs, told.feed) == ("github_events", "mirror")
        assert told.listed > 500
        assert told.fetched + sum(told.skipped.values()) <= told.listed
        assert await bench.state.requests(NAME) == []
        assert simulator.journal.violations == []


class Killed(Exception):
    pass


class DyingProducer(MemoryProducer):
    """Dies at the `left`th send: with an odd one before the bus has it, with an even one just behind."""

    left = 0

    async def send(self, messages: Sequence[Message]) -> None:
        self.left -= 1
        if self.left == 0 and len(self.messages) % 2:
            raise Killed
        await super().send(messages)
        if self.left == 0:
            raise Killed


async def test_kills_in_the_middle_of_an_hour_lose_nothing() -> None:
    state, producer = MemoryState(), DyingProducer()
    sites = {NAME: {"observed_after": 0}}
    async with world(state, producer, seed=11, mix=Mix(leaks=0.4), sites=sites) as (bench, simulator):
        for _ in range(4000):
            simulator.publisher.leak(START, kind="comment")
        bench.time.now = START + 2 * HOUR
        options = {"backfill_from": iso(START), "backfill_to": iso(START + 60), "world": False}
        stood = []
        for kill in (1, 2, 3, 1, 2, 4):
            producer.left = kill
            with pytest.raises(SourceCrashed):
                await bench.run(NAME, source(bench, simulator, **options), HOUR)
            stood.append(line(state))
        assert stood == sorted(stood)
        assert len(set(stood)) >= 3  # in the middle of the file, and it goes on from there
        await bench.run(NAME, source(bench, simulator, **options), HOUR)
        wanted = planted_in_texts(simulator)
        assert len(wanted) == 4000
        text = found(bench)
        assert {secret for secret in wanted if secret not in text} == set()
        # a batch that the bus had when the kill came is sent again, under the same ids
        repeated = len(producer.documents) - len({(d.id, d.content) for d in producer.documents})
        assert repeated <= 500 * 6
        assert len({d.id for d in producer.documents}) == len({(d.id, d.content) for d in producer.documents})


def line(state: MemoryState) -> int:
    """Up to which line the hour that is being read is dealt with."""
    jobs = orjson.loads(state.cursors.get((NAME, ""), '{"jobs":[]}'))["jobs"]
    found: int = jobs[0]["line"] if jobs else 0
    return found


async def test_a_large_hour_takes_little_memory() -> None:
    async with world(seed=3, mix=Mix(leaks=0.0), sites={NAME: {"observed_after": 0, "loss": 1.0}}) as (
        bench,
        simulator,
    ):
        repository = simulator.world.repository("someone/thing")
        payload = {"action": "created", "comment": {"body": "words and words " * 200}}
        for n in range(30_000):
            kind = "IssueCommentEvent" if n % 4 == 0 else "PushEvent"
            made = payload if n % 4 == 0 else {"ref": "refs/heads/main", "head": "a" * 40, "before": "b" * 40}
            simulator.world.event(kind, repository, made, START, simulator.world.people[0])
        bench.time.now = START + 2 * HOUR
        options = {"backfill_from": iso(START), "backfill_to": iso(START + 60), "world": False}
        tracemalloc.start()
        try:
            await bench.run(NAME, source(bench, simulator, **options), HOUR)
            kept, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert sum(e.fetched for e in bench.producer.coverage) == 7500
        assert peak - kept < 32 * 1024 * 1024  # what is kept is the bus of this test
