from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from collecting import START, MemoryProducer, MemoryState, Time
from monitor.aio import sleep_until, spawn
from monitor.collectors.base import SourceContext
from monitor.collectors.leasing import Leases
from monitor.collectors.service import CollectorService, SourceCrashed
from monitor.contracts import Document
from monitor.metrics import Metrics


class Scripted:
    def __init__(self, script: Callable[[SourceContext], Awaitable[None]]) -> None:
        self.script = script

    async def run(self, context: SourceContext) -> None:
        await self.script(context)


def service(producer: MemoryProducer | None = None, **sources: Scripted) -> CollectorService:
    time = Time()
    return CollectorService(
        sources, producer or MemoryProducer(), MemoryState(), Metrics(), clock=time, grace=0.05
    )


async def until_stopped(context: SourceContext) -> None:
    await context.stop.wait()


async def test_runs_all_and_stops_gracefully() -> None:
    stop = asyncio.Event()
    ended: list[str] = []

    async def script(context: SourceContext) -> None:
        await context.stop.wait()
        ended.append(context.name)

    made = service(a=Scripted(script), b=Scripted(script))
    assert made.not_ready == ("the collectors are not running",)
    running = spawn(made.run(stop), name="run")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert made.not_ready == ()
    stop.set()
    await running
    assert sorted(ended) == ["a", "b"]


async def test_ends_when_every_source_has_ended() -> None:
    producer = MemoryProducer()

    async def once(context: SourceContext) -> None:
        await context.emit([Document(context.name, "1", b"x", START)])

    made = service(producer, a=Scripted(once), b=Scripted(once))
    await made.run(asyncio.Event())
    assert made.not_ready == ()
    assert sorted(d.source for d in producer.documents) == ["a", "b"]


async def test_a_crash_names_the_source_and_stops_the_others() -> None:
    stopped: list[str] = []

    async def good(context: SourceContext) -> None:
        await context.stop.wait()
        stopped.append(context.name)

    async def bad(_: SourceContext) -> None:
        raise KeyError("content of a document")

    with pytest.raises(SourceCrashed) as caught:
        await service(good=Scripted(good), bad=Scripted(bad)).run(asyncio.Event())
    assert caught.value.source == "bad"
    assert str(caught.value) == "source bad crashed: KeyError"
    assert isinstance(caught.value.__cause__, KeyError)
    assert stopped == ["good"]


async def test_a_source_that_does_not_stop_is_cancelled() -> None:
    stop = asyncio.Event()
    stop.set()

    async def deaf(_: SourceContext) -> None:
        await asyncio.sleep(3600)

    await service(deaf=Scripted(deaf)).run(stop)


async def test_back_pressure_makes_the_stage_unready_and_a_stop_during_it_is_no_crash() -> None:
    stop = asyncio.Event()

    async def stuck(context: SourceContext) -> None:
        await context.emit([Document(context.name, "1", b"x", START)])

    made = service(MemoryProducer(refusals=1_000_000), a=Scripted(stuck), b=Scripted(until_stopped))
    running = spawn(made.run(stop), name="run")
    while not any("full" in reason for reason in made.not_ready):  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(0)
    stop.set()
    await running


async def test_a_failing_upstream_is_told_but_the_stage_is_ready() -> None:
    stop = asyncio.Event()

    async def failing(context: SourceContext) -> None:
        context.failing("timeout")
        await context.stop.wait()

    made = service(a=Scripted(failing), b=Scripted(until_stopped))
    running = spawn(made.run(stop), name="run")
    while not made.troubled:  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(0)
    assert made.troubled == {"a": "timeout"}
    assert made.not_ready == ()
    stop.set()
    await running


class Counted:
    """Runs until told to stop; `running` has who runs it now."""

    def __init__(self, running: dict[str, set[str]], collector: str) -> None:
        self._running = running
        self._collector = collector

    async def run(self, context: SourceContext) -> None:
        holders = self._running.setdefault(context.name, set())
        holders.add(self._collector)
        assert len(holders) == 1
        context.failing("away")
        await context.stop.wait()
        holders.discard(self._collector)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not holds():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.01)


async def test_two_collectors_share_the_sources_and_one_takes_over_what_the_other_leaves(
    tmp_path: Path,
) -> None:
    running: dict[str, set[str]] = {}
    names = ["a", "b", "c", "d"]

    async def quickly(stop: asyncio.Event, _: float) -> bool:
        return await sleep_until(stop, 0.02)

    measured = {"first": Metrics(), "second": Metrics()}

    def blind(collector: str) -> float:
        registry = measured[collector].registry
        return sum(registry.get_sample_value("leakstream_source_blind", {"source": n}) or 0.0 for n in names)

    def collector(name: str) -> tuple[asyncio.Task[None], asyncio.Event, Leases]:
        stop, leases = asyncio.Event(), Leases(tmp_path)
        made = CollectorService(
            {each: Counted(running, name) for each in names},
            MemoryProducer(),
            MemoryState(),
            measured[name],
            leases=leases,
            sleep=quickly,
        )
        return spawn(made.run(stop), name=name), stop, leases

    def of(collector: str) -> int:
        return sum(collector in holders for holders in running.values())

    first, stop_first, leases_first = collector("first")
    await until(lambda: of("first") == 4)
    second, stop_second, leases_second = collector("second")
    await until(lambda: of("first") == of("second") == 2)
    await until(lambda: blind("first") == blind("second") == 2)  # what was given away is the other's trouble
    stop_first.set()
    await first
    leases_first.close()
    await until(lambda: of("second") == 4)
    stop_second.set()
    await second
    leases_second.close()


async def test_what_every_collector_runs_needs_no_lease(tmp_path: Path) -> None:
    other = Leases(tmp_path)
    assert other.take("ingest")
    stop, running, leases = asyncio.Event(), dict[str, set[str]](), Leases(tmp_path)
    made = CollectorService(
        {"ingest": Counted(running, "ours")},
        MemoryProducer(),
        MemoryState(),
        Metrics(),
        leases=leases,
        alone=["ingest"],
    )
    task = spawn(made.run(stop), name="ours")
    await until(lambda: running.get("ingest") == {"ours"})
    stop.set()
    await task
    leases.close()
    other.close()


@pytest.mark.parametrize(("seconds", "limit"), [(5.0, 60.0), (20.0, 60.0), (300.0, 900.0)])
def test_after_three_polls_a_source_is_stale_and_until_its_first_answer(seconds: float, limit: float) -> None:
    metrics = Metrics()
    listening, polling = Scripted(until_stopped), Scripted(until_stopped)
    CollectorService(
        {"polls": polling, "listens": listening},
        MemoryProducer(),
        MemoryState(),
        metrics,
        rhythms={"polls": seconds},
    )
    value = metrics.registry.get_sample_value
    assert value("leakstream_source_freshness_limit_seconds", {"source": "polls"}) == limit
    assert value("leakstream_source_last_success_timestamp_seconds", {"source": "polls"}) == 0
    assert value("leakstream_source_freshness_limit_seconds", {"source": "listens"}) is None
