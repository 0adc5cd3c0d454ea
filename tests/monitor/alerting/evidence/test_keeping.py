"""Which evidence of a batch is kept."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerting_samples import finding, fingerprint, open_store, records, service
from monitor.metrics import Metrics
from monitor.sealing import LARGEST, MAGIC
from monitor.store import sealed
from monitor.store.engine import Store

pytestmark = pytest.mark.usefixtures("each_store")
FILE = MAGIC + b"-> X25519 and so on"
SEALED = {"sealed": base64.b64encode(FILE).decode(), "sealed_to": ("age1ann", "age1bob")}


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store(tmp_path)
    yield opened
    await opened.close()


async def kept(store: Store, leak: str = "a") -> list[sealed.Evidence]:
    async with store.read() as connection:
        return list(await sealed.of_exposure(connection, fingerprint(leak)))


def dropped(metrics: Metrics) -> dict[str, float]:
    names = ("sealed_unattributed", "sealed_malformed", "sealed_enough")
    labels = ({"stage": "alerting", "reason": name} for name in names)
    return {
        each["reason"]: metrics.registry.get_sample_value("leakstream_dropped_total", each) or 0.0
        for each in labels
    }


async def test_evidence_of_what_is_ours_is_kept_and_a_strangers_is_dropped_and_counted(store: Store) -> None:
    metrics = Metrics()
    batch = records([finding("a", repository="acme/code", **SEALED), finding("b", **SEALED), finding("c")])
    alerting = service(store, metrics=metrics)
    await alerting.handle(batch)
    await alerting.handle(batch)
    (one,) = await kept(store)
    assert (one.body, one.recipients) == (FILE, "age1ann, age1bob")
    assert await kept(store, "b") == []
    assert dropped(metrics) == {"sealed_unattributed": 2, "sealed_malformed": 0, "sealed_enough": 0}


async def test_a_place_of_a_stranger_is_kept_when_its_exposure_is_ours(store: Store) -> None:
    alerting = service(store)
    await alerting.handle(records([finding("a", repository="acme/code")]))
    await alerting.handle(records([finding("a", **SEALED)]))
    assert len(await kept(store)) == 1


@pytest.mark.parametrize(
    "text", ["?", "é", base64.b64encode(b"plain").decode(), base64.b64encode(MAGIC + bytes(LARGEST)).decode()]
)
async def test_what_is_no_age_file_is_dropped_and_counted(store: Store, text: str) -> None:
    metrics = Metrics()
    event = finding("a", repository="acme/code", sealed=text)
    handled = await service(store, metrics=metrics).handle(records([event]))
    assert not handled.dead
    assert await kept(store) == []
    assert dropped(metrics)["sealed_malformed"] == 1


async def test_a_burst_keeps_a_few_and_counts_the_rest(store: Store) -> None:
    metrics = Metrics()
    burst = [finding("a", repository="acme/code", path=f"{n}", **SEALED) for n in range(sealed.ENOUGH + 3)]
    await service(store, metrics=metrics).handle(records(burst))
    assert len(await kept(store)) == sealed.ENOUGH
    assert dropped(metrics)["sealed_enough"] == 3
