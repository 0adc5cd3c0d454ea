"""deploy/alertmanager, judged by the real amtool: who is told of what."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import orjson
import pytest
import yaml

from alertrules import ALERTS
from browsing import ask
from monitoring import Alertmanager, alertmanager_program, until

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
SETTINGS = yaml.safe_load(CONFIG.read_text())


def amtool(*arguments: str) -> str:
    command = [str(alertmanager_program("amtool")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def route(**labels: str) -> str:
    given = [f"{name}={value}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={CONFIG}", *given).strip()


def test_amtool_takes_it() -> None:
    assert "SUCCESS" in amtool("check-config", str(CONFIG))


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ({"alertname": "LeakExposure", "severity": "page", "incident": "i"}, "leak-pages"),
        ({"alertname": "LeakExposure", "severity": "ticket", "incident": "i"}, "leak-tickets"),
        ({"alertname": "LeakExposuresBeyondLimit", "severity": "page"}, "leak-pages"),
        ({"alertname": "SomethingElse"}, "tickets"),
    ],
)
def test_who_is_told_of_leaks_and_of_the_unforeseen(labels: dict[str, str], receiver: str) -> None:
    assert route(**labels) == receiver


def test_every_rule_has_the_receiver_of_its_severity() -> None:
    wanted = {"page": "service-pages", "ticket": "tickets", "none": "dead-man"}
    for rule in ALERTS:
        severity = rule["labels"]["severity"]
        assert route(alertname=rule["alert"], severity=severity) == wanted[severity], rule["alert"]


def test_a_leak_that_pages_waits_for_nothing_and_is_grouped_by_incident() -> None:
    leaks = next(entry for entry in SETTINGS["route"]["routes"] if entry["receiver"] == "leak-pages")
    assert (leaks["group_wait"], leaks["group_by"]) == ("0s", ["incident"])


def test_inhibition_names_alerts_that_there_are() -> None:
    named = {
        name
        for rule in SETTINGS["inhibit_rules"]
        for matcher in (*rule["source_matchers"], *rule["target_matchers"])
        for name in re.findall(r"Leakstream\w+", matcher)
    }
    assert named <= {rule["alert"] for rule in ALERTS}
    assert named, "the inhibition is gone"


async def test_an_effect_is_not_told_beside_its_cause(tmp_path: Path) -> None:
    alerts = [
        {"alertname": "LeakstreamInstanceDown", "severity": "page", "instance": "a"},
        {"alertname": "LeakstreamNotReady", "severity": "page", "instance": "a", "stage": "match"},
        {"alertname": "LeakstreamNotReady", "severity": "page", "instance": "b", "stage": "alert"},
        {"alertname": "LeakstreamSelftestSilent", "severity": "page"},
        {"alertname": "LeakExposure", "severity": "page", "exposure": "e", "incident": "i"},
    ]
    body = orjson.dumps([{"labels": labels} for labels in alerts])
    config = CONFIG.read_text().replace("https://", "http://127.0.0.1:9/")  # nobody is told here
    async with Alertmanager(tmp_path / "am", config) as server:
        page = await ask("POST", f"{server.url}/api/v2/alerts", data=body, Content_Type="application/json")
        assert page.status == 200, page.text

        async def held_back() -> bool:
            held = [each["labels"] for each in await server.alerts() if each["status"]["inhibitedBy"]]
            return sorted(held, key=str) == sorted([alerts[1], alerts[3]], key=str)

        await until(held_back)


def test_no_secret_stands_in_it() -> None:
    hooks = [hook for receiver in SETTINGS["receivers"] for hook in receiver["webhook_configs"]]
    assert all(hook["url"].split("/")[2].endswith(".example") for hook in hooks)
    files = {hook["http_config"]["authorization"]["credentials_file"] for hook in hooks}
    assert all(path.startswith("/run/secrets/") for path in files)
