import asyncio

import pytest

from alerting_samples import NOON, exposure, finding, open_store, put, records, service, tell, telling
from monitor.aio import spawn
from monitor.alerting.upkeep import Upkeep
from monitor.metrics import Metrics
from monitor.store.janitor import Janitor
from monitor.store.tables import exposures, outbox

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


def upkeep(store, metrics, *, now=NOON + 60, notifiers=("hook", "log")):
    return Upkeep(store, Janitor(store), metrics, clock=lambda: now, notifiers=notifiers, late_seconds=300)


async def test_figures_come_from_the_store_and_fall_to_zero(store):
    metrics = Metrics()
    await put(
        store, exposure("a", severity="critical"), exposure("b", level="none"), exposure("c", mode="exercise")
    )
    await tell(store, telling("k"), telling("k", notifier="removed"))
    care = upkeep(store, metrics)
    await care.figures()

    def value(name, **labels):
        return metrics.registry.get_sample_value(f"leakstream_{name}", labels)

    assert value("exposures_open", severity="critical", owned="proved") == 1
    assert value("exposures_open", severity="high", owned="none") == 1
    assert value("exposures_open", severity="high", owned="proved") == 0
    assert (value("outbox_pending", notifier="hook"), value("outbox_oldest_seconds", notifier="hook")) == (
        1,
        60,
    )
    assert (value("outbox_pending", notifier="log"), value("outbox_failed", notifier="log")) == (0, 0)
    assert value("outbox_pending", notifier="removed") == 1
    async with store.write() as connection:
        await connection.execute(outbox.delete())
        await connection.execute(exposures.update().values(state="closed"))
    await care.figures()
    assert value("outbox_pending", notifier="removed") == 0
    assert value("exposures_open", severity="critical", owned="proved") == 0


async def test_when_a_canary_last_came_through_is_known_in_every_process_and_after_a_restart(store):
    metrics, name = Metrics(), "leakstream_selftest_last_success_timestamp_seconds"
    await upkeep(store, metrics).figures()
    assert metrics.registry.get_sample_value(name) == 0
    canary = finding(source="selftest", mode="exercise", rule="leakstream-canary", verdict="proved")
    await service(store, clock=lambda: NOON + 10.5).handle(records([canary]))
    await upkeep(store, metrics).figures()
    assert metrics.registry.get_sample_value(name) == NOON + 10.5


async def test_what_retention_takes_is_counted(store):
    metrics = Metrics()
    await put(store, exposure(level="none", unwatched_since=NOON))
    await upkeep(store, metrics, now=NOON + 90_000).sweep()
    assert (
        metrics.registry.get_sample_value(
            "leakstream_dropped_total", {"stage": "retention", "reason": "places"}
        )
        == 1
    )


async def test_it_runs_until_it_is_told_to_stop(store):
    metrics, stop = Metrics(), asyncio.Event()
    await put(store, exposure())
    task = spawn(upkeep(store, metrics).run(stop), name="upkeep")
    async with asyncio.timeout(120):
        while not metrics.registry.get_sample_value(  # noqa: ASYNC110 - a gauge rings no bell
            "leakstream_exposures_open", {"severity": "high", "owned": "proved"}
        ):
            await asyncio.sleep(0.01)
        stop.set()
        await task
