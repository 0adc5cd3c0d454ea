"""A leak appears, goes, comes back, and goes for good, through the whole service: paged once for each opening, resolved by itself, always
under one dedup key, and its window right to the second. Nothing is faked but the internet and the time.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from leaks import line
from made_up import made_up
from monitor.simulator.clock import AdjustableClock, from_iso
from monitor.simulator.fate import Fate
from monitor.simulator.server import Simulator, SimulatorConfig
from monitor.simulator.world import Change
from monitoring import Alertmanager, hooks, until
from whole_service import Running, configure, running

NAME = "acme-corp/payments"
MINUTE = 60.0
CONFIG = """
[watch]
organisations = ["acme-corp"]
[sources.github_events]
base_url = "{github}"
token = "t"
poll_seconds = 1
[sources.github_gists]
base_url = "{github}"
token = "t"
poll_seconds = 5
[sources.pastebin]
base_url = "{pastebin}"
poll_seconds = 1
item_seconds = 0.01
[sources.recheck]
base_url = "{github}"
token = "t"
pastebin_url = "{pastebin}"
[notifiers.webhook]
url = "{hook}"
secret = "whsec_QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
"""


@dataclass
class Chain:
    """The small internet with the service in it."""

    simulator: Simulator
    fate: Fate
    clock: AdjustableClock
    run: Running

    async def exposure(self) -> dict[str, Any]:
        """The only one, whole."""
        (found,) = (await self.run.get("/api/v1/exposures?state=all")).json["exposures"]
        return dict((await self.run.get(f"/api/v1/exposures/{found['id']}")).json)

    async def until(self, what: Callable[[dict[str, Any]], bool], *, step: float = 1.0) -> dict[str, Any]:
        """The exposure as soon as it is so; time goes on by `step` seconds meanwhile."""
        kept: dict[str, Any] = {}

        async def so() -> bool:
            page = (await self.run.get("/api/v1/exposures?state=all")).json["exposures"]
            if page:
                kept.update(await self.exposure())
            if page and what(kept):
                return True
            self.clock.advance(step)
            await asyncio.sleep(0.1)
            return False

        await self.run.until(so)
        return kept

    async def looked(self, state: str, public: str, *, after: float) -> tuple[dict[str, Any], float]:
        """Let the next look come `after` seconds from now: the exposure afterwards, and when it was looked at at the earliest."""
        self.clock.advance(after)
        at = self.clock()
        shown = await self.until(lambda e: (e["state"], e["public"]) == (state, public), step=0.0)
        return shown, at

    async def told(self, count: int) -> list[dict[str, Any]]:
        await self.run.until(lambda: len(self.simulator.receiver.accepted) >= count)
        assert len(self.simulator.receiver.accepted) == count
        return [dict(each.json) for each in self.simulator.receiver.accepted]  # type: ignore[call-overload]


@asynccontextmanager
async def chain(folder: Path, more: str = "", *, speed: float = 0.0) -> AsyncIterator[Chain]:
    clock = AdjustableClock(None if speed else 1_780_000_000.0, speed=speed)
    config = SimulatorConfig(late_ratio=0.0, poll_interval=1, per_hour_with_token=10**6)
    simulator = Simulator(config, maker=made_up, clock=clock)
    await simulator.start()
    urls = {
        "github": simulator.github_url,
        "pastebin": simulator.pastebin_url,
        "hook": simulator.hook_url("pager"),
    }
    try:
        async with running(configure(folder, CONFIG.format(**urls) + more), clock=clock) as run:
            yield Chain(simulator, Fate(simulator.world), clock, run)
    finally:
        await simulator.stop()


def push(made: Chain, name: str = NAME) -> float:
    """When the leak was published: a whole second, as forges tell it."""
    made.clock.advance(-(made.clock() % 1.0))
    at = made.clock()
    repository = made.simulator.world.repository(name, at)
    made.simulator.world.push(repository, [Change({"README.md": b"hello\n"})], at)
    made.simulator.world.push(repository, [Change({"deploy/prod.env": line(1)})], at)
    return at


def seconds(told: dict[str, Any]) -> float:
    return from_iso(told["until"]) - from_iso(told["since"])


async def test_a_leak_appears_goes_comes_back_and_goes(tmp_path: Path) -> None:
    async with chain(tmp_path) as made:
        published = push(made)
        first = await made.until(lambda e: e["state"] == "open")
        assert from_iso(first["window"]["since"]) == published
        assert (first["window"]["until"], first["public"], first["opening"]) == (None, "unknown", 1)
        shown, _ = await made.looked("open", "public", after=2 * MINUTE)
        assert shown["places"][0]["public"] == "public"
        assert shown["window"]["seconds"] == pytest.approx(made.clock() - published, abs=1)

        made.fate.delete(NAME)
        shown, at = await made.looked("closed", "removed", after=10 * MINUTE)
        assert (shown["closed"]["by"], shown["closed"]["reason"], shown["closed"]["scope"]) == (
            "system",
            "removed",
            "seen",
        )
        assert shown["window"]["seconds"] == pytest.approx(at - published, abs=1)
        assert seconds(shown["window"]) == pytest.approx(at - published, abs=1)
        assert shown["window"]["ended_by"] == "removed"

        made.fate.restore(NAME)
        shown, _ = await made.looked("open", "public", after=10 * MINUTE)
        assert (shown["opening"], shown["window"]["until"], shown["closed"]) == (2, None, None)

        made.fate.clean(NAME, "deploy/prod.env", made.clock())
        shown, _ = await made.looked("open", "cleaned", after=2 * MINUTE)
        assert shown["window"]["until"] is None  # the history shows it to everybody

        made.fate.hide(NAME)
        shown, at = await made.looked("closed", "removed", after=10 * MINUTE)
        assert shown["window"]["seconds"] == pytest.approx(at - published, abs=1)

        told = await made.told(4)
        assert [each["data"]["change"] for each in told] == ["opened", "closed", "reopened", "closed"]
        assert len({each["data"]["dedup_key"] for each in told}) == 1
        assert len(set(made.simulator.receiver.keys())) == 4
        history = [(each["actor"], each["verb"]) for each in reversed(shown["history"])]
        gone = ["checked", "closed", "window_ended"]
        verbs = ["checked", *gone, "checked", "reopened", "checked", *gone]
        assert [each for each in history if each[1] != "viewed"] == [("system", verb) for verb in verbs]
        assert made.simulator.journal.violations == []
        made.clock.advance(30)

        def counted() -> bool:
            return made.run.metric("window_seconds_count", ended_by="removed") == 2

        await made.run.until(counted)
        assert made.run.metric("rechecks_total", outcome="asked") == 5


async def test_a_file_pushed_again_to_a_new_repository_reopens_without_a_look(tmp_path: Path) -> None:
    """Seen again by the collectors themselves: another place of the same leak."""
    async with chain(tmp_path) as made:
        push(made)
        await made.until(lambda e: e["state"] == "open")
        await made.looked("open", "public", after=2 * MINUTE)
        made.fate.delete(NAME)
        await made.looked("closed", "removed", after=10 * MINUTE)
        push(made, "acme-corp/payments-2")
        shown = await made.until(lambda e: e["state"] == "open")

        assert (shown["opening"], shown["sightings"], shown["public"]) == (2, 2, "unknown")
        assert [each["public"] for each in shown["places"]] == ["removed", "unknown"]
        told = await made.told(3)
        assert len({each["data"]["dedup_key"] for each in told}) == 1


async def test_gists_and_pastes_that_expire(tmp_path: Path) -> None:
    async with chain(tmp_path) as made:
        at = made.clock()
        world = made.simulator.world
        owner = world.person("acme-corp")
        gist = world.gist({"a.env": line(1)}, at, owner=owner)
        paste = world.paste(line(1), at, title="x")
        shown = await made.until(lambda e: e["sightings"] == 2)
        assert {each["forge"] for each in shown["places"]} == {"gist.github.com", "pastebin.com"}
        await made.looked("open", "public", after=2 * MINUTE + 5)
        made.fate.expire(paste.key)
        world.gist({"a.env": b"clean\n"}, made.clock(), gist_id=gist.id)
        shown, _ = await made.looked("open", "cleaned", after=10 * MINUTE + 5)
        assert sorted(each["public"] for each in shown["places"]) == ["cleaned", "removed"]
        made.fate.forget_revisions(gist.id)
        shown, _ = await made.looked("closed", "removed", after=30 * MINUTE + 5)
        assert [each["public"] for each in shown["places"]] == ["removed", "removed"]


async def test_the_real_alertmanager_resolves_and_fires_again(tmp_path: Path) -> None:
    """It goes by the real time: here the looks are pulled forward instead of the clock."""
    route = {"receiver": "hook", "group_by": ["incident"], "group_wait": "0s", "group_interval": "1s"}

    def look_now() -> None:
        with closing(sqlite3.connect(tmp_path / "state" / "store.db", timeout=30)) as store, store:
            store.execute("UPDATE sightings SET next_check = 0 WHERE next_check IS NOT NULL")

    async with hooks() as told:
        receivers = [{"name": "hook", "webhook_configs": [{"url": f"{told.url}/page"}]}]
        async with Alertmanager(tmp_path / "am", {"route": route, "receivers": receivers}) as manager:
            more = f'[notifiers.alertmanager]\nurls = ["{manager.url}"]\nresend_seconds = 2\nhold_seconds = 300\n'
            async with chain(tmp_path, more, speed=1.0) as made:
                push(made)

                async def firing() -> bool:
                    return len(told.alerts("firing")) >= 1

                await until(firing)
                await asyncio.sleep(1.1)  # a look sees what is gone after it was published
                made.fate.delete(NAME)
                look_now()

                async def resolved() -> bool:
                    return len(told.alerts("resolved")) >= 1

                await until(resolved)
                before = len(told.alerts("firing"))
                made.fate.restore(NAME)
                look_now()

                async def again() -> bool:
                    return len(told.alerts("firing")) > before

                await until(again)
                alerts = told.alerts("firing") + told.alerts("resolved")
                assert len({alert["labels"]["exposure"] for alert in alerts}) == 1
                assert (await made.exposure())["opening"] == 2
