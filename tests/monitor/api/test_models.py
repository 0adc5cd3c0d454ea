from typing import Any

from pydantic import BaseModel

from alerting_samples import NOON, fingerprint, open_store, place, put
from alerting_samples import exposure as row
from monitor.alerting.exposures.desk import Exposures
from monitor.api.models import WholeExposure
from monitor.metrics import Metrics
from monitor.store import exposures as stored

# of a place: what differs from source to source
FREE = {"sightings", "places"}


def unknown(model: Any, at: str = "") -> list[str]:
    """Fields that an object has and its description has not."""
    if isinstance(model, tuple):
        return [name for each in model for name in unknown(each, at)]
    if not isinstance(model, BaseModel):
        return []
    own = [f"{at}.{name}" for name in model.model_extra or {}] if at.rpartition(".")[2] not in FREE else []
    return own + [
        name for field in type(model).model_fields for name in unknown(getattr(model, field), f"{at}.{field}")
    ]


async def test_everything_that_an_exposure_says_is_described(tmp_path):
    store = await open_store(tmp_path)
    try:
        await put(store, row("a"))
        async with store.write() as connection:
            await stored.add_sightings(connection, [place(1, at=NOON)], {fingerprint("a"): 1})
        desk = Exposures(store, Metrics(), clock=lambda: NOON + 5, console="https://leaks.acme.test")
        await desk.acknowledge(fingerprint("a"), actor="ann")
        await desk.close(fingerprint("a"), "revoked", actor="ann")
        shown = await desk.show(fingerprint("a"), actor="ann")
    finally:
        await store.close()
    found = WholeExposure.model_validate(shown)
    assert unknown(found) == []
    assert found.model_dump(mode="json") == shown
