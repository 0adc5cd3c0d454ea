"""The sources against the small internet, on one clock: what was planted is what reaches the bus, and no limit is broken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from collecting import START, Bench
from made_up import made_up
from monitor.collectors.sources import github_events, github_gists, pastebin
from monitor.simulator.faults import FaultKind
from monitor.simulator.model import Shape
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator, SimulatorConfig


@asynccontextmanager
async def world(**config: Any) -> AsyncIterator[tuple[Bench, Simulator]]:
    async with Bench() as bench:
        simulator = Simulator(SimulatorConfig(**config), maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            yield bench, simulator
        finally:
            await simulator.stop()


def found(bench: Bench) -> bytes:
    return b"\n".join(d.content for d in bench.producer.documents)


def refused(simulator: Simulator) -> int:
    return sum(n for (_, status), n in simulator.journal.counts.items() if status in (403, 429))


@pytest.mark.parametrize("shape", [s for s in Shape if s is not Shape.MANY_COMMITS])
async def test_pushes_of_every_shape_are_resolved(shape: Shape) -> None:
    async with world(seed=3) as (bench, simulator):
        simulator.publish(20)
        planted = simulator.publisher.leak(START, shape=shape)
        settings = github_events.Settings(
            base_url=simulator.github_url, token="not-a-token", diff_requests_per_minute=600
        )
        await bench.run("github_events", github_events.PLUGIN.build(settings, bench.tools), 179)
        assert planted.secret in found(bench)
        assert refused(simulator) == 0


async def test_a_leak_beyond_the_commit_limit_is_counted_not_silent() -> None:
    async with world(seed=3) as (bench, simulator):
        simulator.publisher.leak(START, shape=Shape.MANY_COMMITS)
        settings = github_events.Settings(base_url=simulator.github_url, token="not-a-token")
        await bench.run("github_events", github_events.PLUGIN.build(settings, bench.tools), 59)
        assert bench.metric("leakstream_dropped_total", stage="collect", reason="commit_over_limit") > 200


async def test_gists_and_pastes_are_all_read() -> None:
    mix = Mix(leaks=0.5, not_ready=0.3)
    async with world(seed=5, mix=mix) as (bench, simulator):
        simulator.publish(150)
        gists = github_gists.Settings(base_url=simulator.github_url, token="not-a-token")
        pastes = pastebin.Settings(base_url=simulator.pastebin_url)
        await bench.run("github_gists", github_gists.PLUGIN.build(gists, bench.tools), 59)
        await bench.run("pastebin", pastebin.PLUGIN.build(pastes, bench.tools), 300)
        text = found(bench)
        planted = [p for p in simulator.truth if p.source in ("gists", "pastebin")]
        gist_files = {
            key: b"\n".join(gist.files.values()) for key, gist in simulator.world.gists.items()
        }  # an edited gist shows its last state only
        there = {p.secret for p in planted if p.secret in gist_files.get(p.document, p.secret)}
        assert len(there) >= 10
        assert {secret for secret in there if secret not in text} == set()
        assert refused(simulator) == 0


async def test_two_hours_of_gists_lose_no_revision_and_break_no_limit() -> None:
    async with world(seed=5) as (bench, simulator):
        settings = github_gists.Settings(base_url=simulator.github_url, token="not-a-token")
        source = github_gists.PLUGIN.build(settings, bench.tools)
        await bench.run("github_gists", source, 59)
        for _ in range(60):
            now = bench.time.now
            planted = simulator.publisher.leak(now, kind="gist")
            # removed again before anybody polled: only the history still shows it
            simulator.world.gist({"a.env": b"nothing\n"}, now + 10, gist_id=planted.document)
            bench.time.now += 20
            await bench.run("github_gists", source, 100)
        text = found(bench)
        assert {p.secret for p in simulator.truth if p.secret not in text} == set()
        assert simulator.journal.violations == []
        assert refused(simulator) == 0
        listed = sum(event.expected or 0 for event in bench.producer.coverage)
        assert listed == sum(event.fetched for event in bench.producer.coverage) == 60


async def test_a_storm_of_faults_loses_no_event_that_the_feed_still_shows() -> None:
    async with world(seed=7, mix=Mix(leaks=0.5)) as (bench, simulator):
        for kind in (
            FaultKind.CLOSE,
            FaultKind.TRUNCATED,
            FaultKind.RUBBISH,
            FaultKind.WRONG_TYPE,
            FaultKind.EMPTY,
            FaultKind.SECONDARY,
        ):
            simulator.faults.add(kind, probability=0.05)
        simulator.publish(60)
        settings = github_events.Settings(base_url=simulator.github_url, token="not-a-token", max_body_mib=4)
        await bench.run("github_events", github_events.PLUGIN.build(settings, bench.tools), 3600)
        planted = {p.secret for p in simulator.truth if p.source == "github"}
        text = found(bench)
        assert planted
        assert {secret for secret in planted if secret not in text} == set()
