from dataclasses import replace

import pytest

from alerting_samples import NOON, exposure, open_store, put
from monitor.alerting.containment.checklist import Tick, tick, ticks_of

pytestmark = pytest.mark.usefixtures("each_store")


async def test_ticks_are_kept_with_who_and_when_and_belong_to_one_opening(tmp_path):
    store, row = await open_store(tmp_path), exposure()
    await put(store, row)
    async with store.write() as connection:
        assert await tick(connection, row, "stop", done=True, by="ann", at=NOON)
        assert not await tick(connection, row, "stop", done=True, by="bob", at=NOON + 1)
        assert await tick(connection, row, "audit", done=True, by="bob", at=NOON + 2)
        assert await tick(connection, row, "stop", done=False, by="bob", at=NOON + 3)
        assert not await tick(connection, row, "stop", done=False, by="bob", at=NOON + 4)
        assert await ticks_of(connection, row) == {"audit": Tick("bob", NOON + 2)}
        assert await ticks_of(connection, replace(row, opening=2)) == {}
    await store.close()
