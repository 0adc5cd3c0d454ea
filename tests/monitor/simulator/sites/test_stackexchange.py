from __future__ import annotations

import random
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from made_up import made_up
from simulated import START, Simulated, simulated

NAME = "stackexchange"
KINDS = ("questions", "answers", "comments")


def publish(world: Simulated, count: int = 1, *, leak: bool = False) -> None:
    _, site = world.simulator.sites[NAME]
    rng = random.Random(1)
    for _ in range(count):
        site.publish(world.clock(), made_up(rng) if leak else None, "")


async def ask(world: Simulated, kind: str = "questions", **query: Any) -> tuple[int, Any]:
    asked = {"site": "stackoverflow", "filter": "withbody", "pagesize": 100, **query}
    answer = await world.get(f"/{NAME}/2.3/{kind}?{urlencode(asked)}")
    assert answer.headers["Content-Encoding"] == "gzip"
    return answer.status, answer.json


def rules(world: Simulated) -> list[str]:
    return [violation.rule for violation in world.simulator.journal.violations]


async def test_an_answer_is_compressed_even_if_nobody_asked_for_it() -> None:
    async with simulated(sites={NAME: {}}) as world:
        answer = await world.get(f"/{NAME}/2.3/questions?site=stackoverflow", Accept_Encoding="identity")
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "items" in answer.json


async def test_lists_are_sorted_and_bounded_by_what_they_are_sorted_by() -> None:
    async with simulated(sites={NAME: {"late": 0, "backoff_every": 0}}) as world:
        for _ in range(60):
            publish(world)
            world.clock.advance(10)
        _, found = await ask(world)
        active = [item["last_activity_date"] for item in found["items"]]
        assert active == sorted(active, reverse=True)
        assert active != sorted((item["creation_date"] for item in found["items"]), reverse=True)
        _, upward = await ask(world, order="asc", min=active[3])
        assert [item["last_activity_date"] for item in upward["items"]] == active[3::-1]
        _, created = await ask(world, fromdate=active[3])
        assert len(created["items"]) < 4  # the others are older: only their activity is new
        assert all(item["body"] for item in found["items"])
        _, without = await ask(world, filter="default")
        assert all("body" not in item for item in without["items"])
        for kind in ("answers", "comments"):
            _, others = await ask(world, kind)
            assert others["items"]
            assert ("last_activity_date" in others["items"][0]) == (kind == "answers")


async def test_pages() -> None:
    async with simulated(sites={NAME: {"late": 0, "keys": ("k",), "backoff_every": 0, "edits": 0}}) as world:
        publish(world, 400)
        seen: set[int] = set()
        for number in range(1, 20):
            _, page = await ask(world, pagesize=10, page=number)
            seen |= {item["question_id"] for item in page["items"]}
            if not page["has_more"]:
                break
        _, everything = await ask(world)
        assert {item["question_id"] for item in everything["items"]} <= seen
        status, error = await ask(world, page=26)
        assert (status, error["error_id"], error["error_name"]) == (400, 403, "access_denied")
        assert (await ask(world, page=26, key="k"))[0] == 200


@pytest.mark.parametrize(
    "query",
    [{"pagesize": 101}, {"page": 0}, {"sort": "x"}, {"min": "x"}, {"site": "nowhere"}, {"key": "unknown"}],
)
async def test_bad_parameters(query: dict[str, Any]) -> None:
    async with simulated(sites={NAME: {}}) as world:
        status, error = await ask(world, **query)
        assert (status, error["error_id"], error["error_name"]) == (400, 400, "bad_parameter")


async def test_comments_are_not_sorted_by_activity() -> None:
    async with simulated(sites={NAME: {}}) as world:
        assert (await ask(world, "comments", sort="activity"))[0] == 400


async def test_backoff_in_a_200_is_for_that_method() -> None:
    async with simulated(sites={NAME: {"backoff_every": 2, "backoff": 20}}) as world:
        assert "backoff" not in (await ask(world))[1]
        assert (await ask(world, page=2))[1]["backoff"] == 20
        assert (await ask(world, "answers"))[0] == 200
        assert rules(world) == []
        status, error = await ask(world, page=3)
        assert (status, error["error_id"], error["error_name"]) == (400, 502, "throttle_violation")
        assert rules(world) == ["backoff"]
        world.clock.advance(20)
        assert (await ask(world, page=4))[0] == 200


async def test_the_quota_is_of_a_utc_day() -> None:
    async with simulated(sites={NAME: {"quota": 3, "keys": ("k",), "backoff_every": 0}}) as world:
        left = [(await ask(world, page=number))[1]["quota_remaining"] for number in (1, 2, 3)]
        assert left == [2, 1, 0]
        assert rules(world) == []
        status, error = await ask(world, page=4)
        wait = int(86_400 - START % 86_400)
        assert status == 400
        assert error["error_message"].endswith(f"more requests available in {wait} seconds")
        assert rules(world) == ["quota"]
        assert (await ask(world, key="k"))[1]["quota_remaining"] == 9_999
        world.clock.advance(wait)
        assert (await ask(world))[0] == 200


async def test_the_same_request_within_a_minute_gets_the_same_answer_and_is_a_violation() -> None:
    async with simulated(sites={NAME: {"late": 0}}) as world:
        _, first = await ask(world)
        publish(world, 5)
        assert (await ask(world))[1] == first
        assert rules(world) == ["identical"]
        world.clock.advance(60)
        assert (await ask(world))[1] != first
        assert rules(world) == ["identical"]


async def test_more_than_thirty_a_second_are_dropped_for_a_while() -> None:
    async with simulated(sites={NAME: {"backoff_every": 0}}) as world:
        for number in range(1, 26):
            await ask(world, page=number)
        for number in range(1, 6):
            await ask(world, "answers", page=number)
        with pytest.raises(aiohttp.ClientError):
            await ask(world, "comments")
        assert set(rules(world)) == {"requests_per_second"}
        world.clock.advance(31)
        assert (await ask(world, "comments"))[0] == 200


async def test_what_was_planted_is_told() -> None:
    async with simulated(sites={NAME: {"late": 0, "edits": 0.3, "backoff_every": 0}}) as world:
        publish(world, 40, leak=True)
        bodies = {}
        for kind in KINDS:
            for item in (await ask(world, kind))[1]["items"]:
                bodies[str(item[f"{kind[:-1]}_id"])] = item
        assert len(world.simulator.truth) == 40
        for place in world.simulator.truth:
            assert place.secret.decode() in bodies[place.document]["body"]
            assert (place.source, place.forge) == (NAME, "stackoverflow.com")
            assert place.owner == str(bodies[place.document]["owner"]["user_id"])


async def test_a_late_post_shows_up_with_its_own_time() -> None:
    async with simulated(sites={NAME: {"late": 1.0, "edits": 0, "backoff_every": 0}}) as world:
        publish(world, 30)
        before = len((await ask(world))[1]["items"])
        world.clock.advance(60)
        _, after = await ask(world)
        assert before < len(after["items"])
        assert {item["creation_date"] for item in after["items"]} == {int(START)}


async def test_what_is_old_is_forgotten() -> None:
    async with simulated(sites={NAME: {"kept": 20, "late": 0}}) as world:
        publish(world, 400)
        for kind in KINDS:
            assert len((await ask(world, kind))[1]["items"]) == 20
