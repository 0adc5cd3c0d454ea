"""Who is told: a real Alertmanager, there, away, and somebody else in its place."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from doctoring import OFF, failed, look, looked, named, one, warned
from monitor.app import load_config
from monitor.commands.doctor import Outcome, notifiers
from monitor.commands.doctor.check import Check, Reading
from monitor.commands.doctor.clocks import judge
from monitor.config import Config
from monitor.listener import Listener
from monitoring import Alertmanager, hooks
from simulated import simulated
from whole_service import configure

ROUTES = {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def alertmanager(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Alertmanager]:
    async with Alertmanager(tmp_path_factory.mktemp("am"), ROUTES) as server:
        yield server


def paging(folder: Path, *urls: str) -> Config:
    named_ = ", ".join(f'"{url}"' for url in urls)
    return load_config(configure(folder, f"[notifiers.alertmanager]\nurls = [{named_}]\n"), {})


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_alertmanager_that_answers_is_told_with_its_version(
    tmp_path: Path, alertmanager: Alertmanager
) -> None:
    check = one(await looked(notifiers.look, paging(tmp_path, alertmanager.url)), "alertmanager")
    assert (check.outcome, "answers, version 0." in check.found) == (Outcome.OK, True)


async def test_an_alertmanager_that_is_away_fails_and_one_of_a_pair_is_a_warning(
    tmp_path: Path, alertmanager: Alertmanager
) -> None:
    async with Alertmanager(tmp_path / "second", ROUTES) as second:
        url = second.url
    check = one(await looked(notifiers.look, paging(tmp_path, url)), "alertmanager")
    failed(check, url.removeprefix("http://"), "nobody listens", "start it", "notifiers.alertmanager.urls")
    there, away = named(await looked(notifiers.look, paging(tmp_path, alertmanager.url, url)), "alertmanager")
    assert there.outcome is Outcome.OK
    warned(away, "nobody listens")


async def test_what_answers_and_is_no_alertmanager_is_told_apart(tmp_path: Path) -> None:
    async with hooks() as other:
        check = one(await looked(notifiers.look, paging(tmp_path, other.url)), "alertmanager")
        failed(check, "something answers there (405)", "no Alertmanager")
    async with simulated() as github:
        check = one(
            await looked(notifiers.look, paging(tmp_path, github.simulator.github_url)), "alertmanager"
        )
        failed(check, "something answers there (404)", "no Alertmanager")


async def test_a_login_that_is_refused_is_named(tmp_path: Path) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.add_routes([web.get("/api/v2/status", refuse)])
    listener = await Listener.open(app, "127.0.0.1", 0, grace=0.1)
    check = one(await looked(notifiers.look, paging(tmp_path, listener.url)), "alertmanager")
    await listener.close()
    failed(check, "refuses our login (401)", "password_file")


async def test_a_private_address_that_is_not_allowed_is_named(tmp_path: Path) -> None:
    failed(
        one(await looked(notifiers.look, paging(tmp_path, "http://10.0.0.1:9093")), "alertmanager"),
        "http.allow_private",
    )


@pytest.mark.parametrize(("ahead", "way"), [(OFF, "10 min ahead of"), (-OFF, "10 min behind")])
async def test_a_clock_that_is_off_by_ten_minutes_is_seen_by_alertmanager_s(
    tmp_path: Path, alertmanager: Alertmanager, ahead: float, way: str
) -> None:
    found = await looked(
        notifiers.look, paging(tmp_path, alertmanager.url), clock=lambda: time.time() + ahead
    )
    failed(next(iter(judge([each for each in found if isinstance(each, Reading)]))), f"{way} Alertmanager")


async def test_offline_it_is_not_asked(tmp_path: Path) -> None:
    assert (
        named(
            await looked(notifiers.look, paging(tmp_path, "http://127.0.0.1:9"), offline=True), "alertmanager"
        )
        == []
    )


async def test_a_password_that_is_not_there_is_named(tmp_path: Path) -> None:
    text = '[notifiers.alertmanager]\nurls = ["http://127.0.0.1:9"]\nusername = "u"\npassword_file = "none"\n'
    failed(
        one(await looked(notifiers.look, load_config(configure(tmp_path, text), {})), "alertmanager"),
        "No such file",
    )


@pytest.mark.parametrize(
    ("text", "outcome", "word"),
    [
        ("", Outcome.WARN, "off"),
        ('[heartbeat]\nurl = "https://switch.example/hidden"\n', Outcome.WARN, "nothing is planted"),
        ("[sources.selftest]\n", Outcome.WARN, "heartbeat.url"),
        (
            '[heartbeat]\nurl = "https://switch.example/hidden"\n[sources.selftest]\n',
            Outcome.OK,
            "switch is told",
        ),
        ('[heartbeat]\nurl_file = "nowhere"\n', Outcome.FAIL, "No such file"),
        ('[heartbeat]\nurl = "switch.example/hidden"\n', Outcome.FAIL, "https://"),
    ],
)
async def test_a_self_test_that_nobody_would_hear_of_is_told(
    tmp_path: Path, text: str, outcome: Outcome, word: str
) -> None:
    found: Check = one(look(notifiers.look, load_config(configure(tmp_path, text), {})), "self-test")
    assert (found.outcome, word in found.text, "hidden" in found.text) == (outcome, True, False)
