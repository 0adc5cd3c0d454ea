"""The time to page, as the last drill measured it."""

from __future__ import annotations

from pathlib import Path

import pytest

from doctoring import look, named, one, warned
from monitor.app import load_config, prepare_state
from monitor.commands.doctor import Outcome, paging
from monitor.commands.doctor.check import Check
from monitor.config import Config
from monitor.store import drills
from monitor.store.drills import Drill
from monitor.store.engine import Store
from whole_service import configure

NOON = 1_780_000_000.0


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(configure(tmp_path, ""), {})


async def drilled(config: Config, number: int, *, took: float | None, state: str = drills.TOLD) -> None:
    prepare_state(config)
    store = await Store.open(config.state / "store.db")
    planted = NOON + number * 1000
    told = None if took is None else planted + took
    async with store.write() as connection:
        await drills.add(
            connection,
            Drill(
                f"{number:032x}",
                "ingest",
                f"fingerprint {number}",
                planted,
                planted + 300,
                told_at=told,
                state=state,
            ),
        )
    await store.close()


def told(config: Config, *, now: float = NOON + 10_000) -> Check:
    return one(look(paging.look, config, clock=lambda: now), "time to page")


async def test_nobody_has_measured_it(config: Config) -> None:
    warned(told(config), "nobody has measured", "leakstream drill")
    await drilled(config, 1, took=None, state=drills.PLANTED)  # still on its way
    warned(told(config), "nobody has measured")


async def test_the_newest_drill_counts(config: Config) -> None:
    await drilled(config, 1, took=3.2)
    check = told(config)
    assert (check.outcome, "3.2 s by the last drill (ingest, 2026-05-28" in check.found) == (Outcome.OK, True)
    warned(told(config, now=NOON + 40 * 86_400), "more than 30 days ago")
    await drilled(config, 2, took=200.0)
    warned(told(config), "200.0 s", "120 s is the objective")
    await drilled(config, 3, took=500.0, state=drills.MISSED)
    warned(told(config), "was missed")


def test_a_store_that_cannot_be_reached_is_told_elsewhere(tmp_path: Path) -> None:
    config = load_config(configure(tmp_path, '[store]\nurl = "postgresql://leak@127.0.0.1:1/leaks"\n'), {})
    assert named(look(paging.look, config), "time to page") == []
