import pytest
from sqlalchemy import event

from alerting_samples import NOON, exposure, fingerprint, open_store, put, tell, telling
from monitor.store import heard, outbox
from monitor.store.model import Sent

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, *(exposure(leak) for leak in "abc"), exposure("d", state="closed", closed_at=NOON))
    yield opened
    await opened.close()


async def deliver(store, *, at, together=False, limit=10):
    async with store.write() as connection:
        rows = await outbox.heads(connection, "hook", now=NOON + 10, limit=limit)
        taken = await outbox.take(connection, rows, until=NOON + 60, message="m" if together else "")
        await outbox.settle_delivered(connection, taken, at=at, together=together)


async def test_messages_since_count_a_summary_once(store):
    await tell(store, telling("a", incident="x"))
    await deliver(store, at=NOON + 1)
    await tell(store, telling("b", leak="b", incident="y"), telling("c", leak="c", incident="y"))
    await tell(store, telling("b", leak="b", notifier="slack"))
    await deliver(store, at=NOON + 5, together=True)
    async with store.read() as connection:
        assert await heard.messages_since(connection, "hook", NOON, now=NOON + 9) == [
            Sent("page", "x", NOON + 1, 1),
            Sent("page", "y", NOON + 5, 2),
        ]
        assert len(await heard.messages_since(connection, "hook", NOON + 1, now=NOON + 9)) == 1
        assert await heard.messages_since(connection, "slack", NOON, now=NOON + 9) == []


async def test_what_another_process_is_about_to_tell_counts(store):
    await tell(store, telling("a", incident="x"))
    await tell(store, telling("b", leak="b", incident="y"), telling("c", leak="c", incident="y"))
    async with store.write() as connection:
        first, *others = await outbox.heads(connection, "hook", now=NOON, limit=10)
        await outbox.take(connection, [first], until=NOON + 30)
        await outbox.take(connection, others, until=NOON + 30, message="m")
        under_way = await heard.messages_since(connection, "hook", NOON, now=NOON + 1)
        assert under_way == [Sent("page", "x", NOON + 1, 1), Sent("page", "y", NOON + 1, 2)]
        assert await heard.messages_since(connection, "hook", NOON, now=NOON + 31) == []


async def test_the_states_of_what_was_to_be_told(store):
    await tell(store, telling("a1"))
    await deliver(store, at=NOON)
    await tell(store, telling("a2", change="closed"), telling("b1", leak="b"), telling("s", notifier="slack"))
    async with store.write() as connection:
        rows = await outbox.heads(connection, "hook", now=NOON + 10, limit=10)
        states = await heard.states_of(connection, "hook", rows)
    assert states == {
        (fingerprint("a"), 1): {"delivered", "pending"},
        (fingerprint("b"), 1): {"pending"},
    }


async def test_summaries_whose_last_exposure_is_closed(store):
    async def over(incident, notifier="hook"):
        async with store.read() as connection:
            return await heard.summed_over(connection, notifier, incident)

    await tell(store, telling("d1", leak="d", incident="alone"))
    await deliver(store, at=NOON)
    assert await over("alone") == []  # it was told by itself
    await tell(store, telling("b", leak="b", incident="x"), telling("d2", leak="d", incident="y"))
    await tell(store, telling("c", leak="c", incident="y", action="ticket"))
    await deliver(store, at=NOON, together=True)
    assert [await over("x"), await over("y"), await over("y", "slack")] == [[], ["page"], []]


async def test_the_indexes_serve_what_is_asked_at_every_look(store):
    if store.dialect != "sqlite":
        pytest.skip("PostgreSQL plans a table of no rows in its own way")
    asked = []
    event.listen(
        store._engine.sync_engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3]))
    )
    async with store.read() as connection:
        await heard.messages_since(connection, "hook", NOON, now=NOON)
        await heard.summed_over(connection, "hook", "x")
        plans = [
            str((await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", parameters)).all())
            for query, parameters in list(asked)
            if "outbox" in query
        ]
    assert ["outbox_messages" in plans[0], "outbox_due" in plans[1], "outbox_incident" in plans[2]] == [
        True
    ] * 3
