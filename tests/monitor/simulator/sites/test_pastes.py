from __future__ import annotations

from contextlib import asynccontextmanager

from browsing import ask
from made_up import made_up
from monitor.simulator.clock import AdjustableClock
from monitor.simulator.server import Simulator, SimulatorConfig

LISTS = ("/json/api/recent", "/html/recent", "/atom/feed.xml")


@asynccontextmanager
async def site(**options):
    clock = AdjustableClock(1_780_000_000.0, speed=0)
    simulator = Simulator(SimulatorConfig(sites={"pastes": options}), maker=made_up, clock=clock)
    await simulator.start()
    try:
        yield simulator, clock, simulator.site_url("pastes")
    finally:
        await simulator.stop()


async def test_a_known_etag_is_304_and_a_new_paste_changes_it():
    async with site() as (simulator, _, root):
        for path in LISTS:
            first = await ask("GET", root + path)
            etag = first.headers["ETag"]
            assert (await ask("GET", root + path, If_None_Match=etag)).status == 304
        simulator.publish(200)
        for path in LISTS:
            assert (await ask("GET", root + path)).headers["ETag"] != etag


async def test_rules_that_a_client_breaks_are_counted():
    async with site(limit_every=4) as (simulator, clock, root):
        rules = lambda: [violation.rule for violation in simulator.journal.violations]  # noqa: E731
        await ask("GET", root + LISTS[0])
        clock.advance(29)
        await ask("GET", root + LISTS[0])
        assert rules() == ["poll_interval"]
        clock.advance(30)
        await ask("GET", root + LISTS[0])
        clock.advance(30)
        told = await ask("GET", root + LISTS[0])
        assert (told.status, rules()) == (429, ["poll_interval"])
        assert "Retry-After" in told.headers
        clock.advance(44)
        await ask("GET", root + LISTS[0])
        assert rules() == ["poll_interval", "told_to_wait"]
        await ask("GET", f"{root}/html/p/nothing")
        clock.advance(0.5)
        assert (await ask("GET", f"{root}/html/p/nothing")).status == 404
        assert rules()[2:] == ["item_interval"]


async def test_what_is_planted_is_told_and_memory_is_bounded():
    async with site() as (simulator, clock, root):
        planting = simulator.publisher.leak(clock(), kind="pastes")
        assert (planting.source, planting.forge) == ("pastes", "json")
        assert planting.secret in (await ask("GET", f"{root}/json/raw/{planting.document}")).body
        for _ in range(1800):
            simulator.sites["pastes"][1].publish(clock(), None, "")
        assert (await ask("GET", f"{root}/json/raw/{planting.document}")).status == 404
