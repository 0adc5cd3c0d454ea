"""The source `gitea` against its fake, on one clock: what was published is found again, and no limit is broken."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from collecting import START, Bench, MemoryProducer, MemoryState, Time
from made_up import made_up
from monitor.collectors.base import Stopping
from monitor.collectors.sources.gitea import PLUGIN, Settings
from monitor.contracts import Document
from monitor.coverage.items import Outcome, place_of, unpack
from monitor.simulator.faults import FaultKind
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator, SimulatorConfig
from monitor.simulator.sites.gitea import GiteaSite
from monitor.tools import Tools
from monitor.watching import Watching

NAME = "gitea"
WATCH = Watching(organisations=("acme-corp",))


HOSTILE = (
    FaultKind.STATUS,
    FaultKind.CLOSE,
    FaultKind.TRUNCATED,
    FaultKind.CUT_CHUNK,
    FaultKind.RUBBISH,
    FaultKind.WRONG_TYPE,
    FaultKind.EMPTY,
    FaultKind.DEEP,
    FaultKind.DEEP_LIST,
    FaultKind.REDIRECT_LOOP,
    FaultKind.PRIVATE_REDIRECT,
    FaultKind.GZIP_BOMB,
    FaultKind.SKEW,
)


class Busy(Time):
    """Something happens every `every` seconds of it."""

    def __init__(self, every: float) -> None:
        super().__init__()
        self.every = every
        self.next = self.now
        self.happen: Any = None
        self.ends = float("inf")

    async def sleep(self, stop: asyncio.Event, seconds: float) -> bool:
        while self.happen and self.next <= min(self.now + seconds, self.ends):
            self.happen(self.next)
            self.next += self.every
        return await super().sleep(stop, seconds)


class World:
    def __init__(self, simulator: Simulator, time: Busy) -> None:
        self.simulator = simulator
        self.time = time
        self.producer = MemoryProducer()
        self.state = MemoryState()

    @property
    def site(self) -> GiteaSite:
        found = self.simulator.sites[NAME][1]
        assert isinstance(found, GiteaSite)
        return found

    async def run(
        self,
        seconds: float,
        *,
        producer: MemoryProducer | None = None,
        watch: Watching = WATCH,
        **settings: Any,
    ) -> Bench:
        async with Bench(self.state, producer or self.producer) as bench:
            bench.time = self.time
            bench.http._clock = self.time
            tools = Tools(
                http=bench.http, metrics=bench.metrics, state=bench.tools.state, clock=self.time, watch=watch
            )
            base = f"{self.simulator.site_url(NAME)}/api/v1"
            given = Settings(base_url=base, **settings)
            await bench.run(NAME, PLUGIN.build(given, tools), seconds)
            return bench

    def missing(self, documents: list[Document]) -> set[bytes]:
        text = b"\n".join(d.content for d in documents)
        return {p.secret for p in self.simulator.truth if p.source == NAME and p.secret not in text}


@asynccontextmanager
async def world(every: float = 0.0, options: dict[str, Any] | None = None) -> AsyncIterator[World]:
    time = Busy(every)
    config = SimulatorConfig(seed=11, mix=Mix(leaks=0.5), sites={NAME: options or {}})
    simulator = Simulator(config, maker=made_up, clock=time)
    await simulator.start()
    if every:
        site = simulator.sites[NAME][1]

        def happen(at: float) -> None:
            chance = simulator.world.rng.random()
            watched = "owner" if chance < 0.2 else ""
            site.publish(at, made_up(simulator.world.rng) if chance < 0.5 else None, watched)

        time.happen = happen
    try:
        yield World(simulator, time)
    finally:
        await simulator.stop()


async def test_two_hours_everything_published_is_found_and_no_limit_is_broken() -> None:
    async with world(every=60.0) as w:
        w.time.ends = START + 6600
        await w.run(7200)
        planted = [p for p in w.simulator.truth if p.source == NAME]
        assert len(planted) > 40
        assert {p.watched for p in planted} == {"", "owner"}
        assert w.missing(w.producer.documents) == set()
        assert w.simulator.journal.violations == []
        # the ledger adds up: every listed state of a repository ended somewhere
        events = w.producer.coverage
        listed = sum(e.listed - (e.overlap or 0) for e in events if e.listed)
        ended = sum(e.fetched + sum(e.skipped.values()) for e in events)
        assert listed == ended


async def test_killed_and_started_again_nothing_is_lost_and_ids_stay() -> None:
    class Dying(MemoryProducer):
        def __init__(self, calls: int) -> None:
            super().__init__()
            self.calls = calls

        async def send(self, messages: Any) -> None:
            if self.calls == 0:
                raise Stopping
            self.calls -= 1
            await super().send(messages)

    async with world(every=45.0, options={"max_items": 4}) as w:
        w.time.ends = START + 3000
        documents: list[Document] = []
        for calls in (1, 4, 9, 2, 30, 0, 3, 1000):
            producer = Dying(calls)
            await w.run(400 if calls < 1000 else 3600, producer=producer, pages=20)
            documents += producer.documents
        assert w.missing(documents) == set()
        assert w.simulator.journal.violations == []
        contents: dict[str, bytes] = {}
        for document in documents:
            assert contents.setdefault(document.id, document.content) == document.content


async def test_what_waited_when_it_was_killed_is_listed_again_however_old_it_is() -> None:
    async with world(options={"max_items": 3}) as w:
        w.site.world.push("o/first", START - 2000)
        await w.run(30, watch=Watching())
        for number in range(12):
            w.site.world.push(f"o/n{number}", START - 1500 + 120 * number, plants=[b"made-%d;" % number])
        await w.run(
            110, watch=Watching(), pages=20, requests_per_minute=6
        )  # five for the list, few for commits
        text = b"".join(d.content for d in w.producer.documents)
        assert b"made-11;" in text
        assert b"made-0;" not in text
        await w.run(600, watch=Watching(), pages=20)
        text = b"".join(d.content for d in w.producer.documents)
        assert all(b"made-%d;" % number in text for number in range(12))


async def test_hostile_answers_lose_nothing_and_are_told() -> None:
    async with world(every=60.0) as w:
        w.time.ends = START + 3600
        for kind in FaultKind:
            if kind not in (FaultKind.HANG, FaultKind.SLOW, FaultKind.DRIP):
                w.simulator.faults.add(kind, "gitea.*", probability=0.02, until=START + 4000)
        bench = await w.run(9000, max_body_mib=4, max_diff_mib=4)
        assert bench.metric("leakstream_source_requests_total", source=NAME, outcome="too_large") > 0
        assert w.missing(w.producer.documents) == set()
        assert any(event.blind for event in w.producer.coverage)
        assert w.simulator.journal.violations == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (FaultKind.STATUS, "server_error"),
        (FaultKind.CLOSE, "closed"),
        (FaultKind.TRUNCATED, "truncated"),
        (FaultKind.RUBBISH, "bad_shape"),
        (FaultKind.EMPTY, "bad_shape"),
        (FaultKind.DEEP, "bad_shape"),
        (FaultKind.DEEP_LIST, "bad_shape"),
        (FaultKind.CUT_CHUNK, "truncated"),
        (FaultKind.ENDLESS, "too_large"),
        (FaultKind.PRIVATE_REDIRECT, "refused_address"),
        (FaultKind.TLS, "tls"),
        (FaultKind.WRONG_TYPE, "challenge"),
        (FaultKind.REDIRECT_LOOP, "redirect_loop"),
        (FaultKind.GZIP_BOMB, "too_large"),
    ],
)
async def test_a_hostile_list_is_told_and_asked_for_again(kind: FaultKind, reason: str) -> None:
    async with world() as w:
        w.site.world.push("o/n", START, plants=[b"KEY=1\n"])
        w.simulator.faults.add(kind, "gitea.search", until=START + 60)
        await w.run(2000, watch=Watching(), max_body_mib=4)
        assert any(b"KEY=1" in d.content for d in w.producer.documents)
        assert reason in {event.blind for event in w.producer.coverage}
        assert w.simulator.journal.violations == []


async def test_a_server_that_hangs_is_asked_again() -> None:
    async with world() as w:
        w.site.world.push("o/n", START, plants=[b"KEY=1\n"])
        w.simulator.faults.add(FaultKind.HANG, "gitea.*", times=1)
        bench = await w.run(120, watch=Watching())
        assert bench.metric("leakstream_source_requests_total", source=NAME, outcome="timeout") == 1
        assert any(b"KEY=1" in d.content for d in w.producer.documents)
        assert w.simulator.journal.violations == []


async def test_a_page_that_tests_for_bots_is_trouble_and_no_content() -> None:
    async with world() as w:
        w.site.world.push("o/n", START, plants=[b"KEY=1\n"])
        w.simulator.faults.add(FaultKind.WRONG_TYPE, "gitea.diff", until=START + 100)
        await w.run(60, watch=Watching())
        assert w.producer.documents == []
        assert len(w.simulator.journal) == 3  # search, commits, one diff: then it stays away
        await w.run(1200, watch=Watching())
        assert any(b"KEY=1" in d.content for d in w.producer.documents)


async def test_while_a_page_tests_for_bots_that_is_what_is_told() -> None:
    async with world() as w:
        w.site.world.push("o/n", START)
        w.simulator.faults.add(FaultKind.WRONG_TYPE, "gitea.diff", until=START + 100)
        await w.run(1200, watch=Watching())
        assert [event.blind for event in w.producer.coverage if event.blind] == ["challenge"]


@pytest.mark.parametrize("status", [429, 503])
async def test_told_to_wait_it_waits(status: int) -> None:
    async with world(every=30.0) as w:
        await w.run(300)
        w.site.refuse(400, status)
        before = len(w.simulator.journal)
        await w.run(390)
        assert len(w.simulator.journal) - before == 1
        await w.run(1200)
        assert w.simulator.journal.violations == []


async def test_a_small_page_is_no_end_where_the_server_clamps_more() -> None:
    async with world(options={"max_items": 10}) as w:
        w.site.world.push("o/first", START - 500)
        await w.run(60, watch=Watching())
        for number in range(25):
            w.site.world.push(f"o/n{number}", START + 61 + number, plants=[b"made-%d\n" % number])
        await w.run(600, watch=Watching(), pages=10)
        text = b"".join(d.content for d in w.producer.documents)
        assert all(b"made-%d\n" % number in text for number in range(25))


async def test_what_is_no_push_is_known_by_its_head() -> None:
    async with world() as w:
        w.site.world.push("o/n", START)
        await w.run(60, watch=Watching())
        count = len(w.producer.documents)
        w.site.world.touch("o/n", START + 100)
        await w.run(300, watch=Watching())
        assert len(w.producer.documents) == count
        assert w.producer.skipped() == {"no_push": 1}


async def test_a_merge_brings_what_is_older_than_the_known_head() -> None:
    async with world() as w:
        repo = w.site.world
        repo.push("o/n", START - 1000, plants=[b"base\n"])
        repo.push("o/n", START - 500, plants=[b"on-topic\n"], branch="topic")
        repo.push("o/n", START, plants=[b"on-main\n"])
        await w.run(60, watch=Watching())
        text = b"".join(d.content for d in w.producer.documents)
        assert b"on-topic" not in text  # search says nothing of branches
        repo.merge("o/n", START + 100, "topic")
        await w.run(300, watch=Watching())
        text = b"".join(d.content for d in w.producer.documents if not d.known)
        assert b"on-topic" in text


async def test_of_what_is_watched_every_branch_and_every_commit_is_read() -> None:
    async with world() as w:
        repo = w.site.world
        repo.push("acme-corp/app", START - 50, plants=[b"made-%d\n" % n for n in range(70)])
        repo.push(
            "acme-corp/app", START - 40, plants=[b"branched-%d\n" % n for n in range(9)], branch="topic"
        )
        repo.touch("acme-corp/app", START - 30)
        await w.run(1200)
        text = b"".join(d.content for d in w.producer.documents)
        assert all(b"made-%d\n" % n in text for n in range(70))
        assert all(b"branched-%d\n" % n in text for n in range(9))
        assert any(d.id.endswith("#title") for d in w.producer.documents)
        seen = {
            i.outcome
            for e in w.producer.coverage
            for i in unpack(e.items)
            if i.place == place_of("codeberg.org", "acme-corp/app")
        }
        assert Outcome.FETCHED in seen


async def test_a_name_that_is_of_another_forge_is_no_trouble() -> None:
    async with world() as w:
        w.site.world.push("o/n", START)
        bench = await w.run(600, watch=Watching(organisations=("nobody-here",)))
        assert bench.metric("leakstream_source_blind", source=NAME) == 0
        assert bench.metric("leakstream_dropped_total", stage="collect", reason="no_such_feed") == 1


async def test_private_and_empty_repositories_are_left_out_and_counted() -> None:
    async with world() as w:
        w.site.world.repo("o/empty", START - 10)
        w.site.world.push("o/secret", START - 5)
        w.site.world.repos["o/secret"].private = True
        await w.run(60, watch=Watching())
        assert w.producer.documents == []
        assert w.producer.skipped() == {"empty_repository": 1}
