"""Trouble of the service, from where it happens to who is told: the real Prometheus and Alertmanager with the files of deploy/."""

from __future__ import annotations

import asyncio
from pathlib import Path

from deployed import routing, scraping
from leaks import rules
from monitor.simulator.credentials import RuleMaker
from monitor.simulator.server import Simulator, SimulatorConfig
from monitoring import Alertmanager, Hooks, Prometheus, hooks, until
from whole_service import configure, running

DOCS = "https://git.example/leakstream/blob/main/"
CONFIG = """
[bus]
documents_gib = 0.5
[match]
processes = 1
[sources.github_gists]
base_url = "{github}"
token = "t"
poll_seconds = 1
requests_per_minute = 300
[sources.pastebin]
base_url = "{pastebin}"
poll_seconds = 1
item_seconds = 0.05
"""


def names(told: Hooks, path: str, status: str = "firing") -> set[tuple[str, str]]:
    """(alert, source) of everything told there."""
    labels = [alert["labels"] for alert in told.alerts(status, path=path)]
    return {(each["alertname"], each.get("source", "")) for each in labels}


async def test_a_source_that_stops_is_a_ticket_and_a_process_that_ends_a_page(tmp_path: Path) -> None:
    simulator = Simulator(SimulatorConfig(seed=1, per_hour_with_token=1_000_000), maker=RuleMaker(rules()))
    await simulator.start()
    text = CONFIG.format(github=simulator.github_url, pastebin=simulator.pastebin_url)
    try:
        async with (
            hooks() as told,
            Alertmanager(tmp_path / "am", routing(tmp_path / "am", told, hasty=True)) as alertmanager,
            running(configure(tmp_path, text)) as run,
            Prometheus(
                tmp_path / "p",
                scraping(tmp_path / "p", run.addresses.health, alertmanager.url, hasty=True, docs=DOCS),
            ) as server,
        ):

            async def both_are_fresh() -> bool:
                found = await server.query("avg_over_time(leakstream:source_fresh:bool[3s]) == 1")
                return {each["metric"]["source"] for each in found} == {"github_gists", "pastebin"}

            await until(both_are_fresh)
            simulator.faults.add("denied", "pastebin.*")

            async def told_of_the_source() -> bool:
                return ("LeakstreamSourceBlind", "pastebin") in names(told, "/tickets")

            await until(told_of_the_source)
            ticket = next(alert for alert in told.alerts(path="/tickets") if "source" in alert["labels"])
            assert "leakstream_docs" not in ticket["labels"]
            assert ticket["annotations"]["runbook_url"] == f"{DOCS}docs/runbooks/LeakstreamSourceBlind.md"

            async def its_effect_is_held_back() -> bool:
                found = await alertmanager.alerts('alertname="LeakstreamFreshnessBurnsFast"')
                return bool(found) and all(each["status"]["inhibitedBy"] for each in found)

            await until(its_effect_is_held_back)
            await asyncio.sleep(2)  # groups that could tell of it have had their turn
            assert {name for name, _ in names(told, "/tickets")} == {"LeakstreamSourceBlind"}
            pages = {name for name, _ in names(told, "/service-pages")}
            assert pages <= {"LeakstreamStageMissing"}  # before the first look

            simulator.faults.clear()

            async def told_of_its_end() -> bool:
                return ("LeakstreamSourceBlind", "pastebin") in names(told, "/tickets", "resolved")

            await until(told_of_its_end)

            run.stop.set()
            await run.task

            async def told_of_the_process() -> bool:
                return ("LeakstreamInstanceDown", "") in names(told, "/service-pages")

            await until(told_of_the_process)
            assert names(told, "/leak-pages") == set()
    finally:
        await simulator.stop()
