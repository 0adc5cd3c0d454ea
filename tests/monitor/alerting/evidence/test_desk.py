"""Who took and who erased evidence stands in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest

from alerting_samples import NOON, exposure, fingerprint, open_store, put
from monitor.alerting.evidence.desk import EvidenceDesk
from monitor.alerting.exposures.desk import Exposures, UnknownExposure
from monitor.metrics import Metrics
from monitor.sealing import MAGIC
from monitor.store import records, sealed

pytestmark = pytest.mark.usefixtures("each_store")


async def test_every_look_at_it_is_logged_under_the_name_of_who_looked(tmp_path: Path) -> None:
    store = await open_store(tmp_path)
    await put(store, exposure("a"), exposure("b"))
    row = sealed.Evidence("ab" * 16, fingerprint("a"), NOON, "age1ann", MAGIC)
    async with store.write() as connection:
        await sealed.keep(connection, [row])
    desk = EvidenceDesk(store, clock=lambda: NOON + 1)
    exposures = Exposures(store, Metrics(), clock=lambda: NOON + 1)
    shown = [(await exposures.show(fingerprint(leak), actor="x"))["evidence"] for leak in ("a", "b")]
    assert shown == [1, 0]
    assert list(await desk.list(fingerprint("a")[:12], actor="ann")) == [row]
    assert list(await desk.take(fingerprint("a"), actor="bob")) == [row]
    assert await desk.erase(fingerprint("a"), actor="eve") == 1
    assert list(await desk.take(fingerprint("a"), actor="bob")) == []
    assert list(await desk.take(fingerprint("b"), actor="bob")) == []
    with pytest.raises(UnknownExposure):
        await desk.take("ff" * 32, actor="bob")
    async with store.read() as connection:
        logged = await records.audit_of(connection, fingerprint("a"))
    told = [(e["actor"], e["verb"], e["detail"]) for e in reversed(logged) if e["verb"] != "viewed"]
    assert told == [
        ("ann", "listed_evidence", {"files": 1}),
        ("bob", "took_evidence", {"files": 1}),
        ("eve", "erased_evidence", {"files": 1}),
        ("bob", "took_evidence", {"files": 0}),
    ]
    await store.close()
