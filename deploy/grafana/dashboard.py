"""The Grafana dashboard, as code: `python deploy/grafana/dashboard.py > deploy/grafana/leakstream.json`. A test compares the two.

panels.py beside this file says what is shown.
"""

from __future__ import annotations

import json
from typing import Final

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
)
from panels import ROWS, Panel

UID: Final = "leakstream"
_SOURCE: Final = DataSourceRef("prometheus", "${datasource}")


def text() -> str:
    """The dashboard as JSON."""
    return json.dumps(_build().build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


def _build() -> dashboard.Dashboard:
    whole = (
        dashboard.Dashboard("leakstream")
        .uid(UID)
        .description("Leak exposures, the stream that they are found in, and how much of it is really seen.")
        .tags(["leakstream"])
        .time("now-3h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    )
    number = 1
    for title, panels in ROWS.items():
        whole.with_row(dashboard.Row(title).id(number))
        number += 1
        for panel in panels:
            whole.with_panel((_number(panel) if panel.number else _graph(panel)).id(number))
            number += 1
    return whole


def _graph(panel: Panel) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.about)
        .unit(panel.unit)
        .datasource(_SOURCE)
        .span(panel.width)
        .height(7)
        .min(0)
        .fill_opacity(8)
        .show_points(shapes.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(shapes.LegendDisplayMode.LIST)
            .placement(shapes.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
        )
    )
    for query in _queries(panel, instant=False):
        made.with_target(query)
    return made


def _number(panel: Panel) -> stat.Panel:
    made = (
        stat.Panel()
        .title(panel.title)
        .description(panel.about)
        .unit(panel.unit)
        .datasource(_SOURCE)
        .span(panel.width)
        .height(4)
        .graph_mode(shapes.BigValueGraphMode.NONE)
        .color_mode(shapes.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(panel))
    )
    for query in _queries(panel, instant=True):
        made.with_target(query)
    return made


def _queries(panel: Panel, *, instant: bool) -> list[prometheus.Dataquery]:
    made = []
    for name, (expression, legend) in zip("ABCDEF", panel.queries.items(), strict=False):
        query = prometheus.Dataquery().ref_id(name).expr(expression).legend_format(legend).datasource(_SOURCE)
        made.append(query.instant() if instant else query.range())
    return made


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [Threshold(value=None, color="green")]
    if panel.bad_above is not None:
        steps.append(Threshold(value=panel.bad_above + 1e-9, color="red"))  # a step begins at its value
    if panel.bad_below is not None:
        steps = [Threshold(value=None, color="red"), Threshold(value=panel.bad_below, color="green")]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


if __name__ == "__main__":
    print(text(), end="")
