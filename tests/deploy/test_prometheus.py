"""deploy/prometheus, judged by the real promtool and by the metrics that the service has."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertrules import ALERTS, FOLDER, RECORDED, RULES
from monitoring import prometheus_program
from promql import faults, metrics_of

WORLDS = yaml.safe_load((FOLDER / "tests" / "rules.test.yml").read_text())["tests"]
LABEL = re.compile(r"\$labels\.(\w+)")


def promtool(*arguments: str, folder: Path = FOLDER) -> str:
    command = [str(prometheus_program("promtool")), *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fired() -> dict[str, dict[str, str]]:
    """Alert -> labels with which it fires in rules.test.yml."""
    found = {}
    for test in (test for world in WORLDS for test in world.get("promql_expr_test", ())):
        for sample in test["exp_samples"]:
            labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
            if labels.get("alertstate") == "firing":
                found[labels["alertname"]] = labels
    return found


def test_promtool_takes_the_configuration_and_the_rules() -> None:
    assert "valid prometheus config" in promtool("check", "config", "prometheus.yml")


def test_every_alert_fires_and_stays_silent_as_promtool_plays_it() -> None:
    promtool("test", "rules", "tests/rules.test.yml")


def test_a_rule_that_is_off_by_a_little_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    sources = tmp_path / "rules" / "sources.yml"
    sources.write_text(
        sources.read_text().replace(
            "leakstream_capture_ratio < 0.8 and", "leakstream_capture_ratio < 0.9 and"
        )
    )
    with pytest.raises(AssertionError, match="LeakstreamCaptureLow"):
        promtool("test", "rules", "tests/rules.test.yml", folder=tmp_path)


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_is_complete_and_played_both_ways(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket", "none")
    assert set(rule["annotations"]) == {"summary", "description"}
    labels = fired()[rule["alert"]]
    for text in rule["annotations"].values():
        assert set(LABEL.findall(text)) <= labels.keys(), "it names a label that it does not have"
    wanted = metrics_of(
        " ".join(RECORDED.get(word, word) for word in re.split(r"(leakstream:[\w:]+)", rule["expr"]))
    )
    well = {name for series in WORLDS[0]["input_series"] for name in metrics_of(series["series"])}
    assert wanted <= well, "it may be silent only because there is nothing to look at"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_what_the_service_has(rule: dict[str, Any]) -> None:
    assert faults(rule["expr"]) == []
    assert set(re.findall(r"leakstream:[\w:]+", rule["expr"])) <= RECORDED.keys()


def test_what_the_service_does_not_have_is_noticed() -> None:
    assert faults("rate(leakstream_no_such_total[5m])") == ["there is no leakstream_no_such_total"]
    assert faults('leakstream_ready{source="a"}') == ["leakstream_ready has no source"]
    assert faults("sum by (topic) (leakstream_ready)") == ["no metric here has topic"]
