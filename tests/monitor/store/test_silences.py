import pytest

from alerting_samples import NOON, open_store
from monitor.store import silences
from monitor.store.model import Silence

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def add(store, since, until):
    async with store.write() as connection:
        return await silences.add(
            connection,
            since=since,
            until=until,
            matches={"rule": "x"},
            even_critical=True,
            reason="r",
            at=NOON,
            by="ann",
        )


async def test_active_listed_and_ended(store):
    over, now, ahead = [
        await add(store, NOON + since, NOON + until) for since, until in ((-20, -10), (-10, 10), (10, 20))
    ]
    async with store.write() as connection:
        assert await silences.active(connection, NOON) == [
            Silence(now, NOON - 10, NOON + 10, {"rule": "x"}, True, "r", NOON, "ann")
        ]
        assert [each.id for each in await silences.active(connection, NOON + 10)] == [ahead]
        assert [each.id for each in await silences.listed(connection, ending_after=0.0)] == [ahead, now, over]
        assert await silences.end(connection, now, at=NOON + 1, by="bob")
        assert not await silences.end(connection, now, at=NOON + 1, by="bob")
        assert not await silences.end(connection, 99, at=NOON + 1, by="bob")
        assert await silences.active(connection, NOON + 1) == []
        found = {each.id: each for each in await silences.listed(connection, ending_after=0.0)}
        assert (found[now].until, found[now].ended_by) == (NOON + 1, "bob")
