"""deploy/grafana: the dashboard is what its code says, and asks for what the service has."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from promql import faults

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
DASHBOARD = json.loads((FOLDER / "leakstream.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def test_the_generated_file_is_what_the_code_makes() -> None:
    made = subprocess.run(
        [sys.executable, FOLDER / "dashboard.py"], capture_output=True, text=True, check=True
    )
    assert made.stdout == (FOLDER / "leakstream.json").read_text(), (
        "run `python deploy/grafana/dashboard.py > deploy/grafana/leakstream.json`"
    )


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_asks_for_what_the_service_has_by_the_variable(panel: dict[str, Any]) -> None:
    assert panel["datasource"] == SOURCE
    assert panel["description"]
    assert panel["targets"]
    for target in panel["targets"]:
        assert faults(target["expr"]) == []
        assert target["datasource"] == SOURCE
        assert target["legendFormat"]


def test_the_data_source_is_a_variable_and_the_provisioned_one_fits_it() -> None:
    (variable,) = DASHBOARD["templating"]["list"]
    assert (variable["name"], variable["type"], variable["query"]) == (
        "datasource",
        "datasource",
        "prometheus",
    )
    (source,) = yaml.safe_load((FOLDER / "provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["type"] == "prometheus"


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
