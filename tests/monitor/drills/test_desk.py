from __future__ import annotations

from pathlib import Path

from alerting_samples import NOON, open_store
from drilling import Drilling
from monitor.store import drills


async def test_a_drill_is_in_the_store_before_it_is_planted(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    drilling = Drilling(store)
    desk = drilling.desk()
    async with store.write() as connection:
        begun = await desk.begin(connection, "ingest", timeout=60.0, by="test", practice=True)
    assert drilling.planter.planted == []
    async with store.read() as connection:
        known = await drills.find(connection, begun.drill.id)
    assert known == begun.drill
    assert (known.due, known.practice, known.state) == (NOON + 60, True, "planted")

    assert await desk.plant(begun) == ""
    assert drilling.planter.planted == [begun.planting]
    await store.close()


async def test_no_two_drills_plant_the_same_leak(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    desk = Drilling(store).desk()
    held = [(await desk.hold("ingest", timeout=60.0, by="test"))[0] for _ in range(3)]
    assert len({drill.fingerprint for drill in held}) == len({drill.id for drill in held}) == 3
    await store.close()
