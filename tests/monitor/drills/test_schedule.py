"""Drills by the clock: one an interval, whoever is first; one that nobody planted is missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerting_samples import NOON, open_store
from drilling import Drilling
from monitor.drills.schedule import Schedule
from monitor.metrics import Metrics
from monitor.store import drills
from monitor.store.drills import Drill

HOUR = 3600.0
pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def drilling(tmp_path: Path) -> AsyncIterator[Drilling]:
    store = await open_store(tmp_path)
    yield Drilling(store)
    await store.close()


def schedule(drilling: Drilling, metrics: Metrics | None = None, holder: str = "a") -> Schedule:
    return Schedule(
        drilling.store,
        drilling.desk(),
        metrics or drilling.metrics,
        sources=("ingest",),
        interval=6 * HOUR,
        timeout=300.0,
        holder=holder,
        clock=drilling.clock,
        first=0.0,
    )


async def known(drilling: Drilling) -> list[Drill]:
    async with drilling.store.read() as connection:
        return await drills.newest(connection, limit=100)


async def test_several_processes_hold_one_drill_an_interval(drilling: Drilling) -> None:
    each = [schedule(drilling, Metrics(), holder=str(n)) for n in range(4)]
    assert sorted(await asyncio.gather(*(one.beat("ingest") for one in each))) == [False, False, False, True]
    drilling.now += 6 * HOUR - 1
    assert not any([await one.beat("ingest") for one in each])
    drilling.now += 1
    assert sorted([await one.beat("ingest") for one in each]) == [False, False, False, True]
    assert [drill.planted_at for drill in await known(drilling)] == [NOON + 6 * HOUR, NOON]
    assert len(drilling.planter.planted) == 2


async def test_what_is_planted_was_written_down_before(drilling: Drilling) -> None:
    await schedule(drilling).beat("ingest")
    (drill,) = await known(drilling)
    (planting,) = drilling.planter.planted
    assert (drill.id, drill.due, drill.detail["by"]) == (planting.trace, NOON + 300.0, "schedule")
    assert drilling.found(planting).fingerprint == drill.fingerprint


async def test_a_refusal_is_kept_and_the_next_one_waits_for_its_time(drilling: Drilling) -> None:
    drilling.planter.refuses = "nobody answers"
    assert await schedule(drilling).beat("ingest")
    (drill,) = await known(drilling)
    assert drill.detail["failed"] == "nobody answers"
    assert not await schedule(drilling).beat("ingest")


async def test_a_process_that_dies_before_it_plants_leaves_a_missed_drill(drilling: Drilling) -> None:
    class Killed(Exception):
        pass

    async def die(*_: object) -> None:
        raise Killed

    dying = schedule(drilling)
    drilling.planter.plant = die  # type: ignore[method-assign,assignment]
    with pytest.raises(Killed):
        await dying.beat("ingest")
    drilling.now += 301
    await drilling.keeper().beat()
    (drill,) = await known(drilling)
    assert drill.state == "missed"


async def test_it_says_how_often_and_ends_when_told(drilling: Drilling) -> None:
    one = schedule(drilling)
    value = drilling.metrics.registry.get_sample_value
    assert value("leakstream_drill_interval_seconds", {"source": "ingest"}) == 6 * HOUR
    stop = asyncio.Event()
    stop.set()
    await one.run(stop)
    assert await known(drilling) == []
