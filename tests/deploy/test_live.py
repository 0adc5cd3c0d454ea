"""The whole service beside the real Prometheus and Alertmanager, with the configuration that deploy/ ships: only addresses, and how often
things are looked at, are put in.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from pathlib import Path

from browsing import ask
from deployed import routing, scraping
from leaks import line, rules
from monitor.app import load_config, open_exposures
from monitor.identity import blob_sha
from monitor.simulator.credentials import RuleMaker
from monitor.simulator.server import Simulator, SimulatorConfig
from monitoring import Alertmanager, Prometheus, hooks, until
from simulated import SOURCES
from whole_service import Running, configure, running

TOKEN = "an-ingest-token-of-the-tests"

CONFIG = """
[bus]
documents_gib = 0.5
[watch]
organisations = ["acme-corp"]
sources = ["ingest"]
[match]
processes = 1
[[sources.ingest.tokens]]
name = "ci"
token = "{token}"
[sources.selftest]
every_seconds = 1
"""
SIMULATED = (
    SOURCES
    + """[notifiers.webhook]
url = "{hook}"
secret = "whsec_{secret}"
"""
)
PAGING = """
[notifiers.alertmanager]
urls = ["{alertmanager}"]
resend_seconds = 2
"""


async def hand_in(run: Running, *documents: bytes) -> None:
    for content in documents:
        record = {
            "id": blob_sha(content),
            "content": content.decode(),
            "repository": f"acme-corp/{blob_sha(content)}",
            "published_at": time.time(),
        }
        page = await ask(
            "POST",
            f"{run.addresses.web}/ingest/v1/documents",
            data=json.dumps(record) + "\n",
            Authorization=f"Bearer {TOKEN}",
            Content_Type="application/x-ndjson",
        )
        assert page.status == 202, page.text


async def test_everything_is_scraped_and_nothing_pages_while_all_is_well(tmp_path: Path) -> None:
    simulator = Simulator(
        SimulatorConfig(seed=1, poll_interval=1, per_hour_with_token=1_000_000), maker=RuleMaker(rules())
    )
    await simulator.start()
    text = (CONFIG + SIMULATED).format(
        token=TOKEN,
        github=simulator.github_url,
        pastebin=simulator.pastebin_url,
        hook=simulator.hook_url("pager"),
        secret=b64encode(os.urandom(24)).decode(),
    )
    try:
        async with (
            hooks() as told,
            running(configure(tmp_path, text)) as run,
            Alertmanager(tmp_path / "am", routing(tmp_path / "am", told)) as alertmanager,
            Prometheus(
                tmp_path / "p", scraping(tmp_path / "p", run.addresses.health, alertmanager.url)
            ) as server,
        ):

            async def scraped() -> bool:  # a scrape may take a second at most, which a busy machine may miss
                healths = [target["health"] for target in await server.targets()]
                ready = {each["metric"]["stage"] for each in await server.query("leakstream_ready == 1")}
                return (
                    healths == ["up"]
                    and ready == {"collect", "match", "alert"}
                    and await server.value('up{job="leakstream"}') == 1
                )

            await until(scraped)
            await hand_in(run, line(1))

            async def measured() -> bool:
                """Every objective has a figure, and a good one."""
                found = [
                    await server.query(f"leakstream:{name}:error_ratio_{window} == 0")
                    for name in ("time_to_page", "delivery", "freshness")
                    for window in ("5m", "3d")
                ]
                return all(found)

            await until(measured)
            groups = (await server.get("/api/v1/rules"))["data"]["groups"]
            assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}
            firing = {
                each["labels"]["alertname"]: each["labels"]["severity"] for each in await server.alerts()
            }
            assert "Watchdog" in firing
            assert "page" not in firing.values()

            async def watched() -> bool:
                return bool(told.alerts(path="/dead-man"))

            await until(watched)
    finally:
        await simulator.stop()


async def test_what_is_counted_begins_at_0(tmp_path: Path) -> None:
    """Else the first event of a series, a page or a loss, would be no increase."""
    text = (CONFIG + PAGING).format(token=TOKEN, alertmanager="http://127.0.0.1:9")
    async with running(configure(tmp_path, text)) as run:
        page = (await run.health("/metrics")).text
    for series in (
        'leakstream_exposures_total{change="opened"}',
        'leakstream_notifications_total{notifier="alertmanager",outcome="delivered"}',
        'leakstream_bus_lost_records_total{group="match",topic="documents.v1"}',
        'leakstream_bus_records_total{group="alert",topic="findings.v1"}',
        'leakstream_dead_letters_total{reason="worker_timeout",stage="match"}',
        'leakstream_scan_worker_restarts_total{reason="crash"}',
        'leakstream_documents_total{source="ingest"}',
        'leakstream_source_blind{source="ingest"}',
        'leakstream_selftest_seen_total{outcome="ok"}',
    ):
        assert f"\n{series} 0.0" in page, series


async def test_a_leak_pages_through_alertmanager_and_its_end_is_told(tmp_path: Path) -> None:
    async with hooks() as told, Alertmanager(tmp_path / "am", routing(tmp_path / "am", told)) as alertmanager:
        text = (CONFIG + PAGING).format(token=TOKEN, alertmanager=alertmanager.url)
        path = configure(tmp_path, text)
        async with running(path) as run:
            await hand_in(run, line(1), line(2), b"nothing")
            ours = {each["id"][:32]: each for each in await run.exposures(2)}

            async def paged() -> bool:
                return {
                    alert["labels"]["exposure"] for alert in told.alerts(path="/leak-pages")
                } == ours.keys()

            await until(paged)
            page = told.alerts(path="/leak-pages")[0]
            assert page["labels"]["alertname"] == "LeakExposure"
            assert page["labels"]["severity"] == "page"
            exposure = ours[page["labels"]["exposure"]]
            assert page["annotations"]["summary"]

            async with open_exposures(load_config(path, {}), clock=time.time) as exposures:
                await exposures.close(exposure["id"], "revoked", actor="a test")

            async def resolved() -> bool:
                return bool(told.alerts("resolved", path="/leak-pages"))

            await until(resolved)
            (ended,) = told.alerts("resolved", path="/leak-pages")
            assert ended["labels"] == page["labels"]
