from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from collecting import START, MemoryProducer, MemoryState, Time
from monitor.aio import spawn
from monitor.collectors.base import SourceContext
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
