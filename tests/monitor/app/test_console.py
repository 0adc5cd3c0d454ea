from __future__ import annotations

from pathlib import Path

from alerting_samples import NOON, exposure, fingerprint, open_store, put, tell, telling
from monitor.app import Stage
from monitor.identity import create_key
from monitor.store import records
from whole_service import configure, running


async def test_a_running_stage_shows_its_own_store_rules_checks_and_reports(tmp_path: Path) -> None:
    secret = "whsec_" + "QUJD" * 8
    config = configure(tmp_path, f'[notifiers.webhook]\nurl = "http://127.0.0.1:9/x"\nsecret = "{secret}"\n')
    (tmp_path / "state").mkdir(mode=0o700)
    create_key(tmp_path / "state.key")
    store = await open_store(tmp_path / "state")
    await put(store, exposure(rule="stripe-live-secret-key"))
    await tell(store, telling("k", notifier="webhook"))
    async with store.write() as connection:
        await records.set_meta(connection, "unreached:webhook", repr(NOON))
    await store.close()
    async with running(config, stages=frozenset({Stage.ALERT})) as run:

        async def said() -> bool:
            return "nobody is told anything" in (await run.get("/exposures")).text

        await run.until(said)
        page = await run.get(f"/exposures/{fingerprint('a')}")
        assert "acme/code" in page.text
        report = await run.get(f"/exposures/{fingerprint('a')}/report")
        assert report.headers["Content-Disposition"].startswith("attachment; ")
        assert report.text.startswith("# Exposure report")
        rules = await run.get("/rules?shown=found")
        assert "Stripe live secret key" in rules.text
        assert (await run.get("/coverage")).status == 200
        assert set((await run.get(f"/live?exposure={fingerprint('a')}")).json) == {"mark", "strip"}
