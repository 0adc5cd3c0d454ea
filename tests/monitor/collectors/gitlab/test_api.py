from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from collecting import reply
from gitlab_answers import SHA, Answers, asking
from monitor.budget import Limited
from monitor.collectors.gitlab.api import between, commit_id, everything, project_path, segment
from monitor.collectors.upstream import Refused

BRANCHES = "/projects/7/repository/branches"


def rows(count: int) -> list[dict[str, int]]:
    return [{"id": n} for n in range(count)]


@pytest.mark.parametrize(
    ("count", "headers", "more"),
    [
        (100, {"X_Next_Page": "2"}, True),
        (100, {"X_Next_Page": ""}, False),
        (20, {"Link": '<http://x/a?page=1>; rel="first", <http://x/a?page=2>; rel="next"'}, True),
        (20, {"Link": '<http://x/a?page=1>; rel="first"'}, False),
        (100, {}, True),  # a proxy took the headers: a full page may have a next one
        (99, {}, False),
    ],
)
async def test_whether_there_is_a_next_page(count: int, headers: dict[str, str], more: bool) -> None:
    answers = Answers({BRANCHES: lambda _: reply(rows(count), **headers)})
    async with asking(answers) as ask:
        found, told = await ask.gitlab.branches(ask.context, 7, 1)
        assert (len(found), told) == (count, more)
        assert answers.asked == [(BRANCHES, {"per_page": "100", "page": "1"})]


async def test_a_keyset_ends_without_a_link() -> None:
    link = '<http://x/projects?id_after=9>; rel="next"'
    answers = Answers({"/projects": lambda _: reply(rows(3), Link=link)})
    async with asking(answers) as ask:
        assert (await ask.gitlab.projects_after(ask.context, 5))[1] is True
        answers.of["/projects"] = rows(3)
        assert (await ask.gitlab.projects_after(ask.context, 5))[1] is False
        query = answers.asked[0][1]
        assert (query["pagination"], query["order_by"], query["sort"]) == ("keyset", "id", "asc")
        assert (query["id_after"], query["visibility"]) == ("5", "public")


async def test_projects_by_activity_are_public_ones_after_an_instant() -> None:
    answers = Answers({"/projects": []})
    async with asking(answers) as ask:
        await ask.gitlab.active_projects(ask.context, 1_780_000_000.0, 3)
        query = answers.asked[0][1]
        assert query["last_activity_after"] == "2026-05-28T20:26:40Z"
        assert (query["order_by"], query["sort"], query["visibility"]) == (
            "last_activity_at",
            "desc",
            "public",
        )


async def test_the_token_goes_in_its_own_header_and_nothing_goes_without_one() -> None:
    answers = Answers({BRANCHES: []})
    async with asking(answers) as ask:
        await ask.gitlab.branches(ask.context, 7, 1)
        assert answers.headers[0]["PRIVATE-TOKEN"] == "not-a-token"
        assert "nobody@example.com" in answers.headers[0]["User-Agent"]
    async with asking(answers, token=None, requests_per_minute=1800) as ask:
        await ask.gitlab.branches(ask.context, 7, 1)
        assert "PRIVATE-TOKEN" not in answers.headers[1]
        assert ask.gitlab.per_minute == 300
        assert ask.gitlab.upstream.budget.interval == pytest.approx(0.2)


async def test_raw_content_has_a_pace_of_its_own() -> None:
    answers = Answers({"/snippets/1/raw": b"x"})
    async with asking(answers, requests_per_minute=1800) as ask:
        for _ in range(5):
            assert await ask.gitlab.snippet(ask.context, 1) == b"x"
        assert ask.bench.time.now - 1_780_000_000 == pytest.approx(4 * 0.25, abs=0.1)


@pytest.mark.parametrize(("token", "pause"), [("not-a-token", 1 / 3), (None, 5 / 3)])
async def test_lists_of_projects_have_a_pace_of_their_own(token: str | None, pause: float) -> None:
    async with asking(Answers({"/projects": []}), token=token, requests_per_minute=1800) as ask:
        for _ in range(4):
            await ask.gitlab.projects_after(ask.context, 1)
            await ask.gitlab.active_projects(ask.context, 1.0, 1)
        assert ask.bench.time.now - 1_780_000_000 == pytest.approx(7 * pause, abs=0.3)


async def test_paths_are_one_segment_whatever_they_are_called() -> None:
    path = "a/../b c%2F?#ü/x"
    asked: list[str] = []

    def answer(request: web.Request) -> web.Response:
        asked.append(request.rel_url.raw_path)
        return web.Response(body=b"content")

    class Everything(Answers):
        async def handle(self, request: web.Request) -> web.StreamResponse:
            return answer(request)

    async with asking(Everything()) as ask:
        assert await ask.gitlab.file(ask.context, 7, path, SHA) == b"content"
        assert await ask.gitlab.snippet(ask.context, 3, "main", "../../x") == b"content"
        for name in ("..", ".", ""):
            with pytest.raises(Refused, match="bad_path"):
                await ask.gitlab.file(ask.context, 7, name, SHA)
    assert asked == [
        f"/projects/7/repository/files/{segment(path)}/raw",
        "/snippets/3/files/main/..%2F..%2Fx/raw",
    ]


async def test_a_refused_token_is_not_shown_again_for_a_quarter_of_an_hour() -> None:
    answers = Answers({BRANCHES: 401})
    async with asking(answers) as ask:
        with pytest.raises(Refused):
            await ask.gitlab.branches(ask.context, 7, 1)
        assert ask.gitlab.refused
        for wait in (900.0, 1800.0, 3600.0):
            with pytest.raises(Limited) as caught:
                await ask.gitlab.branches(ask.context, 7, 1)
            assert caught.value.retry_after == pytest.approx(wait)
            ask.bench.time.now += wait
            with pytest.raises(Refused):
                await ask.gitlab.branches(ask.context, 7, 1)
        assert len(answers.asked) == 4
        ask.bench.time.now += 8 * 3600
        answers.of[BRANCHES] = []
        await ask.gitlab.branches(ask.context, 7, 1)
        assert not ask.gitlab.refused


async def test_retry_later_is_text_and_no_json() -> None:
    def limited(_: web.Request) -> web.Response:
        return web.Response(status=429, text="Retry later\n", headers={"Retry-After": "33"})

    async with asking(Answers({BRANCHES: limited})) as ask:
        with pytest.raises(Limited) as caught:
            await ask.gitlab.branches(ask.context, 7, 1)
        assert caught.value.retry_after == 33.0


@pytest.mark.parametrize("answer", [{"message": "no list"}, b"<html>", b"[" * 3000, b""])
async def test_rubbish_is_no_list(answer: Any) -> None:
    async with asking(Answers({BRANCHES: answer})) as ask:
        with pytest.raises(Exception, match="bad_shape"):
            await ask.gitlab.branches(ask.context, 7, 1)


def test_queries() -> None:
    assert everything(None) == "all=true"
    assert everything(1_780_000_000.0) == "all=true&since=2026-05-28T20:26:40Z"
    assert between("a", "b") == "ref_name=a..b"
    assert between("", "b") == "ref_name=b"


@pytest.mark.parametrize("name", ["a/b", "group/sub.x/na-me_1", "0/1", "a/b/c/d/e/f"])
def test_paths_of_projects(name: str) -> None:
    assert project_path(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a",
        "a/",
        "/a",
        "a//b",
        "a/../b",
        "a/.b",
        "a b/c",
        "a/b?x",
        "a/b\n",
        None,
        5,
        ["a/b"],
        "a/" + "b" * 2000,
    ],
)
def test_what_is_no_path_of_a_project(name: object) -> None:
    assert project_path(name) == ""


def test_commit_ids() -> None:
    assert commit_id(SHA) == SHA
    assert commit_id("a" * 64) == "a" * 64
    for wrong in ("0" * 40, "A" * 40, "a" * 39, f"{SHA}\n", None, 7):
        assert commit_id(wrong) == ""


@given(st.text())
def test_a_segment_never_walks(name: str) -> None:
    try:
        made = segment(name)
    except Refused:
        return
    url = URL(f"http://h/files/{made}/raw")
    assert url.raw_path.count("/") == 3
    assert url.raw_path.startswith("/files/")
    assert not url.query_string
