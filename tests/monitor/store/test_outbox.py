import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, put, tell, telling
from monitor.store import deadmail, outbox
from monitor.store.outbox import DELIVERED, FAILED, PENDING, Backlog

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, exposure("a"), exposure("b"))
    yield opened
    await opened.close()


async def take(store, *, now=NOON, seconds=30.0, notifier="hook", limit=10):
    async with store.write() as connection:
        return await outbox.lease(connection, notifier, now=now, until=now + seconds, limit=limit)


async def settle(store, row, state, **other):
    async with store.write() as connection:
        if state == DELIVERED:
            return await outbox.settle_delivered(connection, [row], at=NOON) == {row.id}
        return bool(await outbox.settle_undelivered(connection, [row], state=state, **other))


async def test_one_row_a_key_and_notifier(store):
    await tell(store, telling("k"), telling("k"), telling("k", notifier="slack"))
    await tell(store, telling("k", at=NOON + 1))
    assert [row.created_at for row in await take(store)] == [NOON]
    assert len(await take(store, notifier="slack")) == 1


async def test_a_leased_row_is_nobody_elses_until_the_lease_ends(store):
    await tell(store, telling("k"))
    (first,) = await take(store, seconds=30)
    assert await take(store, now=NOON + 29) == []
    (second,) = await take(store, now=NOON + 31)
    assert (second.id, second.fence, second.attempts) == (first.id, first.fence + 1, 2)


async def test_what_is_due_is_seen_without_a_lock(store):
    async def due(notifier, now):
        async with store.read() as connection:
            return await outbox.is_due(connection, notifier, now=now)

    await tell(store, telling("k"))
    assert [await due("hook", NOON - 1), await due("hook", NOON), await due("slack", NOON)] == [
        False,
        True,
        False,
    ]
    (row,) = await take(store)
    assert [await due("hook", NOON), await due("hook", NOON + 31)] == [False, True]
    await settle(store, row, DELIVERED)
    assert await due("hook", NOON + 31) is False


async def test_the_fence_keeps_the_late_one_out(store):
    await tell(store, telling("k"))
    (late,) = await take(store)
    (holder,) = await take(store, now=NOON + 31)
    assert await settle(store, late, FAILED, reason="gone") is False
    assert await settle(store, late, DELIVERED) is False
    assert await settle(store, holder, DELIVERED) is True
    assert await settle(store, holder, PENDING, reason="timeout") is False
    assert await take(store, now=NOON + 1000) == []


async def test_of_one_exposure_the_oldest_first_others_at_once(store):
    await tell(store, telling("a1"), telling("a2", change="escalated"), telling("b1", leak="b"))
    rows = await take(store)
    assert [row.key for row in rows] == ["a1", "b1"]
    await settle(store, rows[0], PENDING, reason="timeout", next_try=NOON + 60)
    assert await take(store, now=NOON + 1) == []  # a2 waits behind a1, b1 is leased
    assert [row.key for row in await take(store, now=NOON + 61)] == ["b1", "a1"]


async def test_a_failed_one_lets_the_next_pass(store):
    await tell(store, telling("a1"), telling("a2"))
    (first,) = await take(store)
    await settle(store, first, FAILED, reason="gone")
    assert [row.key for row in await take(store)] == ["a2"]


async def test_notifiers_do_not_wait_for_each_other(store):
    await tell(store, telling("a1"), telling("a1", notifier="slack"), telling("a2", notifier="slack"))
    await take(store)
    assert [row.key for row in await take(store, notifier="slack")] == ["a1"]


async def test_release_forgets_the_try(store):
    await tell(store, telling("k"))
    async with store.write() as connection:
        rows = await outbox.lease(connection, "hook", now=NOON, until=NOON + 30, limit=1)
        await outbox.release(connection, rows)
    (again,) = await take(store)
    assert again.attempts == 1


async def test_failed_ones_by_notifier_and_retry(store):
    await tell(store, telling("a1"), telling("a1", notifier="slack"))
    for name in ("hook", "slack"):
        (row,) = await take(store, notifier=name)
        await settle(store, row, FAILED, reason="gone")
    async with store.write() as connection:
        assert await outbox.backlog(connection, ["log"]) == {
            "hook": Backlog(0, 1, None),
            "slack": Backlog(0, 1, None),
            "log": Backlog(0, 0, None),
        }
        assert await deadmail.retry(connection, now=NOON + 5, notifier="slack") == 1
        assert (await outbox.backlog(connection))["slack"] == Backlog(1, 0, NOON)
        assert await deadmail.retry(connection, now=NOON + 5) == 1


async def test_retry_now(store):
    await tell(store, telling("a1"), telling("b1", leak="b", notifier="slack"))
    for name in ("hook", "slack"):
        (row,) = await take(store, notifier=name)
        await settle(store, row, PENDING, reason="timeout", next_try=NOON + 300)
    async with store.write() as connection:
        await outbox.retry_now(connection, "hook", now=NOON + 1)
    assert len(await take(store, now=NOON + 1)) == 1
    assert await take(store, now=NOON + 1, notifier="slack") == []


async def test_told_of_an_opening(store):
    await tell(store, telling("1", notifier="slack"), telling("1"), telling("2", opening=2, notifier="log"))
    async with store.read() as connection:
        assert await outbox.told_of(connection, fingerprint("a"), 1) == ["hook", "slack"]
