from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerting_samples import NOON, open_store
from monitor.replay.alone import Alone, AnotherReplay
from monitor.store.engine import Store

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def turn(store: Store, at: float) -> None:
    async with Alone.held(store, clock=lambda: at, holder="test", seconds=60):
        pass


async def test_a_second_one_is_sent_away_until_the_first_has_ended(store: Store) -> None:
    async with Alone.held(store, clock=lambda: NOON, holder="test", seconds=60):
        with pytest.raises(AnotherReplay, match="another replay is under way"):
            await turn(store, NOON + 59)
    await turn(store, NOON + 1)


async def test_who_goes_on_keeps_his_turn_and_who_was_killed_loses_it(store: Store) -> None:
    now = [NOON]
    async with Alone.held(store, clock=lambda: now[0], holder="test", seconds=60) as alone:
        now[0] += 50
        async with store.write() as connection:
            await alone.renew(connection)
        with pytest.raises(AnotherReplay):
            await turn(store, NOON + 100)
        await turn(store, NOON + 111)
        with pytest.raises(AnotherReplay):
            async with store.write() as connection:
                await alone.renew(connection)
