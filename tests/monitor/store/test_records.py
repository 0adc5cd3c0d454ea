import pytest

from alerting_samples import NOON, open_store
from monitor.store.errors import StoreRefused
from monitor.store.records import add_audit, audit_log, audit_of, bind_key, change_meta, get_meta, store_id

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def test_a_strange_key_is_refused(store):
    await bind_key(store, ["aaaa1111"])
    await bind_key(store, ["aaaa1111"])
    with pytest.raises(StoreRefused, match=r"\(bbbb2222\) is not the one .* \(aaaa1111\): restore"):
        await bind_key(store, ["bbbb2222"])


async def test_a_key_is_rotated_by_a_ring_of_both(store):
    assert await bind_key(store, ["old"]) == {"old"}
    await bind_key(store, ["new", "old"])
    assert await bind_key(store, ["new"]) == {"new", "old"}
    with pytest.raises(StoreRefused):
        await bind_key(store, ["other"])


async def test_a_store_has_one_name_and_no_other_the_same(store, tmp_path):
    other = await open_store(tmp_path / "other")
    assert await store_id(store) == await store_id(store) != await store_id(other)
    await other.close()


async def test_audit_newest_first(store):
    async with store.write() as connection:
        await add_audit(connection, at=NOON, actor="ann", verb="viewed", exposure_id="e")
        await add_audit(
            connection, at=NOON + 1, actor="bob", verb="closed", exposure_id="e", detail={"reason": "test"}
        )
        await add_audit(connection, at=NOON + 2, actor="bob", verb="viewed", exposure_id="other")
    async with store.read() as connection:
        entries = await audit_of(connection, "e")
    assert [(e["actor"], e["verb"], e["detail"]) for e in entries] == [
        ("bob", "closed", {"reason": "test"}),
        ("ann", "viewed", {}),
    ]


async def test_the_access_log_by_time_actor_verb_and_exposure(store):
    async with store.write() as connection:
        for n, (actor, verb, exposure) in enumerate(
            [("cli:ann", "viewed", "aa11"), ("cli:bob", "viewed", "aa22"), ("cli:ann", "listed", "")]
        ):
            await add_audit(connection, at=NOON + n, actor=actor, verb=verb, exposure_id=exposure)

    async def told(**wanted):
        async with store.read() as connection:
            return [row["at"] - NOON for row in await audit_log(connection, **wanted)]

    assert await told() == [2, 1, 0]
    assert await told(limit=1) == [2]
    assert await told(since=NOON + 1) == [2, 1]
    assert await told(actor="cli:ann") == [2, 0]
    assert await told(verb="viewed", exposure="AA2") == [1]
    assert await told(exposure="a%") == []


async def test_a_fact_is_changed_only_by_who_knows_what_it_was(store):
    async with store.write() as connection:
        assert await change_meta(connection, "fact", None, "one")
        assert not await change_meta(connection, "fact", None, "two")
        assert not await change_meta(connection, "fact", "two", "three")
        assert await change_meta(connection, "fact", "one", "two")
        assert await get_meta(connection, "fact") == "two"
