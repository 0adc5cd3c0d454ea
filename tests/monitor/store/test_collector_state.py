import os

import pytest

from alerting_samples import NOON, open_store
from monitor.collectors.base import CollectorState
from monitor.contracts import Request
from monitor.store.collector_state import BLOB_SECONDS, SqlCollectorState

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def state(tmp_path):
    store = await open_store(tmp_path)
    yield SqlCollectorState(store, clock=lambda: NOON)
    await store.close()


async def test_it_is_what_collectors_ask_for(state):
    asked: CollectorState = state
    assert await asked.cursor("git") is None


async def test_cursors_by_source_and_name(state):
    await state.save_cursor("git", "1")
    await state.save_cursor("git", "2")
    await state.save_cursor("git", "x", "refs/heads/main")
    assert await state.cursor("git") == "2"
    assert await state.cursor("git", "refs/heads/main") == "x"
    assert await state.cursor("pastebin") is None


async def test_seen_keys(state):
    keys = [os.urandom(20) for _ in range(2500)]
    assert await state.unseen("git", keys) == set(keys)
    await state.mark_seen("git", keys[:2000])
    await state.mark_seen("git", keys[:10])
    assert await state.unseen("git", keys) == set(keys[2000:])
    assert await state.unseen("pastebin", keys[:1]) == {keys[0]}


async def test_nothing_asked_nothing_written(state):
    assert await state.unseen("git", []) == set()
    await state.mark_seen("git", [])


async def test_it_survives_the_process(tmp_path):
    store = await open_store(tmp_path)
    await SqlCollectorState(store).mark_seen("git", [b"k" * 20])
    await SqlCollectorState(store).save_cursor("git", "7")
    await store.close()
    again = await open_store(tmp_path)
    assert await SqlCollectorState(again).unseen("git", [b"k" * 20]) == set()
    assert await SqlCollectorState(again).cursor("git") == "7"
    await again.close()


async def test_a_request_waits_until_it_is_finished(state):
    late = Request("sweep", "git", "https://forge.example/a.git", NOON + 1.0, "push")
    early = Request("sweep", "git", "https://forge.example/b.git", NOON)
    await state.add_requests([late, early])
    await state.add_requests([Request("sweep", "git", late.target, NOON + 9.0, "again")])
    assert await state.requests("git") == [early, late]
    assert await state.requests("gharchive") == []
    await state.finish_request(early)
    assert await state.requests("git") == [late]


async def test_what_one_hand_over_leaves_behind(tmp_path):
    store = await open_store(tmp_path)
    now = [NOON]
    state = SqlCollectorState(store, clock=lambda: now[0])
    keys = [os.urandom(20) for _ in range(10_500)]
    await state.handed_in("git", blobs=[b"a" * 16], seen=iter(keys), cursor="9", cursor_name="x")
    assert await state.unseen("git", keys) == set()
    assert await state.cursor("git", "x") == "9"
    assert await state.fresh([b"a" * 16, b"b" * 16]) == {b"b" * 16}
    now[0] += BLOB_SECONDS + 1
    assert await state.fresh([b"a" * 16]) == {b"a" * 16}  # alerting may have forgotten what it held
    await state.handed_in("git", blobs=[b"a" * 16])
    assert await state.fresh([b"a" * 16]) == set()
    await store.close()
