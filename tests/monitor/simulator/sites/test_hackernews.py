from __future__ import annotations

import random
from typing import Any

from made_up import made_up
from simulated import START, Simulated, simulated

NAME = "hackernews"


def publish(world: Simulated, count: int = 1, *, leak: bool = False) -> None:
    _, site = world.simulator.sites[NAME]
    rng = random.Random(1)
    for _ in range(count):
        site.publish(world.clock(), made_up(rng) if leak else None, "")


async def get(world: Simulated, path: str) -> Any:
    answer = await world.get(f"/{NAME}/v0/{path}.json")
    assert answer.status == 200
    return answer.json


async def test_ids_grow_one_by_one_and_items_are_told_by_id() -> None:
    async with simulated(
        sites={NAME: {"null": 0, "gone": 0, "deleted": 0, "dead": 0, "edits": 0, "first": 100}}
    ) as world:
        publish(world, 60)
        last = await get(world, "maxitem")
        assert last >= 159
        kinds = set()
        for number in range(100, last + 1):
            item = await get(world, f"item/{number}")
            assert item["id"] == number
            assert item["time"] == int(START)
            assert item["by"]
            kinds.add(item["type"])
        assert {"comment", "story", "poll", "pollopt"} <= kinds
        assert await get(world, f"item/{last + 1}") is None
        assert await get(world, "item/x") is None
        stories = await get(world, "newstories")
        assert stories == sorted(stories, reverse=True)


async def test_an_item_may_be_null_at_first_or_for_ever() -> None:
    async with simulated(sites={NAME: {"null": 1.0, "null_seconds": 60, "gone": 0.5, "edits": 0}}) as world:
        publish(world, 40)
        last = await get(world, "maxitem")
        numbers = range(last - 30, last + 1)
        assert sum([await get(world, f"item/{number}") is None for number in numbers]) > 20
        world.clock.advance(60)
        assert 5 < sum([await get(world, f"item/{number}") is None for number in numbers]) < 25


async def test_changes_are_listed_for_a_while() -> None:
    async with simulated(sites={NAME: {"edits": 0.5, "null": 0, "gone": 0}}) as world:
        publish(world, 60)
        changed = (await get(world, "updates"))["items"]
        assert changed
        assert len(changed) == len(set(changed)) <= 100
        texts = [await get(world, f"item/{number}") for number in changed]
        assert any("EDIT: " in (item or {}).get("text", "") for item in texts)
        world.clock.advance(601)
        assert (await get(world, "updates"))["items"] == []


async def test_deleted_and_dead_items() -> None:
    async with simulated(
        sites={NAME: {"deleted": 0.5, "dead": 0.5, "null": 0, "gone": 0, "edits": 0}}
    ) as world:
        publish(world, 30)
        last = await get(world, "maxitem")
        items = [await get(world, f"item/{number}") for number in range(last - 20, last + 1)]
        deleted = [item for item in items if item.get("deleted")]
        assert deleted
        assert all("text" not in item and "by" not in item for item in deleted)
        assert any(item.get("dead") for item in items)


async def test_what_was_planted_is_told() -> None:
    async with simulated(sites={NAME: {"null": 0}}) as world:
        publish(world, 20, leak=True)
        assert len(world.simulator.truth) == 20
        for place in world.simulator.truth:
            item = await get(world, f"item/{place.document}")
            assert place.secret.decode() in item["text"]
            assert (place.source, place.forge, place.owner) == (NAME, "news.ycombinator.com", item["by"])


async def test_too_many_requests_a_second_are_a_violation() -> None:
    async with simulated(sites={NAME: {"per_second": 3}}) as world:
        for _ in range(3):
            await get(world, "maxitem")
        assert world.simulator.journal.violations == []
        await get(world, "maxitem")
        assert [v.rule for v in world.simulator.journal.violations] == ["requests_per_second"]
        world.clock.advance(1.0)
        await get(world, "maxitem")
        assert len(world.simulator.journal.violations) == 1


async def test_a_client_must_say_who_it_is() -> None:
    async with simulated(sites={NAME: {}}) as world:
        await world.get(f"/{NAME}/v0/maxitem.json", User_Agent="")
        assert [v.rule for v in world.simulator.journal.violations] == ["user_agent"]


async def test_what_is_old_is_forgotten() -> None:
    async with simulated(sites={NAME: {"first": 1}}) as world:
        publish(world, 21_000)
        assert await get(world, "item/1") is None
        assert len(world.simulator.sites[NAME][1]._items) == 20_000
