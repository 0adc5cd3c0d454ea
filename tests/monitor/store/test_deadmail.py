import pytest

from alerting_samples import NOON, exposure, open_store, put, tell, telling
from monitor.store import deadmail, outbox
from monitor.store.tables import outbox as table

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, exposure("a"), exposure("b", title="Other", severity="low"))
    await tell(opened, telling("k1"), telling("k2", leak="b"), telling("k1", notifier="slack"))
    async with opened.write() as connection:
        await connection.execute(
            table.update().where(table.c.notifier == "hook").values(state="failed", reason="gone")
        )
    yield opened
    await opened.close()


async def test_listed_with_what_it_is_about(store):
    async with store.read() as connection:
        rows = await deadmail.listed(connection, states=("failed",), limit=10)
        assert [(row["reason"], row["title"], row["severity"]) for row in rows] == [
            ("gone", "Example token", "high"),
            ("gone", "Other", "low"),
        ]
        assert len(await deadmail.listed(connection, states=deadmail.STATES, limit=2)) == 2
        assert await deadmail.count(connection, states=deadmail.STATES) == 3
        assert await deadmail.count(connection, states=deadmail.STATES, notifier="slack") == 1


async def test_retry_and_drop_touch_only_what_failed(store):
    async with store.write() as connection:
        rows = await deadmail.listed(connection, states=("failed",), limit=10)
        assert await deadmail.retry(connection, now=NOON + 9, ids=[rows[0]["id"]]) == 1
        assert await deadmail.retry(connection, now=NOON + 9, notifier="slack") == 0
        due = await outbox.heads(connection, "hook", now=NOON + 9, limit=10)
        assert [row.key for row in due] == ["k1"]
        assert await deadmail.drop(connection) == 1
        assert await deadmail.drop(connection) == 0
        assert await deadmail.count(connection, states=("pending",)) == 2
        assert await deadmail.count(connection, states=("dropped",)) == 1
