"""Wrong deliveries of a batch: one exposure, told once, its people counted once each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alerting_samples import NOON, finding, open_store, records, service
from monitor.alerting.ownership import WatchSettings
from monitor.contracts import FindingEvent, Place
from monitor.metrics import Metrics
from monitor.store import outbox, queries
from monitor.store.queries import Filter

pytestmark = pytest.mark.usefixtures("each_store")


def wrong(n: int, *people: int, **more: Any) -> FindingEvent:
    values: dict[str, Any] = {
        "rule": "misdelivery",
        "family": "misdelivery",
        "severity": "critical",
        "verdict": "proved",
        "source": "ingest",
        "facts": {"webhook": "bot"},
        "people": tuple(f"{person:032x}" for person in people),
        "place": Place(forge="ingest", repository="deliveries/bot", path=f"message/{n:032x}"),
        "blob_sha": "",
        "published_at": NOON + n,
    }
    return finding("delivery", **(values | more))


async def test_a_burst_is_one_exposure_with_a_rising_count_told_once(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    alerting = service(store, watch=WatchSettings())  # nothing is watched: it is ours all the same
    for begin in (0, 500, 500, 1000):
        await alerting.handle(records([wrong(n, n % 7, n % 11) for n in range(begin, begin + 500)]))
    async with store.read() as connection:
        (row,) = await queries.list_exposures(connection, Filter(), limit=5)
        told = (await outbox.backlog(connection, {"hook"}))["hook"].pending
    assert (row.sightings, row.people, row.level, row.action) == (1500, 11, "proved", "page")
    assert row.reasons[0]["kind"] == "own_delivery"
    assert row.first_published == NOON
    assert told == 1
    await store.close()


async def test_a_strangers_word_is_no_delivery_of_ours_and_no_hash_is_counted(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    metrics = Metrics()
    alerting = service(store, watch=WatchSettings(), metrics=metrics)
    await alerting.handle(records([wrong(1, 1, source="pastebin")]))
    async with store.read() as connection:
        (row,) = await queries.list_exposures(connection, Filter(), limit=5)
    assert row.level == "none"
    await alerting.handle(records([wrong(2, people=("1001", "x" * 32, f"{5:032x}"))]))
    async with store.read() as connection:
        (row,) = await queries.list_exposures(connection, Filter(), limit=5)
    assert row.people == 2
    labels = {"stage": "alerting", "reason": "bad_person"}
    assert metrics.registry.get_sample_value("leakstream_dropped_total", labels) == 1
    await store.close()
