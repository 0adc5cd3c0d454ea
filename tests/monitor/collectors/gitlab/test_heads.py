from __future__ import annotations

import orjson

from gitlab_answers import OTHER, SHA, Answers, asking
from monitor.collectors.gitlab.heads import Heads, HeadStore, branch_key


async def test_heads_are_durable_after_a_flush_and_known_before_it() -> None:
    async with asking(Answers()) as ask:
        store = HeadStore()
        heads = Heads(5.0, {branch_key("main"): SHA})
        assert await store.get(ask.context, 7, own=False) is None
        store.put(7, heads, own=False)
        assert await store.get(ask.context, 7, own=False) == heads
        assert await HeadStore().get(ask.context, 7, own=False) is None
        await store.flush(ask.context)
        assert await HeadStore().get(ask.context, 7, own=False) == heads
        assert await HeadStore().get(ask.context, 7, own=True) is None


async def test_of_strangers_only_the_latest_of_a_row_are_kept_and_all_watched() -> None:
    async with asking(Answers()) as ask:
        store = HeadStore()
        for number in range(20):
            store.put(number * 256, Heads(float(number), {}), own=False)
            store.put(number * 256, Heads(float(number), {}), own=True)
        await store.flush(ask.context)
        kept = [n for n in range(20) if await HeadStore().get(ask.context, n * 256, own=False)]
        assert kept == list(range(4, 20))
        assert all([await HeadStore().get(ask.context, n * 256, own=True) for n in range(20)])


async def test_no_name_of_a_branch_is_kept() -> None:
    async with asking(Answers()) as ask:
        store = HeadStore()
        store.put(7, Heads(5.0, {branch_key("token-in-a-branch"): SHA}), own=False)
        await store.flush(ask.context)
        assert "token-in-a-branch" not in "".join(ask.bench.state.cursors.values())


async def test_what_is_no_head_is_left_out() -> None:
    async with asking(Answers()) as ask:
        saved = {"7": [1, {"a": SHA, "b": "nonsense", "c": 5}], "263": "x", "519": [None, {}]}
        ask.bench.state.cursors["gitlab", "heads/7"] = orjson.dumps(saved).decode()
        found = await HeadStore().get(ask.context, 7, own=False)
        assert found == Heads(1.0, {"a": SHA})
        assert found.commits == {SHA}
        assert await HeadStore().get(ask.context, 263, own=False) is None
        store = HeadStore()
        store.put(7, Heads(2.0, {"a": OTHER}), own=False)
        await store.flush(ask.context)
        assert await HeadStore().get(ask.context, 7, own=False) == Heads(2.0, {"a": OTHER})
