"""The chart as the real helm and kubeconform judge it, and what it refuses to render."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from chart import CASES, CHART, of, rendered
from kubeschemas import NEWEST, OLDEST
from kubetools import conforms, lint, objects, template

DEPLOY = Path(__file__).parents[3] / "deploy"


@pytest.mark.parametrize("case", CASES)
def test_helm_finds_nothing_to_say(case: str) -> None:
    status, words = lint(CHART, *CASES[case])
    assert status == 0, words
    assert "[WARNING]" not in words
    assert "[ERROR]" not in words


def test_lint_would_find_something(tmp_path: Path) -> None:
    (values := tmp_path / "values.yaml").write_text("match: {replicas: many, replica: 2}\n")
    status, words = lint(CHART, "-f", str(values))
    assert status
    assert "replica" in words


@pytest.mark.timeout(300)  # kubeconform is built once a machine
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("case", CASES)
def test_every_object_conforms_to_the_schema_of_its_kind(case: str, version: str) -> None:
    text = rendered(case, version)
    status, words = conforms(text, version)
    assert status == 0, words
    assert f"{len(objects(text))} resources found" in words


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("podManagementPolicy: Parallel", "podManagement: Parallel", "additional properties 'podManagement'"),
        ("jobLabel:", "jobLabels:", "additional properties 'jobLabels'"),
        ("kind: PrometheusRule", "kind: PrometheusRules", "could not find schema for PrometheusRules"),
        ("maxUnavailable: 1", "maxUnavailable: [1]", "PodDisruptionBudget"),
    ],
)
def test_what_does_not_conform_is_found_and_a_missing_schema_is_an_error(
    right: str, wrong: str, said: str
) -> None:
    text = rendered("ha")
    assert right in text
    status, words = conforms(text.replace(right, wrong), NEWEST)
    assert status == 1
    assert said in words


def test_the_oldest_version_is_the_one_that_the_chart_asks_for() -> None:
    described = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert described["kubeVersion"] == f">={OLDEST}.0-0"
    with pytest.raises(ValueError, match="incompatible with Kubernetes"):
        template(CHART, version="1.28")


CONFIG = 'config=[bus]\nkind = "kafka"\n'


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (("--set", "alert.replicas=2"), r"alert\.replicas above 1 needs \[store\] url"),
        (("--set", "collect.replicas=2"), r"collect\.replicas above 1 is for \[sources\.ingest\] alone"),
        (("--set", "config=[bus"), "config is not valid TOML"),
        (("--set", 'config=[bus]\nkind = "embedded"'), "the embedded bus is for one host"),
        (("--set", f'{CONFIG}[store]\nurl = "postgresql://x@db/x"'), r"postgresql\.peers"),
        (("--set", "kafka.peers=null"), r"kafka\.peers must name somebody"),
        (("--set", "fingerprintKey.secret="), r"fingerprintKey\.secret"),
        (("--set", "match.outside={443}"), "outside"),  # the matcher has no way out
        (("--set", "match.secrets.leakstream=x"), "invalid propertyName 'leakstream'"),  # would hide the keys
        (("--set", "match.resources.limits=null"), "limits"),
        (("--set", "networkPolicy.enable=false"), "enable"),
        (("--set", "networkPolicy.dns=null"), r"networkPolicy\.dns must name somebody"),
    ],
)
def test_what_would_do_harm_is_refused_with_a_reason(values: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        template(CHART, *values)


def test_ingest_alone_may_have_any_number_of_collectors() -> None:
    config = f'{CONFIG}[[sources.ingest.tokens]]\nname = "ci"'
    found = objects(template(CHART, "--set", config, "--set", "collect.replicas=3"))
    (collect,) = [
        each
        for each in found
        if (each["kind"], each["metadata"]["name"]) == ("StatefulSet", "leakstream-collect")
    ]
    assert collect["spec"]["replicas"] == 3


def test_the_rules_and_dashboards_are_those_of_prometheus_and_grafana_themselves() -> None:
    found = of("ha")
    rules = {each["metadata"]["name"]: each["spec"] for each in found if each["kind"] == "PrometheusRule"}
    files = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
    assert rules == {f"leakstream-{file.stem}": yaml.safe_load(file.read_text()) for file in files}
    boards = {
        name: text
        for each in found
        if each["metadata"].get("labels", {}).get("grafana_dashboard")
        for name, text in each["data"].items()
    }
    shown = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
    assert {name: text.strip() for name, text in boards.items()} == {
        file.name: file.read_text().strip() for file in shown
    }
    assert rules
    assert boards


def test_what_prometheus_scrapes_is_the_job_that_the_rules_ask_for() -> None:
    (monitor,) = [each for each in of("ha") if each["kind"] == "ServiceMonitor"]
    label = monitor["spec"]["jobLabel"]
    chosen = monitor["spec"]["selector"]["matchLabels"].items()
    services = [
        each
        for each in of("ha")
        if each["kind"] == "Service" and chosen <= each["metadata"]["labels"].items()
    ]
    scraped = [each for each in services if "metrics" in {port["name"] for port in each["spec"]["ports"]}]
    assert {each["metadata"]["labels"][label] for each in services} == {"leakstream"}
    assert sorted(port["port"] for each in scraped for port in each["spec"]["ports"]) == [8688, 8689, 8690]


def test_nothing_of_the_operator_is_rendered_unless_asked_for() -> None:
    kinds = {each["kind"] for each in of("default")}
    assert kinds == {
        "ConfigMap",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "Service",
        "ServiceAccount",
        "StatefulSet",
    }
