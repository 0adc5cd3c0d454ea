"""Code search against the simulator's, on one clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from collecting import START, Bench, MemoryProducer, MemoryState
from made_up import made_up
from monitor.collectors.sources.github_search import PLUGIN, GithubSearch, Settings
from monitor.coverage.items import Outcome, place_of, unpack
from monitor.identity import blob_sha
from monitor.simulator.faults import FaultKind
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator, SimulatorConfig
from monitor.simulator.world import Change
from monitor.watching import Watching
from together import TogetherBench

NAME = "github_search"
WATCH = Watching(organisations=("acme-corp",), domains=("example.com",))
HOUR = 3600.0


class Net:
    def __init__(self, bench: Bench, simulator: Simulator) -> None:
        self.bench = bench
        self.simulator = simulator

    def put(self, repository: str, **files: bytes) -> None:
        """Files (`a_env` is a.env) on the default branch, now."""
        world, now = self.simulator.world, self.bench.time.now
        changes = {name.replace("_", "."): content for name, content in files.items()}
        world.push(world.repository(repository, now), [Change(changes)], now)

    def source(self, *, watch: Watching = WATCH, **options: Any) -> GithubSearch:
        known = {"base_url": self.simulator.github_url, "token": "not-a-token", **options}
        made: GithubSearch = PLUGIN.build(
            Settings.model_validate(known), replace(self.bench.tools, watch=watch)
        )
        return made

    async def run(self, seconds: float, **options: Any) -> None:
        await self.bench.run(NAME, self.source(**options), seconds)

    @property
    def contents(self) -> list[bytes]:
        return [document.content for document in self.bench.producer.documents]

    def dropped(self, reason: str) -> float:
        return self.bench.metric("leakstream_dropped_total", stage="collect", reason=reason)


@asynccontextmanager
async def net(
    *, state: MemoryState | None = None, producer: MemoryProducer | None = None
) -> AsyncIterator[Net]:
    async with TogetherBench(state, producer) as bench:
        simulator = Simulator(SimulatorConfig(seed=4, mix=Mix(leaks=0.5)), maker=made_up, clock=bench.time)
        await simulator.start()
        try:
            yield Net(bench, simulator)
        finally:
            await simulator.stop()


async def test_files_of_strangers_that_name_us_are_read_once() -> None:
    async with net() as world:
        world.put("octo/demo", a_env=b"HOST=db.example.com\nKEY=1", b_py=b"nothing of note")
        world.put("acme-corp/app", c_env=b"HOST=db.example.com\nKEY=2")  # ours: other sources read it
        await world.run(2 * HOUR, poll_hours=0.5)
        (document,) = world.bench.producer.documents
        content = b"HOST=db.example.com\nKEY=1"
        assert document.content == content
        assert document.blob_sha == blob_sha(content)
        where = document.provenance
        assert (where.forge, where.repository, where.owner, where.path) == (
            "github.com", "octo/demo", "octo", "a.env",
        )  # fmt: skip
        assert where.url == f"https://github.com/octo/demo/blob/{where.commit}/a.env"
        assert world.simulator.journal.violations == []
        assert world.simulator.journal.counts["github.search_code", 200] == 8
        assert world.bench.metric("leakstream_capture_ratio", source=NAME) == 1.0


async def test_a_file_in_many_repositories_is_fetched_once_and_told_everywhere() -> None:
    async with net() as world:
        for number in range(5):
            world.put(f"fork-{number}/demo", a_env=b"HOST=db.example.com")
        await world.run(600)
        documents = world.bench.producer.documents
        assert len({document.provenance.repository for document in documents}) == 5
        assert sorted(document.known for document in documents) == [False, True, True, True, True]
        assert world.simulator.journal.counts["github.blob", 200] == 1


async def test_a_changed_file_is_read_again() -> None:
    async with net() as world:
        world.put("octo/demo", a_env=b"HOST=db.example.com")
        source = world.source(poll_hours=1)
        await world.bench.run(NAME, source, 60)
        world.put("octo/demo", a_env=b"HOST=db.example.com\nKEY=1")
        await world.bench.run(NAME, source, HOUR)
        assert world.contents == [b"HOST=db.example.com", b"HOST=db.example.com\nKEY=1"]


async def test_queries_of_the_configuration_and_own_repositories_where_wanted() -> None:
    async with net() as world:
        world.put("acme-corp/app", c_env=b"HOST=db.example.com")
        world.put("octo/demo", a_env=b"acme_token=1")
        await world.run(600, queries=["acme_token"], exclude_own=False, watched_names=False)
        assert world.contents == [b"acme_token=1"]
        await world.run(600, exclude_own=False)
        assert b"HOST=db.example.com" in world.contents


async def test_nine_a_minute_whatever_there_is_to_ask() -> None:
    async with net() as world:
        many = Watching(domains=tuple(f"d{n}.example.com" for n in range(40)))
        await world.run(2 * HOUR, watch=many, poll_hours=0.1)
        assert world.simulator.journal.counts["github.search_code", 200] > 600
        assert world.simulator.journal.violations == []


async def test_two_hours_of_a_busy_world_with_trouble_lose_nothing_that_the_search_shows() -> None:
    async with net() as world:
        world.simulator.search.incomplete = 0.2
        for kind in (
            FaultKind.STATUS,
            FaultKind.CLOSE,
            FaultKind.RUBBISH,
            FaultKind.DEEP,
            FaultKind.SECONDARY,
        ):
            world.simulator.faults.add(kind, "github.*", probability=0.03, until=START + 1.5 * HOUR)
        source = world.source(queries=["made_up_key"], exclude_own=False, poll_hours=0.25)
        for _ in range(24):
            world.simulator.publish(4)
            await world.bench.run(NAME, source, 300)
        world.simulator.search.incomplete = 0.0
        await world.bench.run(NAME, source, 2 * HOUR)
        shown = {
            planted.secret
            for planted in world.simulator.truth
            for repository in world.simulator.world.repositories.values()
            for sha in (repository.commits[repository.head].tree.values() if repository.head else ())
            if planted.secret in world.simulator.world.blobs[sha]
        }
        text = b"\n".join(world.contents)
        assert len(shown) > 10
        assert {secret for secret in shown if secret not in text} == set()
        assert world.simulator.journal.violations == []
        events = world.bench.producer.coverage
        listed = sum(event.expected or 0 for event in events)
        assert listed == sum(event.fetched + sum(event.skipped.values()) for event in events)


async def test_what_is_beyond_a_thousand_results_is_counted() -> None:
    async with net() as world:
        world.simulator.search.limit = 200
        files = {f"f{n}_env": b"db.example.com %d" % n for n in range(230)}
        world.put("octo/demo", **files)
        await world.run(50, pages=2)
        assert world.dropped("beyond_limit") == 30
        (event,) = (event for event in world.bench.producer.coverage if event.listed)
        assert (event.listed, event.full) == (200, True)


async def test_a_search_that_timed_out_is_asked_again_soon() -> None:
    async with net() as world:
        world.simulator.search.incomplete = 1.0
        source = world.source(watch=Watching(domains=("example.com",)))
        await world.bench.run(NAME, source, 60)
        world.simulator.search.incomplete = 0.0
        await world.bench.run(NAME, source, 900)
        assert world.dropped("incomplete_results") == 1
        assert world.simulator.journal.counts["github.search_code", 200] == 2


async def test_a_query_that_the_server_refuses_stops_no_other() -> None:
    async with net() as world:
        world.put("octo/demo", a_env=b"db.example.com")
        await world.run(600, queries=["org:nobody"], exclude_own=False)
        assert world.contents == [b"db.example.com"]
        assert world.dropped("bad_query") == 1
        assert world.simulator.journal.counts["github.search_code", 422] == 1


async def test_a_file_that_is_gone_leaves_the_lines_that_matched() -> None:
    async with net() as world:
        world.put("octo/demo", a_env=b"HOST=db.example.com\nKEY=1")
        world.simulator.faults.add(FaultKind.STATUS, "github.blob", status=404)
        await world.run(600)
        (document,) = world.bench.producer.documents
        assert document.content == b"HOST=db.example.com\nKEY=1"
        assert document.id.endswith("#match")
        assert document.blob_sha == ""
        assert world.bench.producer.skipped() == {"gone": 1}


async def test_a_refused_token_is_told() -> None:
    async with net() as world:
        world.simulator.faults.add(FaultKind.STATUS, "github.search_code", status=401)
        service = await world.bench.run(NAME, world.source(), 60)
        assert service.troubled == {NAME: "unauthorized"}


async def test_what_waits_comes_again_after_a_crash() -> None:
    async with net() as world:
        world.put("octo/demo", **{f"f{n}_env": b"db.example.com %d" % n for n in range(20)})
        await world.run(20, requests_per_minute=5)
        assert 0 < len(world.contents) < 20
        await world.run(HOUR, requests_per_minute=30)
        assert sorted(world.contents) == sorted(b"db.example.com %d" % n for n in range(20))
        asked = world.simulator.journal.counts["github.search_code", 200]
        await world.run(HOUR)
        assert world.simulator.journal.counts["github.search_code", 200] == asked  # not due yet


async def test_a_backlog_over_its_limit_is_counted() -> None:
    async with net() as world:
        world.put("octo/demo", **{f"f{n}_env": b"db.example.com %d" % n for n in range(9)})
        await world.run(600, backlog=4)
        assert world.bench.producer.skipped() == {"budget": 5}


async def test_what_cannot_hold_text_is_not_fetched() -> None:
    async with net() as world:
        world.put("octo/demo", logo_png=b"db.example.com")
        await world.run(600)
        assert world.bench.producer.skipped() == {"media": 1}


async def test_the_ledger_names_the_repository() -> None:
    async with net() as world:
        world.put("octo/demo", a_env=b"db.example.com")
        await world.run(600)
        found = [entry for event in world.bench.producer.coverage for entry in unpack(event.items)]
        assert {entry.place for entry in found} == {place_of("github.com", "octo/demo")}
        assert {entry.outcome for entry in found} == {Outcome.LISTED, Outcome.FETCHED}


def test_it_needs_a_token() -> None:
    with pytest.raises(ValidationError, match="needs a token"):
        Settings()
