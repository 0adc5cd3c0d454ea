"""Rows that may name somebody, page by page."""

from __future__ import annotations

import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, place, put
from monitor.store import exposures, records, subjects

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def found(store, table, *needles):
    async with store.read() as connection:
        return [row async for row in subjects.candidates(connection, table, needles)]


async def test_all_of_more_than_a_page_and_each_once(store):
    await put(store, exposure())
    async with store.write() as connection:
        for n in range(1203):
            await records.add_audit(
                connection, at=NOON, actor=f"cli:{'ann' if n % 2 else 'bob'}", verb="viewed"
            )
    rows = await found(store, "audit", "ANN")
    assert len(rows) == len({row["id"] for row in rows}) == 601


async def test_what_is_looked_for_is_no_pattern(store):
    await put(store, exposure("a", repository="100%_x/y"), exposure("b", repository="100abx/y"))
    assert [row["id"] for row in await found(store, "exposures", "100%_x")] == [fingerprint("a")]
    assert await found(store, "exposures", "nobody") == []


async def test_texts_inside_of_objects_are_looked_at(store):
    await put(store, exposure(facts={"user": "Ann"}))
    async with store.write() as connection:
        await exposures.add_sightings(connection, [place(1)], {fingerprint("a"): 1})
    assert len(await found(store, "exposures", "ann")) == 1
    assert len(await found(store, "sightings", "ACME/1")) == 1


async def test_a_row_by_its_key_changed_and_removed(store):
    await put(store, exposure(), exposure("b"))
    async with store.write() as connection:
        rows = [row async for row in subjects.candidates(connection, "exposures", ["acme/code"])]
        (key,) = [subjects.key_of("exposures", row) for row in rows if row["id"] == fingerprint("a")]
        assert key == {"id": fingerprint("a")}
        await subjects.change(connection, "exposures", key, {"repository": ""})
        assert (await subjects.again(connection, "exposures", key))["repository"] == ""
        assert await subjects.levels(connection, [fingerprint("a")]) == {fingerprint("a"): "proved"}
        assert await subjects.with_places(connection, [fingerprint("a")]) == set()
        await subjects.remove(connection, "exposures", key)
        assert await subjects.again(connection, "exposures", key) is None
    assert len(await found(store, "exposures", "acme")) == 1
