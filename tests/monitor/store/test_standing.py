from dataclasses import replace

import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, put, tell, telling
from monitor.store import exposures, standing
from monitor.store.standing import Wanted

pytestmark = pytest.mark.usefixtures("each_store")

PAGES = Wanted("hook", {"page"}, drills=False)
ALL = Wanted("hook", {"page", "ticket"}, drills=True)


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def open_of(store, wanted=PAGES, limit=100):
    names = {fingerprint(name): name for name in "abcdefgh"}
    async with store.read() as connection:
        ids = await standing.open_ids(connection, wanted, limit=limit)
        assert len(ids) == min(limit, await standing.count_open(connection, wanted))
    return "".join(names[i] for i in ids)


async def test_pages_first_then_the_worst_then_the_newest(store):
    await put(
        store,
        exposure("a", rank=1200),
        exposure("b", rank=1240),
        exposure("c", rank=1200, opened_at=NOON + 1),
        exposure("d", rank=1500),
    )
    await tell(store, *(telling(leak, leak=leak) for leak in "abc"), telling("d", leak="d", action="ticket"))
    assert await open_of(store) == "bca"
    assert await open_of(store, ALL) == "bcad"
    assert await open_of(store, ALL, limit=2) == "bc"


async def test_only_what_the_notifier_was_told_and_what_is_open(store):
    await put(store, exposure("a"), exposure("b"), exposure("c", state="closed"), exposure("d", opening=2))
    await tell(store, telling("a"), telling("b", leak="b", notifier="other"), telling("c", leak="c"))
    await tell(store, telling("d", leak="d"))  # of its first opening; of the second nobody was told
    assert await open_of(store) == "a"


async def test_drills_only_for_those_who_want_them(store):
    await put(store, exposure("a", mode="exercise"))
    await tell(store, telling("a"))
    assert await open_of(store) == ""
    assert await open_of(store, Wanted("hook", {"ticket"}, drills=True)) == "a"


async def test_the_last_word_counts(store):
    await put(store, exposure("a"))
    await tell(store, telling("1", action="ticket"), telling("2", change="escalated", at=NOON + 1))
    assert await open_of(store) == "a"
    assert await open_of(store, Wanted("hook", {"ticket"}, drills=False)) == ""


async def test_what_was_told_comes_in_its_order_with_its_labels(store):
    await put(store, exposure("a"), exposure("b"))
    await tell(store, telling("2", labels={"rule": "r"}), telling("1", change="closed", at=NOON + 1))
    await tell(store, telling("3", notifier="other"))
    async with store.read() as connection:
        found = await standing.told(connection, "hook", [fingerprint("a"), fingerprint("b")])
    assert [(t.key, t.change, t.labels) for t in found[fingerprint("a")]] == [
        ("2", "opened", {"rule": "r"}),
        ("1", "closed", {}),
    ]
    assert found[fingerprint("b")] == []


async def test_what_may_have_ended_since(store):
    await put(store, *(exposure(leak) for leak in "abcd"))
    await tell(
        store,
        telling("a", change="closed", at=NOON + 10),
        telling("b", leak="b", change="closed", at=NOON + 9),
        telling("c", leak="c", at=NOON + 20),
        telling("d", leak="d", change="escalated", at=NOON + 30),
    )
    async with store.read() as connection:
        found = await standing.changed_ids(connection, "hook", since=NOON + 10)
        assert sorted(found) == sorted([fingerprint("a"), fingerprint("d")])
        assert await standing.changed_ids(connection, "other", since=0.0) == []


async def test_a_closed_one_is_not_open_any_more(store):
    await put(store, exposure("a"))
    await tell(store, telling("a"))
    async with store.write() as connection:
        closed = replace(exposure("a"), state="closed", closed_at=NOON)
        await exposures.save(connection, new=(), changed=[closed])
    assert await open_of(store) == ""
