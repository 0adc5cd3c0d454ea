from __future__ import annotations

from collections import Counter
from pathlib import Path

from alerting_samples import NOON, open_store
from monitor.replay.mark import Mark, clear, load, save
from monitor.replay.reading import Span

MARK = Mark(NOON, NOON + 9, "digest", True, (Span("a.v1", 0, 3, 9), Span("a.v1", 1, 4, 4)), Counter(opened=2))


async def test_it_is_kept_over_a_restart_until_it_is_cleared(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    async with store.write() as connection:
        assert await load(connection) is None
        await save(connection, MARK)
    await store.close()
    store = await open_store(tmp_path)
    async with store.write() as connection:
        found = await load(connection)
        assert found is not None
        assert (found.left, found.watch, found.counts, found.spans[0]) == (
            6,
            "digest",
            {"opened": 2},
            MARK.spans[0],
        )
        await clear(connection)
        assert await load(connection) is None
    await store.close()
