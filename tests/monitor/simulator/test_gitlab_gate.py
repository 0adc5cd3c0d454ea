from __future__ import annotations

from typing import Any

import pytest

from simulated import START, Answer, Simulated, simulated

API = "/gitlab/api/v4"


async def get(net: Simulated, path: str, token: str = "t", **headers: str) -> Answer:
    sent = {"PRIVATE_TOKEN": token, **headers} if token else headers
    return await net.get(path if path.startswith("http") else f"{API}{path}", token="", **sent)


def rules(net: Simulated) -> list[str]:
    return [violation.rule for violation in net.simulator.journal.violations]


async def test_every_answer_tells_its_window_as_an_epoch() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        for left in (1999, 1998):
            headers = (await get(net, "/projects")).headers
            assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("2000", str(left))
            assert int(headers["RateLimit-Reset"]) == START + 60
            assert "Retry-After" not in headers
            assert "RateLimit-ResetTime" not in headers
        assert (await get(net, "/projects", "")).headers["RateLimit-Limit"] == "500"
        assert rules(net) == []


async def test_over_the_limit_comes_text_and_who_does_not_wait_breaks_a_rule() -> None:
    async with simulated(sites={"gitlab": {"per_minute": 3}}) as net:
        for _ in range(3):
            assert (await get(net, "/snippets/public")).status == 200
        net.clock.advance(20)
        answer = await get(net, "/snippets/public")
        assert (answer.status, answer.body) == (429, b"Retry later\n")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert answer.headers["Retry-After"] == "40"
        assert int(answer.headers["RateLimit-Reset"]) == START + 60
        assert answer.headers["RateLimit-ResetTime"].endswith("GMT")
        assert rules(net) == ["api_limit"]
        net.clock.advance(39)
        await get(net, "/snippets/public")
        assert rules(net)[1] == "asked_while_limited"
        net.clock.advance(1)
        assert (await get(net, "/snippets/public")).status == 200
        assert len(rules(net)) == 3


@pytest.mark.parametrize(
    ("path", "token", "limit", "seconds", "rule"),
    [
        ("/projects", "t", 2000, 600, "gitlab.projects_limit"),
        ("/projects", "", 400, 600, "gitlab.projects_limit"),
        ("/projects/1", "t", 400, 60, "gitlab.project_limit"),
        ("/snippets/1/raw", "t", 300, 60, "gitlab.snippet_raw_limit"),
        ("/projects/1/repository/files/x/raw", "t", 300, 60, "gitlab.file_limit"),
    ],
)
async def test_single_routes_have_limits_that_no_header_tells(
    path: str, token: str, limit: int, seconds: int, rule: str
) -> None:
    async with simulated(sites={"gitlab": {"per_minute": 5000, "anonymous_per_minute": 5000}}) as net:
        for _ in range(limit):
            answer = await get(net, path, token)
            assert answer.status != 429
        assert int(answer.headers["RateLimit-Remaining"]) == 5000 - limit
        assert (await get(net, path, token)).status == 429
        assert rules(net) == [rule]
        net.clock.advance(seconds)
        assert (await get(net, path, token)).status != 429


async def test_repeated_wrong_credentials_ban_the_address() -> None:
    async with simulated(sites={"gitlab": {"tokens": ["good"]}}) as net:
        for _ in range(9):
            answer = await get(net, "/projects", "bad")
            assert (answer.status, answer.json) == (401, {"message": "401 Unauthorized"})
        assert rules(net) == []
        assert (await get(net, "/projects", "bad")).status == 401
        answer = await get(net, "/projects", "good")
        assert (answer.status, answer.body) == (403, b"Forbidden\n")
        assert rules(net) == ["repeated_bad_credentials", "asked_while_banned"]
        net.clock.advance(900)
        assert (await get(net, "/projects", "good")).status == 200
        assert (await get(net, "/projects", "")).status == 200


async def test_who_does_not_say_who_he_is_breaks_a_rule() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        await get(net, "/projects", User_Agent="")
        assert rules(net) == ["user_agent"]


@pytest.mark.parametrize(("counted", "totals"), [(10_000, True), (10, False)])
async def test_totals_are_missing_above_a_number_of_rows(counted: int, totals: bool) -> None:
    async with simulated(sites={"gitlab": {"counted_rows": counted}}) as net:
        answer = await get(net, "/projects?per_page=10&page=2&order_by=id")
        assert ("X-Total" in answer.headers) is totals
        assert ("X-Total-Pages" in answer.headers) is totals
        assert ('rel="last"' in answer.headers["Link"]) is totals
        assert [answer.headers[f"X-{name}"] for name in ("Page", "Per-Page", "Prev-Page", "Next-Page")] == [
            "2",
            "10",
            "1",
            "3",
        ]


async def test_pages_are_of_twenty_unless_told_and_the_last_names_no_next() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        first = await get(net, "/projects?order_by=id&sort=asc")
        assert len(first.json) == 20
        second = await get(net, first.next())
        assert len(second.json) == 4
        assert second.headers["X-Next-Page"] == ""
        assert second.next() == ""
        ids = [project["id"] for project in first.json + second.json]
        assert ids == sorted(set(ids))
        clamped = await get(net, "/projects?per_page=1000&page=0")
        assert (clamped.headers["X-Per-Page"], clamped.headers["X-Page"]) == ("100", "1")


async def test_garbage_in_a_query_is_no_crash() -> None:
    async with simulated(sites={"gitlab": {}}) as net:
        queries: list[Any] = [
            "page=x&per_page=-3",
            "last_activity_after=soon",
            "pagination=keyset&order_by=name",
        ]
        assert [(await get(net, f"/projects?{query}")).status for query in queries] == [200, 400, 405]
        assert (await get(net, "/snippets/public?created_after=soon")).status == 400
