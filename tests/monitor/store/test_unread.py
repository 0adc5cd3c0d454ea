import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, put
from monitor.store.unread import Unread, unread

pytestmark = pytest.mark.usefixtures("each_store")


async def test_the_oldest_that_nobody_has_in_hand(tmp_path):
    store = await open_store(tmp_path)
    async with store.read() as connection:
        assert await unread(connection) == Unread(0)
    await put(
        store,
        exposure("a", opened_at=NOON + 2),
        exposure("b", opened_at=NOON + 1, action="ticket"),
        exposure("taken", opened_at=NOON, acknowledged_at=NOON, acknowledged_by="ann"),
        exposure("closed", opened_at=NOON, state="closed", closed_at=NOON),
        exposure("drill", opened_at=NOON, mode="exercise"),
        exposure("record", opened_at=NOON, action="record"),
    )
    async with store.read() as connection:
        assert await unread(connection) == Unread(2, fingerprint("b"), NOON + 1)
    await store.close()
