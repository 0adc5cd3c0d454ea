"""Looking at what waits, and silencing; each look and each change is written down."""

import pytest
from sqlalchemy import select

from alerting_samples import NOON, exposure, open_store, put, tell, telling
from monitor.alerting.telling.desk import TellingDesk, UnknownSilence
from monitor.alerting.telling.silences import BadSilence
from monitor.store.tables import audit, outbox

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    await put(opened, exposure())
    await tell(opened, telling("k1", incident="acme/code"), telling("k1", notifier="slack"))
    async with opened.write() as connection:
        failed = outbox.update().where(outbox.c.notifier == "slack")
        await connection.execute(failed.values(state="failed", reason="gone"))
        held = outbox.update().where(outbox.c.notifier == "hook")
        await connection.execute(held.values(next_try=NOON + 60, reason="silenced"))
    yield opened
    await opened.close()


@pytest.fixture
def desk(store):
    return TellingDesk(store, clock=lambda: NOON + 1)


async def verbs(store):
    async with store.read() as connection:
        rows = await connection.execute(select(audit.c.verb, audit.c.actor).order_by(audit.c.id))
        return [(verb, actor) for verb, actor in rows]


async def test_mail(store, desk):
    failed = await desk.mail(waiting=False, limit=10, actor="ann")
    assert [(row["notifier"], row["next_try"]) for row in failed.rows] == [("slack", None)]
    every = await desk.mail(waiting=True, limit=1, actor="ann")
    assert (len(every.rows), every.total) == (1, 2)
    assert every.rows[0] == {
        "id": 1,
        "notifier": "hook",
        "state": "pending",
        "reason": "silenced",
        "exposure": exposure().id,
        "opening": 1,
        "change": "opened",
        "action": "page",
        "severity": "high",
        "title": "Example token",
        "incident": "acme/code",
        "made_at": "2023-11-15T12:00:00Z",
        "next_try": "2023-11-15T12:01:00Z",
        "tries": 0,
    }
    assert await verbs(store) == [("outbox_listed", "ann")] * 2


async def test_retry_and_drop(store, desk):
    assert await desk.retry(notifier="slack", actor="ann") == 1
    assert await desk.drop(actor="bob") == 0
    assert await verbs(store) == [("outbox_retried", "ann"), ("outbox_dropped", "bob")]


async def test_a_silence_from_begin_to_end(store, desk):
    span = {"since": NOON, "until": NOON + 60, "even_critical": False}
    made = await desk.silence({"rule": " x ", "owner": ""}, **span, reason=" r ", actor="ann")
    assert (made["state"], made["matches"], made["reason"], made["by"]) == (
        "active",
        {"rule": "x"},
        "r",
        "ann",
    )
    assert await desk.silences(ended=False, actor="ann") == [made]
    assert await desk.end(made["id"], actor="bob") == 1  # what it held is due
    assert await desk.silences(ended=False, actor="ann") == []
    (over,) = await desk.silences(ended=True, actor="ann")
    assert (over["state"], over["ended_by"]) == ("ended", "bob")
    with pytest.raises(UnknownSilence):
        await desk.end(made["id"], actor="bob")
    with pytest.raises(BadSilence):
        await desk.silence({}, **span, reason="r", actor="ann")
    assert [verb for verb, _ in await verbs(store)] == [
        "silenced",
        "silences_listed",
        "silence_ended",
        "silences_listed",
        "silences_listed",
    ]
