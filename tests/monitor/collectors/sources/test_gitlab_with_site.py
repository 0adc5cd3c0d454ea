"""The source `gitlab` against its fake, on one clock: what was published is found or counted, and no limit is broken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from collecting import START, Bench, MemoryProducer, MemoryState
from long_run import beside, happening
from monitor.bus.base import Message
from monitor.collectors.base import Stopping
from monitor.collectors.sources.gitlab import PLUGIN, Settings
from monitor.contracts import Request
from monitor.coverage.items import Outcome, place_of, unpack
from monitor.simulator.faults import FaultKind
from monitor.simulator.gitlab_forge import Forge, Shape
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator
from monitor.simulator.sites.gitlab import GitLab
from monitor.watching import Watching

NAME = "gitlab"
WATCH = Watching(organisations=("acme-corp",))
HOUR = 3600.0


class Net:
    """A bench, a simulator, and what to do with them."""

    def __init__(self, bench: Bench, simulator: Simulator) -> None:
        self.bench = bench
        self.simulator = simulator

    @property
    def forge(self) -> Forge:
        site = self.simulator.sites[NAME][1]
        assert isinstance(site, GitLab)
        return site.forge

    def source(self, *, watch: Watching = WATCH, **settings: Any) -> Any:
        given = {"token": "not-a-token", "base_url": f"{self.simulator.site_url(NAME)}/api/v4", **settings}
        tools = replace(self.bench.tools, watch=watch)
        return PLUGIN.build(Settings.model_validate(given), tools)

    async def run(self, seconds: float, **settings: Any) -> None:
        await self.bench.run(NAME, self.source(**settings), seconds)

    def leak(self, *, watched: str = "", shape: Shape = Shape.PLAIN) -> None:
        """One push with a credential of its own, now."""
        ours = [
            p for p in self.forge.projects.values() if (p.repository.owner == "acme-corp") == bool(watched)
        ]
        planted = self.simulator.publisher._make(watched)
        self.forge.publish_push(ours[0], self.bench.time.now, planted, watched, shape)

    def missing(self) -> set[bytes]:
        text = b"\n".join(document.content for document in self.bench.producer.documents)
        return {p.secret for p in self.simulator.truth if p.source == NAME and p.secret not in text}

    def rules_broken(self) -> set[str]:
        return {violation.rule for violation in self.simulator.journal.violations}


@asynccontextmanager
async def net(
    *, state: MemoryState | None = None, producer: MemoryProducer | None = None, **options: Any
) -> AsyncIterator[Net]:
    mix = Mix(leaks=0.3)
    async with beside(state=state, producer=producer, seed=11, mix=mix, sites={NAME: options}) as (
        bench,
        sim,
    ):
        yield Net(bench, sim)


def publishing(world: Net, every: float) -> Any:
    """Things happen on this forge only."""
    publisher = world.simulator.publisher
    rng = publisher._rng

    def happen(at: float) -> None:
        leak = rng.random() < 0.5
        watched = "owner" if rng.random() < 0.2 else ""
        world.forge.publish(at, publisher._make(watched) if leak else None, watched)

    return happening(world.bench, happen, every=every)


async def test_two_hours_lose_nothing_and_break_no_limit() -> None:
    async with net() as world:
        await world.run(1)
        end = publishing(world, every=10.0)
        source = world.source()
        await world.bench.run(NAME, source, 2 * HOUR)
        end()
        # what happened within the last hour may still be hidden by the standstill
        await world.bench.run(NAME, source, HOUR + 300)
        planted = [p for p in world.simulator.truth if p.source == NAME]
        assert len(planted) > 300
        assert {p.shape for p in planted} == {shape.value for shape in Shape}
        assert world.missing() == set()
        assert world.rules_broken() == set()
        ids = [d.id for d in world.bench.producer.documents if not d.known]
        assert len(ids) == len(set(ids))
        listed = sum(e.listed for e in world.bench.producer.coverage if not e.repairs)
        expected = sum(e.expected or 0 for e in world.bench.producer.coverage)
        fetched = sum(e.fetched for e in world.bench.producer.coverage)
        assert 0 < expected <= listed
        assert expected == fetched + sum(world.bench.producer.skipped().values())


HOSTILE = (
    FaultKind.CLOSE,
    FaultKind.TRUNCATED,
    FaultKind.RUBBISH,
    FaultKind.WRONG_TYPE,
    FaultKind.EMPTY,
    FaultKind.REDIRECT_LOOP,
    FaultKind.GZIP_BOMB,
    FaultKind.STATUS,
)


@pytest.mark.parametrize("kind", HOSTILE)
async def test_no_hostile_answer_loses_anything_and_each_is_told(kind: FaultKind) -> None:
    async with net() as world:
        source = world.source(max_body_mib=1, max_file_mib=1)
        await world.bench.run(NAME, source, 1)
        for number in range(4):
            world.leak(watched="owner" if number % 2 else "")
        # everything but raw files, whose right content nobody can tell from a wrong one
        until = world.bench.time.now + 600
        world.simulator.faults.add(kind, "gitlab.[pgcbds]*", until=until, size=4 * 1024 * 1024)
        await world.bench.run(NAME, source, 3 * HOUR)
        assert world.missing() == set()
        assert world.bench.metric("leakstream_source_blind", source=NAME) == 0
        assert any(event.blind for event in world.bench.producer.coverage)
        assert world.rules_broken() == set()


async def test_an_answer_that_hangs_is_given_up_and_asked_for_again() -> None:
    async with net() as world:
        source = world.source(concurrency=1)
        await world.bench.run(NAME, source, 1)
        world.leak()
        world.simulator.faults.add(FaultKind.HANG, "gitlab.diff", times=1)
        await world.bench.run(NAME, source, 300)
        assert world.missing() == set()
        assert world.bench.metric("leakstream_source_requests_total", source=NAME, outcome="timeout") == 1


async def test_a_storm_of_faults_loses_nothing() -> None:
    async with net() as world:
        source = world.source(max_body_mib=1, max_file_mib=1)
        await world.bench.run(NAME, source, 1)
        for kind in HOSTILE:
            world.simulator.faults.add(kind, "gitlab.[pgcbd]*", probability=0.03, size=2 * 1024 * 1024)
        end = publishing(world, every=30.0)
        await world.bench.run(NAME, source, HOUR)
        end()
        world.simulator.faults.clear()
        await world.bench.run(NAME, source, 3 * HOUR)
        assert world.missing() == set()
        assert world.rules_broken() == set()


async def test_an_outage_of_an_hour_is_waited_for() -> None:
    async with net() as world:
        source = world.source()
        await world.bench.run(NAME, source, 1)
        for _ in range(3):
            world.leak()
        await world.bench.run(NAME, source, 70)
        for _ in range(3):
            world.leak(watched="owner")
        world.simulator.faults.add(FaultKind.STATUS, "gitlab.*")
        asked = len(world.simulator.journal)
        await world.bench.run(NAME, source, HOUR)
        # a forge in trouble is asked some times a minute, not three hundred
        assert len(world.simulator.journal) - asked < 400
        world.simulator.faults.clear()
        await world.bench.run(NAME, source, 2 * HOUR)
        assert world.missing() == set()


class Dying(MemoryProducer):
    """Takes some calls and then none: the process is gone."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls = calls

    async def send(self, messages: Sequence[Message]) -> None:
        if self.calls == 0:
            raise Stopping
        self.calls -= 1
        await super().send(messages)


async def test_killed_and_started_again_nothing_is_lost_and_ids_stay() -> None:
    contents: dict[str, bytes] = {}
    async with net() as world:
        await world.run(1)
        end = publishing(world, every=20.0)
        producers = [Dying(calls) for calls in (3, 40, 0, 9, 1, 70, 20, 5, 33, 2)]
        for producer in producers:
            world.bench.producer = producer
            await world.run(300)
        end()
        world.bench.producer = MemoryProducer()
        await world.run(2 * HOUR)
        whole = [d for p in (*producers, world.bench.producer) for d in p.documents]
        text = b"\n".join(document.content for document in whole)
        lost = {p.secret for p in world.simulator.truth if p.source == NAME and p.secret not in text}
        assert lost == set()
        assert world.rules_broken() == set()
        for document in whole:
            if not document.known:
                assert contents.setdefault(document.id, document.content) == document.content


async def test_a_source_that_went_to_another_process_and_came_back_loses_nothing() -> None:
    async with net() as world:
        ours, theirs = world.source(), world.source()
        await world.bench.run(NAME, ours, 1)
        end = publishing(world, every=20.0)
        for _ in range(5):
            await world.bench.run(NAME, ours, 170)
            await world.bench.run(NAME, theirs, 170)
        end()
        await world.bench.run(NAME, ours, 2 * HOUR)
        assert world.missing() == set()
        assert world.rules_broken() == set()


async def test_watched_projects_come_first_and_their_commits_before_all_others() -> None:
    async with net() as world:
        source = world.source(requests_per_minute=30, watched_seconds=60.0)
        await world.bench.run(NAME, source, 300)
        world.bench.producer.messages.clear()
        for _ in range(6):
            for project in list(world.forge.projects.values())[1:8]:
                world.forge.publish_push(project, world.bench.time.now, None, "", Shape.PLAIN)
        world.leak(watched="owner")
        await world.bench.run(NAME, source, 180)
        repositories = [d.provenance.owner for d in world.bench.producer.documents if d.provenance.path]
        assert repositories[0] == "acme-corp"
        assert world.missing() == set()


async def test_under_a_load_beyond_the_budget_every_push_of_the_watched_is_found_soon() -> None:
    async with net() as world:
        source = world.source(requests_per_minute=18)
        await world.bench.run(NAME, source, 60)
        end = publishing(world, every=10.0)
        await world.bench.run(NAME, source, HOUR)
        end()
        await world.bench.run(NAME, source, 400)
        documents = world.bench.producer.documents
        ours = [p for p in world.simulator.truth if p.watched]
        assert len(ours) > 20
        for planted in ours:
            found = [d.fetched_at for d in documents if planted.secret in d.content]
            assert min(found) - planted.published_at < 400
        assert len(world.missing()) > 20  # strangers' commits wait
        assert world.rules_broken() == set()


async def test_a_push_of_a_watched_project_is_seen_within_two_polls_though_its_activity_stands_still() -> (
    None
):
    async with net() as world:
        source = world.source()
        project = next(p for p in world.forge.projects.values() if p.repository.owner == "acme-corp")
        world.forge.publish_push(project, world.bench.time.now, None, "owner", Shape.PLAIN)
        await world.bench.run(NAME, source, 600)
        stands = project.active_at
        world.leak(watched="owner")
        assert project.active_at == stands
        await world.bench.run(NAME, source, 245)
        assert world.missing() == set()


async def test_a_strangers_second_push_is_found_when_the_standstill_is_over() -> None:
    async with net() as world:
        source = world.source()
        await world.bench.run(NAME, source, 60)
        world.leak()
        await world.bench.run(NAME, source, 1830)
        await world.bench.run(NAME, source, 200)
        world.leak()  # after the second look of the hour
        await world.bench.run(NAME, source, HOUR)
        assert len({p.repository for p in world.simulator.truth}) == 1
        assert world.missing() == set()


async def test_the_coverage_answers_for_a_push() -> None:
    async with net() as world:
        source = world.source()
        await world.bench.run(NAME, source, 1)
        world.leak()
        await world.bench.run(NAME, source, 300)
        (planted,) = world.simulator.truth
        outcomes = {
            entry.outcome
            for event in world.bench.producer.coverage
            for entry in unpack(event.items)
            if entry.place == place_of("gitlab.com", planted.repository) and abs(entry.at - START) <= 1
        }
        assert outcomes == {Outcome.LISTED, Outcome.FETCHED}


async def test_a_sweep_reads_the_whole_history_and_is_finished() -> None:
    async with net() as world:
        project = next(iter(world.forge.projects.values()))
        for _ in range(3):
            world.leak(watched="owner")
        world.bench.time.now += 90 * 86_400
        target = f"https://gitlab.com/{project.path}"
        sweep = Request("sweep", NAME, target, START)
        await world.bench.state.add_requests([sweep, Request("sweep", NAME, "gitlab.com/no/where", START)])
        await world.run(600, watch=Watching(), read=["snippets"])
        assert world.missing() == set()
        assert world.bench.state.asked == {}
        assert (
            world.bench.metric("leakstream_dropped_total", stage="collect", reason="request_impossible") == 1
        )


async def test_what_the_budget_does_not_buy_is_counted() -> None:
    async with net() as world:
        source = world.source(requests_per_minute=12, backlog=5, watch=Watching())
        await world.bench.run(NAME, source, 61)
        for _ in range(4):
            for project in list(world.forge.projects.values()):
                world.forge.publish_push(project, world.bench.time.now, None, "", Shape.PLAIN)
        await world.bench.run(NAME, source, 2 * HOUR)
        assert world.bench.producer.skipped()["budget"] > 0
        expected = sum(e.expected or 0 for e in world.bench.producer.coverage)
        fetched = sum(e.fetched for e in world.bench.producer.coverage)
        waiting = expected - fetched - sum(world.bench.producer.skipped().values())
        assert 0 <= waiting <= 10
        assert world.rules_broken() == set()


@pytest.mark.parametrize("token", [None, "not-a-token"])
async def test_a_forge_with_lower_limits_is_never_asked_too_often(token: str | None) -> None:
    async with net(per_minute=40, anonymous_per_minute=40) as world:
        end = publishing(world, every=30.0)
        await world.run(HOUR, token=token)
        end()
        assert world.bench.producer.documents
        assert world.rules_broken() == set()


async def test_a_refused_token_is_shown_once_in_a_quarter_of_an_hour_at_most() -> None:
    async with net(tokens=["another"]) as world:
        source = world.source()
        await world.bench.run(NAME, source, HOUR)
        shown = sum(n for (_, status), n in world.simulator.journal.counts.items() if status == 401)
        assert 1 <= shown <= 4
        assert world.rules_broken() == set()
        assert world.bench.metric("leakstream_source_blind", source=NAME) == 1


async def test_a_list_that_ends_at_the_offset_limit_is_a_full_one() -> None:
    async with net(offset_limit=0) as world:
        for number in range(120):
            world.forge.create(f"someone/p{number}", world.bench.time.now, push=False)
        await world.run(1, read=["projects"])
        (event,) = [e for e in world.bench.producer.coverage if e.feed == "active" and e.listed]
        assert (event.listed, event.full) == (100, True)
        assert world.bench.metric("leakstream_source_blind", source=NAME) == 0
