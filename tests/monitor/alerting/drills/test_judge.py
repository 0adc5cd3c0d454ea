"""What becomes of a drill: told, missed, closed, said to be missed; whoever judges it first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from alerting_samples import finding, open_store, records
from drilling import KEYS, Drilling, Remembering
from monitor.alerting.drills.judge import LOOK, alarm_id
from monitor.alerting.fold import Route
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.metrics import Metrics
from monitor.store import drills, exposures, queries
from monitor.store.drills import Drill
from monitor.store.tables import outbox

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def drilling(tmp_path: Path) -> AsyncIterator[Drilling]:
    store = await open_store(tmp_path)
    yield Drilling(store)
    await store.close()


async def hold(drilling: Drilling, **detail: Any) -> Drill:
    drill, _ = await drilling.desk().hold("ingest", timeout=60.0, by="test", **detail)
    return drill


async def arrive(drilling: Drilling, ownership: Ownership | None = None) -> None:
    drilling.now += 3
    await drilling.alerting(ownership).handle(records([drilling.found(drilling.planter.planted[-1])]))


async def deliver(drilling: Drilling, *notifiers: str) -> None:
    """As the deliverer would have, a second from now."""
    drilling.now += 1
    async with drilling.store.write() as connection:
        await connection.execute(
            update(outbox)
            .where(outbox.c.notifier.in_(notifiers), outbox.c.state == "pending")
            .values(state="delivered", delivered_at=drilling.now)
        )


async def read(drilling: Drilling, drill: Drill) -> Drill:
    async with drilling.store.read() as connection:
        found = await drills.find(connection, drill.id)
    assert found is not None
    return found


async def rows(drilling: Drilling) -> list[tuple[str, str, str]]:
    """(notifier, change, exposure) of the outbox, in order."""
    query = select(outbox.c.notifier, outbox.c.change, outbox.c.exposure_id).order_by(outbox.c.id)
    async with drilling.store.read() as connection:
        return [tuple(row) for row in await connection.execute(query)]


def count(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"leakstream_{name}", labels) or 0.0


async def test_told_in_time_is_measured_and_its_exposure_closed(drilling: Drilling) -> None:
    drill = await hold(drilling)
    await arrive(drilling)
    keeper = drilling.keeper()
    await keeper.beat()
    assert (await read(drilling, drill)).state == "planted"  # the page is still under way

    await deliver(drilling, "hook")
    await keeper.beat()

    done = await read(drilling, drill)
    assert (done.state, done.told_at) == ("told", drill.planted_at + 4)
    assert done.detail["trace"] == drill.id
    assert (done.detail["action"], done.detail["decision"]) == ("page", "yours_proved")
    assert await rows(drilling) == [
        ("hook", "opened", done.detail["exposure"]),
        ("hook", "closed", done.detail["exposure"]),
    ]
    metrics = drilling.metrics
    assert count(metrics, "drills_total", source="ingest", outcome="told") == 1
    assert count(metrics, "drill_seconds_sum", source="ingest") == 4.0
    assert count(metrics, "drill_last_success_timestamp_seconds", source="ingest") == drill.planted_at + 4
    assert count(metrics, "drill_missed", source="ingest") == 0


async def test_it_is_no_leak_in_any_figure(drilling: Drilling) -> None:
    await hold(drilling)
    await arrive(drilling)
    await deliver(drilling, "hook")
    await drilling.keeper().beat()

    for change in ("opened", "closed", "repeated"):
        assert count(drilling.metrics, "exposures_total", change=change) == 0, change
    async with drilling.store.read() as connection:
        assert await queries.open_counts(connection) == {}
        assert await queries.list_exposures(connection, queries.Filter(), limit=10) == []


async def test_a_canary_that_no_drill_planted_is_a_finding_like_others(drilling: Drilling) -> None:
    await hold(drilling)
    drilling.now += 3
    planting = drilling.planter.planted[-1]
    stranger = {KEYS.current_id: "ab" * 32}
    await drilling.alerting().handle(records([drilling.found(planting, leak=stranger)]))

    async with drilling.store.read() as connection:
        row = (await exposures.load(connection, ["ab" * 32]))["ab" * 32]
    assert (row.mode, row.severity) == ("live", "info")


@pytest.mark.parametrize(("verdict", "rule"), [("refuted", "leakstream-canary"), ("proved", "example-token")])
async def test_only_a_proved_canary_can_be_an_exercise(drilling: Drilling, verdict: str, rule: str) -> None:
    drill = await hold(drilling)
    event = drilling.found(drilling.planter.planted[-1], verdict=verdict, rule=rule)
    await drilling.alerting().handle(records([event]))
    assert (await read(drilling, drill)).seen_at is None


async def test_the_first_drill_of_a_process_shows_in_a_rate(drilling: Drilling) -> None:
    drilling.keeper()
    value = drilling.metrics.registry.get_sample_value
    assert value("leakstream_drill_seconds_count", {"source": "ingest"}) == 0
    assert value("leakstream_drills_total", {"source": "ingest", "outcome": "told"}) == 0


async def test_missed_where_nothing_comes(drilling: Drilling) -> None:
    drill = await hold(drilling)
    drilling.now = drill.due + 0.1
    told: list[int] = []
    await drilling.keeper(on_told=lambda: told.append(1)).beat()

    done = await read(drilling, drill)
    assert (done.state, done.detail["stuck"], done.detail["look"]) == ("missed", "match", LOOK["match"])
    assert count(drilling.metrics, "drills_total", source="ingest", outcome="missed") == 1
    assert count(drilling.metrics, "drill_missed", source="ingest") == 1
    assert await rows(drilling) == [("hook", "opened", alarm_id("ingest"))]
    assert told


async def test_what_was_never_planted_is_missed_at_once(drilling: Drilling) -> None:
    drilling.planter.refuses = "nobody answers"
    drill = await hold(drilling)
    await drilling.keeper().beat()

    done = await read(drilling, drill)
    assert (done.state, done.detail["stuck"], done.detail["failed"]) == ("missed", "plant", "nobody answers")


async def test_a_repository_that_nobody_reads_is_stuck_at_collecting(drilling: Drilling) -> None:
    class Pushing(Remembering):
        async def plant(self, planting: Any) -> dict[str, Any]:
            return {"commit": "0" * 40}

    drill, _ = await drilling.desk({"repository": Pushing()}).hold("repository", timeout=5.0, by="test")
    drilling.now = drill.due + 0.1
    await drilling.keeper().beat()
    assert (await read(drilling, drill)).detail["stuck"] == "collect"


async def test_a_notifier_that_is_away_is_named(drilling: Drilling) -> None:
    drilling.routes = (Route("hook", drills=True), Route("chat", drills=True))
    drill = await hold(drilling)
    await arrive(drilling)
    await deliver(drilling, "hook")
    drilling.now = drill.due + 0.1
    await drilling.keeper().beat()

    done = await read(drilling, drill)
    assert (done.state, done.detail["stuck"]) == ("missed", "deliver")
    assert list(done.detail["waiting"]) == ["chat"]
    assert done.detail["notifiers"] == {"hook": 4.0}


async def test_told_too_late_is_missed(drilling: Drilling) -> None:
    drill = await hold(drilling)
    await arrive(drilling)
    drilling.now = drill.due + 1
    await deliver(drilling, "hook")
    await drilling.keeper().beat()
    assert (await read(drilling, drill)).state == "missed"


async def test_a_place_that_nobody_watches_proves_no_route(drilling: Drilling) -> None:
    drill = await hold(drilling)
    await arrive(drilling, Ownership(WatchSettings.model_validate({"organisations": ["other"]})))
    await deliver(drilling, "hook")
    await drilling.keeper().beat()

    done = await read(drilling, drill)
    assert (done.state, done.detail["stuck"]) == ("missed", "policy")
    assert (done.detail["owned"], done.detail["action"]) == ("none", "record")


async def test_without_a_notifier_for_drills_it_is_missed(drilling: Drilling) -> None:
    drilling.routes = (Route("pager"),)
    drill = await hold(drilling)
    await arrive(drilling)
    await drilling.keeper().beat()
    assert (await read(drilling, drill)).detail["stuck"] == "route"
    assert await rows(drilling) == []


async def test_several_processes_judge_it_once(drilling: Drilling) -> None:
    await hold(drilling)
    await arrive(drilling)
    await deliver(drilling, "hook")
    each = [Metrics() for _ in range(4)]
    await asyncio.gather(*(drilling.keeper(metrics).beat() for metrics in each))

    told = [count(m, "drills_total", source="ingest", outcome="told") for m in each]
    assert sorted(told) == [0, 0, 0, 1]
    assert [change for _, change, _ in await rows(drilling)] == ["opened", "closed"]
    shown = {count(m, "drill_last_success_timestamp_seconds", source="ingest") for m in each}
    assert len(shown) == 1


async def test_a_finding_that_comes_again_changes_nothing(drilling: Drilling) -> None:
    drill = await hold(drilling)
    await arrive(drilling)
    first = await read(drilling, drill)
    await arrive(drilling)
    assert await read(drilling, drill) == first
    assert len(await rows(drilling)) == 1


async def test_the_alarm_is_told_once_and_ends_with_the_next_success(drilling: Drilling) -> None:
    for _ in range(2):
        drill = await hold(drilling)
        drilling.now = drill.due + 1
        await drilling.keeper().beat()
    assert await rows(drilling) == [("hook", "opened", alarm_id("ingest"))]

    await hold(drilling)
    await arrive(drilling)
    await deliver(drilling, "hook")
    await drilling.keeper().beat()
    alarms = [change for _, change, exposure in await rows(drilling) if exposure == alarm_id("ingest")]
    assert alarms == ["opened", "closed"]

    drill = await hold(drilling)
    drilling.now = drill.due + 1
    await drilling.keeper().beat()
    alarms = [change for _, change, exposure in await rows(drilling) if exposure == alarm_id("ingest")]
    assert alarms == ["opened", "closed", "reopened"]


async def test_a_late_page_of_a_missed_drill_is_closed_too(drilling: Drilling) -> None:
    drill = await hold(drilling)
    drilling.now = drill.due + 1
    await drilling.keeper().beat()
    await arrive(drilling)
    await drilling.keeper().beat()
    exposure = (await read(drilling, drill)).detail["exposure"]
    assert [change for _, change, i in await rows(drilling) if i == exposure] == ["opened", "closed"]


async def test_a_practice_looks_real_and_stays_open(drilling: Drilling) -> None:
    shown = {"rule": "acme-key", "provider": "acme", "title": "Acme key", "revoke": "at Acme", "mode": "live"}
    drill = await hold(drilling, practice=True, shown=shown)
    await arrive(drilling)
    await deliver(drilling, "hook")
    await drilling.keeper().beat()

    done = await read(drilling, drill)
    async with drilling.store.read() as connection:
        row = (await exposures.load(connection, [done.detail["exposure"]]))[done.detail["exposure"]]
    assert (done.state, row.state, row.mode) == ("told", "open", "exercise")
    assert (row.rule, row.title, row.severity, row.revoke) == ("acme-key", "Acme key", "critical", "at Acme")
    assert [change for _, change, _ in await rows(drilling)] == ["opened"]


async def test_real_findings_of_the_same_batch_are_told_to_everybody(drilling: Drilling) -> None:
    await hold(drilling)
    drilling.now += 3
    planted = drilling.found(drilling.planter.planted[-1])
    real = finding({next(iter(planted.leak)): "cd" * 32}, repository="acme/code", verdict="proved")
    await drilling.alerting().handle(records([planted, real]))
    told = {(notifier, exposure == "cd" * 32) for notifier, _, exposure in await rows(drilling)}
    assert told == {("hook", False), ("hook", True), ("pager", True)}
