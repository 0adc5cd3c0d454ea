from dataclasses import replace

import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, place, put
from monitor.store import exposures
from monitor.store.queries import sightings_of

pytestmark = pytest.mark.usefixtures("each_store")


@pytest.fixture
async def store(tmp_path):
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def test_a_row_comes_back_as_it_was(store):
    row = exposure(parts=("x", "y"), facts={"account": "1"}, closed_at=NOON, first_published=None)
    await put(store, row, exposure("b"))
    async with store.read() as connection:
        assert await exposures.load(connection, [row.id, "missing"]) == {row.id: row}


async def test_changes(store):
    await put(store, exposure(), exposure("b"))
    changed = replace(exposure(), severity="critical", sightings=7)
    async with store.write() as connection:
        await exposures.save(connection, new=(), changed=[changed])
        found = await exposures.load(connection, [fingerprint("a"), fingerprint("b")], lock=True)
    assert found == {changed.id: changed, fingerprint("b"): exposure("b")}


async def test_aliases_stay_with_the_first(store):
    await put(store, exposure(), exposure("b"))
    async with store.write() as connection:
        await exposures.add_aliases(connection, [("f" * 64, "k2", fingerprint("a"))])
        await exposures.add_aliases(connection, [("f" * 64, "k2", fingerprint("b"))])
        found = await exposures.find_aliases(connection, ["f" * 64, fingerprint("b"), "0" * 64])
    assert found == {"f" * 64: fingerprint("a"), fingerprint("b"): fingerprint("b")}


async def count_places(store, numbers, total):
    async with store.write() as connection:
        await exposures.add_sightings(connection, [place(n) for n in numbers], {fingerprint("a"): total})


async def kept(store):
    async with store.read() as connection:
        rows = (await sightings_of(connection, [fingerprint("a")]))[fingerprint("a")]
    return [(row["number"], row["document_id"]) for row in rows]


@pytest.mark.parametrize("batch", [1, 7, 50, 300])
async def test_the_first_20_and_the_last_100_are_kept(store, batch):
    await put(store, exposure())
    for start in range(0, 300, batch):
        stop = min(300, start + batch)
        await count_places(store, range(start, stop), stop)
    expected = [*range(1, 21), *range(201, 301)]
    assert await kept(store) == [(n, str(n - 1)) for n in expected]
    async with store.read() as connection:
        known = await exposures.known_places(connection, [place(n).place_id for n in range(310)])
    assert len(known) == 300


async def test_up_to_120_all_are_kept(store):
    await put(store, exposure())
    await count_places(store, range(120), 120)
    assert [number for number, _ in await kept(store)] == list(range(1, 121))
