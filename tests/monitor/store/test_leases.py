import asyncio

import pytest

from alerting_samples import NOON, open_store
from monitor.store import leases

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def take(store, holder="a", *, name="job", now=NOON, seconds=30.0):
    async with store.write() as connection:
        return await leases.take(connection, name, holder=holder, now=now, until=now + seconds)


async def renew(store, lease, until):
    async with store.write() as connection:
        return await leases.renew(connection, lease, until=until)


async def test_one_holder_at_a_time_and_a_growing_fence(store):
    first = await take(store)
    assert (first.fence, first.until) == (1, NOON + 30)
    assert await take(store, "b", now=NOON + 29) is None
    second = await take(store, "b", now=NOON + 30)
    assert second.fence == 2
    assert await take(store, "a", now=NOON + 31) is None


async def test_of_many_at_once_one_gets_it(store):
    taken = await asyncio.gather(*(take(store, str(n)) for n in range(8)))
    assert sum(lease is not None for lease in taken) == 1


async def test_names_are_apart(store):
    assert await take(store) is not None
    assert await take(store, "b", name="other") is not None


async def test_the_holder_renews_and_the_late_one_does_not(store):
    first = await take(store)
    renewed = await renew(store, first, NOON + 60)
    assert (renewed.fence, renewed.until) == (1, NOON + 60)
    assert await take(store, "b", now=NOON + 45) is None
    second = await take(store, "b", now=NOON + 60)
    assert await renew(store, renewed, NOON + 200) is None
    assert await take(store, "c", now=second.until) is not None  # the late renewal changed nothing


async def test_one_that_ran_out_and_that_nobody_took_is_renewed(store):
    first = await take(store)
    assert (await renew(store, first, NOON + 500)).fence == 1


async def test_a_released_one_is_free_at_once_but_only_by_its_holder(store):
    first = await take(store)
    async with store.write() as connection:
        await leases.release(connection, first)
    second = await take(store, "b")
    assert second.fence == 2
    async with store.write() as connection:
        await leases.release(connection, first)  # late: it is b's now
    assert await take(store, "c") is None


async def test_a_look_says_whether_it_is_free(store):
    async def free(now):
        async with store.read() as connection:
            return await leases.is_free(connection, "job", now=now)

    assert await free(NOON)
    await take(store)
    assert [await free(NOON + 29), await free(NOON + 30)] == [False, True]
