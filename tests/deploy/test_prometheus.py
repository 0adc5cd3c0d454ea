"""deploy/prometheus, judged by the real promtool and by the metrics that the service has."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertrules import ALERTS, FILES, FOLDER, RECORDED, RULES, TESTS, fired, worlds
from monitoring import prometheus_program
from promql import faults, metrics_of

WELL = next(world for world in worlds() if world["name"].startswith("all is well"))
LABEL = re.compile(r"\$labels\.(\w+)")
NAME = re.compile(r'alertname="(\w+)"')
# what an expression without `for` waits for by itself: a range, an age, or a share of one of the objectives
WAITS = re.compile(r"\[\d+[mhd]\]|> 600|:error_ratio_")


def promtool(*arguments: str | Path, folder: Path = FOLDER) -> str:
    command = [str(prometheus_program("promtool")), *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plain(expression: str) -> str:
    """The expression with what is recorded written out."""
    while any(name in RECORDED for name in re.findall(r"leakstream:[\w:]+", expression)):
        expression = re.sub(r"leakstream:[\w:]+", lambda found: f"({RECORDED[found[0]]})", expression)
    return expression


def test_promtool_takes_the_configuration_and_the_rules() -> None:
    assert "valid prometheus config" in promtool("check", "config", "prometheus.yml")


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_every_alert_fires_and_stays_silent_as_promtool_plays_it(path: Path) -> None:
    promtool("test", "rules", path)


def test_an_alert_that_always_fires_is_noticed(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "rules", tmp_path / "rules")
    for path in FILES:
        groups = yaml.safe_load(path.read_text("utf-8"))
        for rule in (rule for group in groups["groups"] for rule in group["rules"] if "alert" in rule):
            rule["expr"] = "vector(1)"
        (tmp_path / "rules" / path.name).write_text(yaml.safe_dump(groups), "utf-8")
    world = {"rule_files": ["rules/*.yml"], "evaluation_interval": "1m", "tests": [WELL]}
    (tmp_path / "well.test.yml").write_text(yaml.safe_dump(world), "utf-8")
    with pytest.raises(AssertionError) as failed:
        promtool("test", "rules", "well.test.yml", folder=tmp_path)
    seen = set(NAME.findall(" ".join(re.findall(r"exp: nil\n\s+got: (.*)", str(failed.value)))))
    assert seen == {rule["alert"] for rule in ALERTS} - {"Watchdog"}


@pytest.mark.parametrize("rule", ALERTS, ids=lambda rule: rule["alert"])
def test_an_alert_is_complete_and_played_both_ways(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket", "none")
    assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
    labels = fired()[rule["alert"]]
    for text in rule["annotations"].values():
        assert set(LABEL.findall(text)) <= labels.keys(), "it names a label that it does not have"
    well = {name for series in WELL["input_series"] for name in metrics_of(series["series"])}
    assert metrics_of(plain(rule["expr"])) <= well, (
        "it may be silent only because there is nothing to look at"
    )
    assert "for" in rule or WAITS.search(rule["expr"]) or rule["alert"] == "Watchdog", "a blip would alert"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_asks_for_what_the_service_has(rule: dict[str, Any]) -> None:
    assert faults(rule["expr"]) == []
    assert set(re.findall(r"leakstream:[\w:]+", rule["expr"])) <= RECORDED.keys()


def test_names_are_given_once() -> None:
    names = [rule.get("alert") or rule["record"] for rule in RULES]
    assert len(names) == len(set(names))


def test_what_the_service_does_not_have_is_noticed() -> None:
    assert faults("rate(leakstream_no_such_total[5m])") == ["there is no leakstream_no_such_total"]
    assert faults('leakstream_ready{source="a"}') == ["leakstream_ready has no source"]
    assert faults("sum by (topic) (leakstream_ready)") == ["no metric here has topic"]
