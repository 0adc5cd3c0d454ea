"""deploy/grafana: the dashboards are what their code says, ask for what the service and its rules have, and lead where they say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from multidict import MultiDict

from boards import FILES, FOLDER, BoardFile, Query, boards, filled, values_of, variables_in
from detectors.model import Severity
from monitor.console import filters
from promql import exported, faults

BOARDS = boards()
UIDS = {
    "leakstream-exposures",
    "leakstream-stream",
    "leakstream-engine",
    "leakstream-sources",
    "leakstream-alive",
}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
BUILT_IN = {"__rate_interval", "__range", "__url_time_range"}  # Grafana's own, and `__field.labels.…`
RULES = [
    rule
    for path in (FOLDER.parent / "prometheus" / "rules").glob("*.yml")
    for group in yaml.safe_load(path.read_text())["groups"]
    for rule in group["rules"]
]
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
ALERTS = {rule["alert"] for rule in RULES if "alert" in rule}
PANELS = [(board, panel) for board in BOARDS for panel in board.panels]
QUERIES = [query for board in BOARDS for query in (*board.queries(), *board.others())]
LINKS = [(board, where, url) for board in BOARDS for where, url in board.links()]
FIELD = re.compile(r"\$\{__field\.labels\.(\w+)\}")
EXAMPLES = {"severity": "high", "owned": "proved", "rule": "a-rule", "source": "ingest"}


def test_the_generated_files_are_what_the_code_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "dashboards.py", tmp_path], check=True)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in FILES}, (
        "run `python deploy/grafana/dashboards.py`"
    )


def test_there_are_five_that_name_each_other_by_a_tag() -> None:
    assert {board.uid for board in BOARDS} == UIDS
    assert len({board.data["title"] for board in BOARDS}) == len(UIDS)
    for board in BOARDS:
        assert board.data["tags"] == ["leakstream"]
        (others,) = [link for link in board.data["links"] if link["type"] == "dashboards"]
        assert others["tags"] == ["leakstream"]
        assert others["keepTime"]
        assert others["includeVars"]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_nothing_is_in_a_dashboard_that_its_schema_does_not_know(board: BoardFile) -> None:
    plugins.register_default_plugins()
    data = json.loads(json.dumps(board.data))
    for annotation in data["annotations"]["list"]:
        assert (
            variables_in(annotation.pop("titleFormat")) == set()
        )  # of the Prometheus data source, not of Grafana
    assert json.loads(json.dumps(Dashboard.from_json(data), cls=JSONEncoder)) == data


@pytest.mark.parametrize(
    ("board", "panel"), PANELS, ids=[f"{board.uid}-{panel['title']}" for board, panel in PANELS]
)
def test_a_panel_says_what_it_shows_and_what_good_looks_like(board: BoardFile, panel: dict[str, Any]) -> None:
    about, _, good = panel["description"].partition("\n\n**Good:** ")
    assert about
    assert good
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"] == SOURCE
    assert panel["targets"]
    for target in panel["targets"]:
        assert target["datasource"] == SOURCE
        assert target["legendFormat"] or panel["type"] == "table"
        assert variables_in(target["expr"]) <= board.variables.keys() | BUILT_IN


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_asks_for_what_the_service_and_its_rules_have(query: Query) -> None:
    assert set(re.findall(r"\bleakstream:\w+:\w+", query.expression)) <= RECORDED
    if "ALERTS" in query.expression:
        (names,) = re.findall(r'alertname=~"([^"]+)"', query.expression)
        assert set(names.split("|")) <= ALERTS
    else:
        assert faults(query.expression) == []


def test_bands_say_when_there_is_nothing_to_show() -> None:
    bands = [panel for _, panel in PANELS if panel["type"] == "state-timeline"]
    assert len(bands) >= 5
    for panel in bands:
        (words,) = panel["fieldConfig"]["defaults"]["mappings"]
        assert {"0", "1"} <= words["options"].keys()
        if none := panel["fieldConfig"]["defaults"].get("noValue"):
            assert none in panel["targets"][0]["expr"]
            assert "-1" in words["options"]


def test_latencies_have_exemplars() -> None:
    latencies = [
        query for query in QUERIES if re.search(r"(delay|fetch|publish)\w+_seconds_bucket", query.expression)
    ]
    graphs = [query for query in latencies if "$__rate_interval" in query.expression]
    assert len(graphs) >= 8
    assert [query.where for query in graphs if not query.exemplars] == []


def test_variables_take_their_values_from_what_there_is() -> None:
    for board in BOARDS:
        variables = board.variables
        assert len(variables) == len(board.data["templating"]["list"])
        assert (variables["datasource"]["type"], variables["datasource"]["query"]) == (
            "datasource",
            "prometheus",
        )
        assert variables["console"]["type"] == "textbox"
        for variable in (each for each in variables.values() if each["type"] == "query"):
            metric, label = values_of(variable)
            assert label in exported()[metric]
            assert variable["name"] == label
    severities = BOARDS_BY_UID["leakstream-exposures"].variables["severity"]["query"].split(", ")
    assert severities == [severity.value for severity in reversed(Severity)]


def test_a_repeated_row_is_repeated_with_each_value_and_not_with_a_pattern() -> None:
    repeated = [(b, p) for b in BOARDS for p in b.data["panels"] if p["type"] == "row" and p.get("repeat")]
    assert [(board.uid, row["repeat"]) for board, row in repeated] == [("leakstream-sources", "source")]
    for board, row in repeated:
        assert board.variables[row["repeat"]]["includeAll"]
        assert not board.variables[row["repeat"]].get("allValue")
        assert f"${row['repeat']}" in row["title"]


def test_deployments_and_blind_intervals_are_marked_everywhere() -> None:
    for board in BOARDS:
        marks = {each["name"]: each for each in board.annotations}
        assert marks["Deployments"]["titleFormat"] == "version {{version}}"
        assert marks["Blind"]["titleFormat"] == "{{source}} sees nothing"
        assert "leakstream_build_info" in marks["Deployments"]["expr"]
        assert "leakstream_source_blind" in marks["Blind"]["expr"]
        assert all(each["enable"] and each["datasource"] == SOURCE for each in marks.values())


def test_panels_do_not_overlap() -> None:
    for board in BOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in board.data["panels"]:
            at = panel["gridPos"]
            cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
            assert not cells & taken, panel["title"]
            assert at["x"] + at["w"] <= 24, panel["title"]
            taken |= cells
        assert len({panel["id"] for panel in board.data["panels"]}) == len(board.data["panels"])


def test_each_row_is_filled() -> None:
    for board in BOARDS:
        for panel in board.panels:
            line = [other for other in board.panels if other["gridPos"]["y"] == panel["gridPos"]["y"]]
            assert sum(other["gridPos"]["w"] for other in line) == 24, (board.uid, panel["title"])


@pytest.mark.parametrize(("board", "where", "url"), LINKS, ids=[where for _, where, _ in LINKS])
def test_a_link_leads_somewhere_and_says_what_it_means(board: BoardFile, where: str, url: str) -> None:
    series = labels_shown(board, where)
    for name in FIELD.findall(url):
        assert name in series, f"no series of the panel has {name}"
    plain = FIELD.sub(lambda match: EXAMPLES[match[1]], url)
    split = urlsplit(plain)
    if plain.startswith("/d/"):
        uid = split.path.removeprefix("/d/")
        assert uid in UIDS - {board.uid}
        given = {key.removeprefix("var-") for key, _ in parse_qsl(split.query) if key.startswith("var-")}
        assert given <= BOARDS_BY_UID[uid].variables.keys()
        assert variables_in(plain) <= board.variables.keys() | BUILT_IN
        return
    assert plain.startswith("${console}/")
    assert "$" not in filled(plain, {"console": ""})
    if split.path.endswith("/exposures"):
        pairs = parse_qsl(split.query, strict_parsing=True) if split.query else []
        wanted = filters.parse(MultiDict(pairs))
        for key, _ in pairs:
            without = filters.parse(MultiDict([pair for pair in pairs if pair[0] != key]))
            assert key == "state" or without != wanted, f"the list does not know {key}"


def labels_shown(board: BoardFile, where: str) -> set[str]:
    """What the series of the panel are grouped by."""
    for panel in board.panels:
        if where.startswith(f"{board.uid}: {panel['title']}:"):
            grouped = [re.findall(r"by \(([^)]*)\)", target["expr"]) for target in panel["targets"]]
            return {name.strip() for found in grouped for group in found for name in group.split(",")}
    return set()


def test_what_is_provisioned_is_there() -> None:
    (source,) = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    (provider,) = yaml.safe_load((FOLDER / "provisioning/dashboards/leakstream.yml").read_text())["providers"]
    assert provider["type"] == "file"
    assert provider["allowUiUpdates"] is False
    assert provider["options"]["path"] == "/etc/leakstream/dashboards"


BOARDS_BY_UID = {board.uid: board for board in BOARDS}
