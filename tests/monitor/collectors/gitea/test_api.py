from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import ValidationError

from collecting import Bench, serving
from monitor.budget import Limited
from monitor.collectors.context import Context
from monitor.collectors.gitea.activity import repository
from monitor.collectors.gitea.api import Challenged, Gitea, GiteaSettings, commit_id, repository_name
from monitor.collectors.gitea.commits import parse
from monitor.collectors.upstream import Refused, Unavailable

RECORDED = Path(__file__).parents[5] / "shared" / "payloads" / "gitea"
SHA = "a" * 40
PAGE = "<!DOCTYPE html><html><title>Making sure you're not a bot!</title></html>"


class Server:
    """One answer for all, and what was asked."""

    def __init__(self, body: Any, status: int = 200, kind: str = "application/json", **headers: str) -> None:
        self.body = body if isinstance(body, bytes | str) else json.dumps(body)
        self.status = status
        self.headers = {
            "Content-Type": kind,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        self.asked: list[web.Request] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        body = self.body.encode() if isinstance(self.body, str) else self.body
        return web.Response(body=body, status=self.status, headers=self.headers)


async def ask(server: Server, call: Callable[[Gitea, Context], Any], **settings: Any) -> Any:

    async with serving(server.handle) as base, Bench() as bench:
        context = Context(
            "gitea",
            stop=asyncio.Event(),
            state=bench.state,
            producer=bench.producer,
            metrics=bench.metrics,
            clock=bench.time,
            sleep=bench.time.sleep,
        )
        gitea = Gitea(GiteaSettings(base_url=f"{base}/api/v1", **settings), bench.tools)
        return await call(gitea, context)


async def test_the_list_is_asked_newest_first_and_public_only() -> None:
    server = Server({"ok": True, "data": [{}]}, Link='<https://other.test/x?page=2>; rel="next"')
    assert await ask(server, lambda g, c: g.search(c, 1), token="not-a-token") == ([{}], True)
    (asked,) = server.asked
    assert asked.path == "/api/v1/repos/search"
    assert dict(asked.query) == {
        "sort": "updated",
        "order": "desc",
        "private": "false",
        "limit": "50",
        "page": "1",
    }
    assert asked.headers["Authorization"] == "token not-a-token"
    assert "nobody@example.com" in asked.headers["User-Agent"]


@pytest.mark.parametrize(
    ("headers", "count", "more"),
    [
        ({"Link": '<https://x.test/?page=3>; rel="next",<https://x.test/?page=9>; rel="last"'}, 10, True),
        ({"Link": '<https://x.test/?page=1>; rel="first"'}, 50, False),
        ({"X_Total_Count": "11"}, 10, True),
        ({"X_Total_Count": "10"}, 10, False),
        ({}, 50, True),
        ({}, 49, False),
        ({"X_Total_Count": "5"}, 0, False),
    ],
)
async def test_whether_there_is_more_is_what_the_headers_say(
    headers: dict[str, str], count: int, more: bool
) -> None:
    server = Server([{}] * count, **headers)
    assert (await ask(server, lambda g, c: g.feed(c, "/orgs/o/activities/feeds", 1)))[1] is more


async def test_what_is_expensive_is_turned_off() -> None:
    server = Server([], X_Total_Count="3")
    assert await ask(server, lambda g, c: g.commits(c, "o/n", SHA, 2)) == ([], False, 3)
    (asked,) = server.asked
    query = dict(asked.query)
    assert (query["stat"], query["files"], query["verification"]) == ("false", "false", "false")
    assert (query["sha"], query["page"]) == (SHA, "2")


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "text/plain", "application/json"])
async def test_a_page_that_tests_for_bots_is_no_answer_and_nothing_is_asked_for_a_while(kind: str) -> None:
    server = Server(PAGE, kind=kind)

    async def call(gitea: Gitea, context: Context) -> None:
        with pytest.raises(Challenged):
            await gitea.diff(context, "o/n", SHA)
        with pytest.raises(Limited) as caught:
            await gitea.search(context, 1)
        assert caught.value.retry_after == 300

    await ask(server, call)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("body", "kind", "diff"),
    [
        ("diff --git a/x b/x\n", "text/plain; charset=utf-8", b"diff --git a/x b/x\n"),
        ("diff --git a/x b/x\n", "application/octet-stream", b"diff --git a/x b/x\n"),
        ("", "text/plain; charset=utf-8", b""),
        (f"commit {SHA}\n\n    empty\n", "text/plain; charset=utf-8", b""),
    ],
)
async def test_a_diff_is_told_from_everything_else(body: str, kind: str, diff: bytes) -> None:
    assert await ask(Server(body, kind=kind), lambda g, c: g.diff(c, "o/n", SHA)) == diff


@pytest.mark.parametrize(("body", "kind"), [("", "application/json"), ('{"a":1}', "application/json")])
async def test_another_answer_is_no_diff(body: str, kind: str) -> None:
    with pytest.raises(Unavailable):
        await ask(Server(body, kind=kind), lambda g, c: g.diff(c, "o/n", SHA))


@pytest.mark.parametrize(
    "body", ["", "{", {"ok": False}, {"data": {}}, [], None, "[" * 100 + "]" * 100, b"\xff\x00"], ids=repr
)
async def test_another_shape_is_no_list(body: Any) -> None:
    with pytest.raises(Unavailable):
        await ask(Server(body), lambda g, c: g.search(c, 1))


async def test_a_refusal_has_its_status() -> None:
    answer = {"message": "Git Repository is empty.", "url": "https://x.test/api/swagger"}
    with pytest.raises(Refused) as caught:
        await ask(Server(answer, 409), lambda g, c: g.commits(c, "o/n", "", 1))
    assert caught.value.status == 409


async def test_a_diff_over_the_limit_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        await ask(
            Server("diff --git \n" * 2000, kind="text/plain"),
            lambda g, c: g.diff(c, "o/n", SHA),
            max_diff_mib=0.01,
        )
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize("name", ["o/n", "a.b/c-d_e", "O/N"])
def test_names_that_may_stand_in_a_path(name: str) -> None:
    assert repository_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "o", "o/", "/n", "../n", "o/..", "o/n/m", "o/n?x", "o/n\n", "o/%2e", 5, None]
)
def test_names_that_may_not(name: Any) -> None:
    assert repository_name(name) == ""


def test_commit_ids() -> None:
    assert commit_id(SHA) == SHA
    assert commit_id("a" * 64) == "a" * 64
    assert commit_id("a" * 39) == commit_id("A" * 40) == commit_id(None) == commit_id(f"{SHA}\n") == ""


def test_settings() -> None:
    assert GiteaSettings(base_url="https://x.test/api/v1/").base_url == "https://x.test/api/v1"
    for wrong in (
        {"base_url": "x.test"},
        {"token": "a", "token_file": "b"},
        {"requests_per_minute": 0},
        {"other": 1},
    ):
        with pytest.raises(ValidationError):
            GiteaSettings(**wrong)


def test_an_empty_token_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ValueError, match="no token"):
        GiteaSettings(token_file=tmp_path / "token").secret()
    (tmp_path / "token").write_text("not-a-token\n")
    assert GiteaSettings(token_file=tmp_path / "token").secret() == "not-a-token"


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers are not here")
def test_recorded_answers_are_read() -> None:
    commits = [parse(raw) for raw in json.loads((RECORDED / "commits.json").read_bytes())]
    assert all(commit and commit.message and commit.author and commit.parents for commit in commits)
    listed = [
        repository({**raw, "private": False}, watched=False)
        for raw in json.loads((RECORDED / "repos.json").read_bytes())
    ]
    assert all(entry and entry.target for entry in listed)
