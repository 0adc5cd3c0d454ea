import asyncio

from alerting_samples import NOON, open_store
from monitor.origin import ORIGIN
from monitor.store import records


async def test_what_is_done_for_somebody_says_where_he_came_from(tmp_path):
    store = await open_store(tmp_path)
    try:
        async with store.write() as connection:
            token = ORIGIN.set({"role": "viewer", "from": "127.0.0.1"})
            await records.add_audit(connection, at=NOON, actor="ann", verb="listed", detail={"shown": 1})
            ORIGIN.reset(token)
            await records.add_audit(connection, at=NOON, actor="system", verb="tidied")
            theirs, ours = await records.audit_log(connection)
    finally:
        await store.close()
    assert ours["detail"] == {"shown": 1, "origin": {"role": "viewer", "from": "127.0.0.1"}}
    assert theirs["detail"] == {}


async def test_tasks_do_not_see_each_others():
    async def other():
        return dict(ORIGIN.get())

    apart = asyncio.get_running_loop().create_task(other())
    ORIGIN.set({"role": "admin"})
    assert await apart == {}
