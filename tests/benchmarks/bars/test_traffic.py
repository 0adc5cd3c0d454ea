import asyncio

import pytest

from benchmarks.bars.fleet import Fleet
from benchmarks.bars.traffic import Watch, until_drained


@pytest.fixture
def watched(tmp_path):
    """`run(lefts, work)`: with what is left at each look, the last of it for ever."""

    async def run(lefts, work, **watch):
        remaining = iter(lefts)
        now = [next(remaining)]

        async def left():
            now[0] = next(remaining, now[0])
            return {"match": now[0]}

        given = {"down": frozenset, "said": str, "ended": lambda: True, "every": 0.01, "quiet_seconds": 0.05}
        return await until_drained(Fleet(tmp_path, tmp_path), Watch(left, **given | watch), work=work)

    return run


async def test_it_ends_when_the_work_is_done_and_nothing_is_left(watched):
    result = await watched([3, 2, 1, 0], asyncio.sleep(0.05))
    assert result["drained"]
    assert result["left"] == {"match": 0}


async def test_a_bus_that_does_not_answer_is_not_drained(watched):
    result = await watched([0, -1], asyncio.sleep(0), drain_seconds=0.2)
    assert not result["drained"]


async def test_it_does_not_wait_for_ever(watched):
    assert not (await watched([1], asyncio.sleep(0), drain_seconds=0.05))["drained"]
    assert not (await watched([0], asyncio.sleep(60), feed_seconds=0.05))["drained"]


async def test_it_ends_with_a_process_that_must_not_end(watched):
    assert not (await watched([0], asyncio.sleep(60), ended=lambda: False))["drained"]


async def test_what_the_work_raises_is_raised(watched):
    async def fails():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await watched([0], fails())
