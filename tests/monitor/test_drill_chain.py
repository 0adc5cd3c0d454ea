"""Drills through the whole service: planted by ingest, by a test repository, by the clock; told to the notifiers for drills only."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from collecting import serving
from gitrepos import Repo
from gitserver import GitServer
from monitor.app import Drills, Service, open_drills
from monitor.app.drills import make_planters
from monitor.app.loading import load_config
from monitor.config import ConfigError
from monitor.http import HttpClient
from monitor.store import drills
from monitor.store.drills import Drill
from whole_service import PATIENCE, configure, running

TOKEN = "an-ingest-token-of-the-tests"
INGEST = f"""
[[sources.ingest.tokens]]
name = "drills"
token = "{TOKEN}"
forges = ["github.com"]
"""


class Pager:
    """Keeps what each path was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.told.append((request.path, await request.json()))
        return web.Response(text="ok")


def notifiers(base: str, *, webhook: str, slack: str) -> str:
    return (
        f'[notifiers.webhook]\nurl = "{base}/webhook"\nsecret = "whsec_{"aGFs" * 8}"\ndrills = {webhook}\n'
        f'[notifiers.slack]\nurl = "{base}/slack"\ndrills = {slack}\n'
    )


async def judged(opened: Drills, drill: Drill) -> Drill:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with opened.store.read() as connection:
                found = await drills.find(connection, drill.id)
            assert found is not None
            if found.state != "planted":
                return found
            await asyncio.sleep(0.05)


async def test_a_leak_handed_in_reaches_the_notifiers_for_drills_and_nobody_else(tmp_path: Path) -> None:
    pager = Pager()
    async with serving(pager.answer) as base:
        text = INGEST + '[watch]\norganisations = ["github.com/acme"]\n'
        config = load_config(configure(tmp_path, text + notifiers(base, webhook="true", slack="false")), {})
        async with running(config) as run:
            http = HttpClient(user_agent="tests", allow_private=("127.0.0.1",))
            planters = make_planters(config, http, lambda: run.addresses.web)
            async with open_drills(config, clock=time.time, planters=planters) as opened:
                drill, failed = await opened.desk.hold("ingest", timeout=30, by="test")
                assert failed == ""
                done = await judged(opened, drill)
                await run.until(lambda: len(pager.told) == 2)
            await http.close()

            assert done.state == "told", done.detail
            assert (done.detail["trace"], done.detail["collected_by"]) == (drill.id, "ingest")
            assert (done.detail["owned"], done.detail["decision"]) == ("proved", "yours_proved")
            assert [path for path, _ in pager.told] == ["/webhook", "/webhook"]
            for _, body in pager.told:
                assert body["data"]["exercise"] is True
            assert [body["data"]["change"] for _, body in pager.told] == ["opened", "closed"]
            assert run.metric("exposures_total", change="opened") == 0
            assert run.metric("drills_total", source="ingest", outcome="told") == 1
            page = await run.get("/api/v1/exposures?state=all")
            assert page.json["exposures"] == []


async def test_a_commit_in_a_test_repository_is_found_by_the_source_that_reads_it(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "served" / "acme" / "drills")
    repo.commit(README=b"a repository for drills\n")
    repo.git("config", "http.receivepack", "true")
    pager = Pager()
    with GitServer(tmp_path / "served", tmp_path) as server:
        remote, here = server.url("acme/drills"), f'allow_private = ["127.0.0.1:{server.port}"]'
        async with serving(pager.answer) as base:
            text = f"""
[watch]
repositories = ["acme/drills"]
[drills.repository]
remote = "{remote}"
ca_file = "{server.pem}"
{here}
[sources.git]
repositories = ["{remote}"]
poll_seconds = 0.2
ca_file = "{server.pem}"
{here}
"""
            path = configure(tmp_path, text + notifiers(base, webhook="true", slack="false"))
            config = load_config(path, {})
            async with running(config), open_drills(config, clock=time.time) as opened:
                for _ in range(2):  # the second commit stands on the first
                    drill, failed = await opened.desk.hold("repository", timeout=180, by="test")
                    assert failed == ""
                    done = await judged(opened, drill)
                    assert done.state == "told", done.detail
                    assert done.detail["collected_by"] == "git"
                    assert (done.detail["owned"], done.detail["action"]) == ("proved", "page")
    assert repo.git("rev-list", "--count", "leakstream-drill") == "2"
    assert repo.git("show", "--format=%s", "-s", "leakstream-drill") == f"leakstream drill {drill.id}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (INGEST + '[watch]\nusers = ["ann"]\n', "drills = true"),
        ("[notifiers.log]\ndrills = true\n", "has no token"),
        (INGEST + "[notifiers.log]\ndrills = true\n", r"\[watch\] names no"),
        (INGEST + '[drills.ingest]\ntoken = "another"\n', "has drills"),
    ],
)
async def test_a_schedule_that_nobody_could_keep_is_refused_before_the_start(
    tmp_path: Path, text: str, said: str
) -> None:
    config = load_config(configure(tmp_path, '[drills]\nevery = "6h"\n' + text), {})
    with pytest.raises(ConfigError, match=said):
        await Service(config).check()
    with pytest.raises(ConfigError, match=said):
        async with running(config):
            pass
