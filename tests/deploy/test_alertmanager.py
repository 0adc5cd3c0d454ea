"""deploy/alertmanager, judged by the real amtool: who is told of what."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import orjson
import pytest
import yaml

from alertrules import ALERTS, fired
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


def expanded(pattern: str) -> list[str]:
    """Every name that a pattern of words, `|` and brackets stands for."""
    found = re.fullmatch(r"(\w*)\(([^()]*(?:\([^()]*\)[^()]*)*)\)(\w*)", pattern)
    if found is None:
        return [pattern]
    head, inner, tail = found.groups()
    parts = re.findall(r"(?:[^|()]|\([^()]*\))+", inner)
    return [head + name + tail for part in parts for name in expanded(part)]


def named(matchers: list[str]) -> list[str]:
    """The alerts that the matcher of a name means."""
    (pattern,) = (found[1] for each in matchers if (found := re.fullmatch(r'alertname=~?"(.*)"', each)))
    return expanded(pattern)


PAIRS = [
    (cause, effect, tuple(rule.get("equal", ())))
    for rule in SETTINGS["inhibit_rules"]
    for cause in named(rule["source_matchers"])
    for effect in named(rule["target_matchers"])
]


def test_a_pattern_is_all_its_names() -> None:
    assert expanded("A(B|C(D|E)|F)G") == ["ABG", "ACDG", "ACEG", "AFG"]
    assert expanded("A") == ["A"]


def test_inhibition_names_alerts_that_there_are() -> None:
    known = {rule["alert"]: rule["labels"]["severity"] for rule in ALERTS}
    assert {name for cause, effect, _ in PAIRS for name in (cause, effect)} <= known.keys()
    assert len(PAIRS) == len({(cause, effect) for cause, effect, _ in PAIRS}) > 50


@pytest.mark.parametrize(("cause", "effect", "equal"), PAIRS, ids=str)
def test_what_hides_another_is_its_cause(cause: str, effect: str, equal: tuple[str, ...]) -> None:
    rank = {"none": 0, "ticket": 1, "page": 2}
    severity = {rule["alert"]: rank[rule["labels"]["severity"]] for rule in ALERTS}
    assert severity[cause] >= severity[effect], "a ticket would hide a page"
    assert cause != effect
    assert effect != "Watchdog"
    assert (effect, cause) not in {pair[:2] for pair in PAIRS}, "they would hide each other"
    labels = fired()
    for label in equal:
        assert label in labels[cause], "without the label on both sides it compares nothing"
        assert label in labels[effect]


STORY = [  # labels, whether it is told
    ({"alertname": "LeakstreamInstanceDown", "severity": "page", "instance": "a"}, True),
    ({"alertname": "LeakstreamNotReady", "severity": "page", "instance": "a", "stage": "match"}, False),
    ({"alertname": "LeakstreamStageMissing", "severity": "page", "stage": "match"}, False),
    ({"alertname": "LeakstreamNotReady", "severity": "page", "instance": "b", "stage": "alert"}, True),
    ({"alertname": "LeakstreamSelftestSilent", "severity": "page"}, False),
    ({"alertname": "LeakstreamSourceBlind", "severity": "ticket", "instance": "c", "source": "feed"}, True),
    ({"alertname": "LeakstreamFreshnessBurnsFast", "severity": "ticket", "source": "feed"}, False),
    ({"alertname": "LeakstreamFreshnessBurnsSlowly", "severity": "ticket", "source": "feed"}, False),
    ({"alertname": "LeakstreamFreshnessBurnsFast", "severity": "ticket", "source": "gists"}, True),
    ({"alertname": "LeakstreamFreshnessBurnsSlowly", "severity": "ticket", "source": "gists"}, False),
    ({"alertname": "LeakstreamNotifierUnreached", "severity": "page", "notifier": "slack"}, True),
    ({"alertname": "LeakstreamOutboxStuck", "severity": "page", "notifier": "slack"}, False),
    ({"alertname": "LeakstreamOutboxStuck", "severity": "page", "notifier": "email"}, True),
    ({"alertname": "LeakstreamExpiresNow", "severity": "page", "kind": "token", "name": "forge"}, True),
    ({"alertname": "LeakstreamExpiresSoon", "severity": "ticket", "kind": "token", "name": "forge"}, False),
    (
        {"alertname": "LeakstreamExpiresSoon", "severity": "ticket", "kind": "certificate", "name": "forge"},
        True,
    ),
    ({"alertname": "LeakExposure", "severity": "page", "exposure": "e", "incident": "i"}, True),
    ({"alertname": "Watchdog", "severity": "none"}, True),
]


async def test_an_effect_is_not_told_beside_its_cause(tmp_path: Path) -> None:
    body = orjson.dumps([{"labels": labels} for labels, _ in STORY])
    config = CONFIG.read_text().replace("https://", "http://127.0.0.1:9/")  # nobody is told here
    async with Alertmanager(tmp_path / "am", config) as server:
        page = await ask("POST", f"{server.url}/api/v2/alerts", data=body, Content_Type="application/json")
        assert page.status == 200, page.text
        wanted = [labels for labels, told in STORY if not told]

        async def held_back() -> bool:
            held = [each["labels"] for each in await server.alerts() if each["status"]["inhibitedBy"]]
            return sorted(held, key=str) == sorted(wanted, key=str)

        await until(held_back)


def test_no_secret_stands_in_it() -> None:
    hooks = [hook for receiver in SETTINGS["receivers"] for hook in receiver["webhook_configs"]]
    assert all(hook["url"].split("/")[2].endswith(".example") for hook in hooks)
    files = {hook["http_config"]["authorization"]["credentials_file"] for hook in hooks}
    assert all(path.startswith("/run/secrets/") for path in files)
