"""Boards of panels.py as Grafana's dashboards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat
from panels import NOTHING, Board, Kind, Link, Panel

_Kind = TypeVar("_Kind")
TAG: Final = "leakstream"
CONSOLE: Final = "http://127.0.0.1:8686"  # as `leakstream run` has it; a text box, to be changed
SEVERITIES: Final = "critical, high, medium, low, info"
_SOURCE: Final = models.DataSourceRef("prometheus", "${datasource}")
_ALL: Final = models.VariableOption(selected=True, text="All", value="$__all")
_HEIGHTS: Final = MappingProxyType(
    {Kind.NUMBER: 4, Kind.GRAPH: 7, Kind.COUNTS: 7, Kind.BARS: 7, Kind.STATES: 7, Kind.TABLE: 8}
)
_DEPLOYED: Final = (
    "count by (version) (leakstream_build_info) unless count by (version) (leakstream_build_info offset 5m)"
)


def drawn(board: Board) -> models.Dashboard:
    """Panels stand in the order of the board, from left to right."""
    whole = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.about)
        .tags([TAG])
        .time(board.since, "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .links(_links())
    )
    for name in ("datasource", "console", *board.variables):
        whole.with_variable(VARIABLES[name])
    for annotation in _annotations(blind="source" if "source" in board.variables else ""):
        whole.annotation(annotation)
    number = 1
    for row in board.rows:
        line = dashboard.Row(row.title).id(number)
        whole.with_row(line.repeat(row.each) if row.each else line)
        number += 1
        for panel in row.panels:
            whole.with_panel(_DRAWN[panel.kind](panel).id(number))
            number += 1
    return whole.build()


def _values_of(name: str, metric: str, named: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(named)
        .datasource(_SOURCE)
        .query(f"label_values({metric}, {name})")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(_ALL)
    )


VARIABLES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "datasource": dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"),
        "console": dashboard.TextBoxVariable("console")
        .label("Console")
        .default_value(CONSOLE)
        .current(models.VariableOption(text=CONSOLE, value=CONSOLE))
        .description("Where links into the console lead: external_url of the service."),
        "severity": dashboard.CustomVariable("severity")
        .label("Severity")
        .values(SEVERITIES)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(_ALL),
        "source": _values_of("source", "leakstream_source_blind", "Source"),
        # a row is repeated with each value, so "all" has to be each of them and no pattern
        "each_source": _values_of("source", "leakstream_source_blind", "Source").all_value(""),
        "instance": _values_of("instance", "leakstream_build_info", "Process"),
    }
)


class _Mark(dashboard.AnnotationQuery):
    """An annotation with the words that stand on it."""

    def __init__(self, name: str, words: str, expression: str) -> None:
        super().__init__()
        self._internal = _Worded(name=name, expr=expression, datasource=_SOURCE)
        self._internal.words = words


class _Worded(models.AnnotationQuery):
    """The schema does not know what the Prometheus data source takes from an annotation."""

    words: str

    def to_json(self) -> dict[str, object]:
        return super().to_json() | {"titleFormat": self.words}


def _links() -> list[Builder[models.DashboardLink]]:
    others = (
        dashboard.DashboardLink("leakstream")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .keep_time(keep_time=True)
        .include_vars(include_vars=True)
    )
    exposures = (
        dashboard.DashboardLink("Console")
        .type(models.DashboardLinkType.LINK)
        .url("${console}/exposures")
        .icon("external link")
        .tooltip("The list of exposures")
        .target_blank(target_blank=True)
    )
    return [others, exposures]


def _annotations(*, blind: str) -> list[dashboard.AnnotationQuery]:
    where = '{source=~"$source"}' if blind else ""
    return [
        _Mark("Deployments", "version {{version}}", _DEPLOYED).icon_color("blue"),
        _Mark(
            "Blind", "{{source}} sees nothing", f"max by (source) (leakstream_source_blind{where}) == 1"
        ).icon_color("red"),
    ]


def _number(panel: Panel) -> stat.Panel:
    made = (
        stat.Panel()
        .graph_mode(shapes.BigValueGraphMode.NONE)
        .color_mode(shapes.BigValueColorMode.VALUE)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    return _furnished(made, panel, instant=True)


def _bars(panel: Panel) -> bargauge.Panel:
    made = (
        bargauge.Panel()
        .orientation(shapes.VizOrientation.HORIZONTAL)
        .display_mode(shapes.BarGaugeDisplayMode.BASIC)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .min(0)
    )
    return _furnished(made, panel, instant=True)


def _graph(panel: Panel) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .min(0)
        .fill_opacity(8)
        .show_points(shapes.VisibilityMode.NEVER)
        .legend(
            common.VizLegendOptions()
            .display_mode(shapes.LegendDisplayMode.LIST)
            .placement(shapes.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
        )
        .tooltip(
            common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.DESCENDING)
        )
    )
    if panel.bad_above is not None or panel.bad_below is not None:
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(shapes.GraphTresholdsStyleMode.DASHED))
    return _furnished(made, panel, instant=False)


def _counts(panel: Panel) -> timeseries.Panel:
    return (
        _graph(panel)
        .draw_style(shapes.GraphDrawStyle.BARS)
        .fill_opacity(60)
        .stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL))
    )


def _states(panel: Panel) -> statetimeline.Panel:
    made = (
        statetimeline.Panel()
        .merge_values(merge_values=True)
        .show_value(shapes.VisibilityMode.NEVER)
        .fill_opacity(70)
        .line_width(0)
    )
    return _furnished(made, _with_a_band(panel) if panel.none else panel, instant=False)


def _with_a_band(panel: Panel) -> Panel:
    """Bands are the one kind of panel that does not show `noValue`: a band says it."""
    ((expression, legend),) = panel.queries.items()
    name = legend.strip("{}")
    band = f'label_replace(vector({NOTHING}), "{name}", "{panel.none}", "", "")'
    words = {NOTHING: (panel.none, "green"), **panel.words}
    return replace(panel, queries={f"{expression} or on () {band}": legend}, words=words)


def _table(panel: Panel) -> table.Panel:
    made = (
        table.Panel()
        .show_header(show_header=True)
        .with_transformation(
            models.DataTransformerConfig(
                id_val="organize",
                options={"excludeByName": {"Time": True}, "renameByName": dict(panel.columns)},
            )
        )
    )
    return _furnished(made, panel, instant=True)


_DRAWN: Final[Mapping[Kind, Callable[[Panel], Any]]] = MappingProxyType(
    {
        Kind.NUMBER: _number,
        Kind.GRAPH: _graph,
        Kind.COUNTS: _counts,
        Kind.BARS: _bars,
        Kind.STATES: _states,
        Kind.TABLE: _table,
    }
)


def _furnished(kind: _Kind, panel: Panel, *, instant: bool) -> _Kind:
    """What every kind of panel has."""
    made: Any = kind  # the library has no type for what they share
    made.title(panel.title).description(f"{panel.about}\n\n**Good:** {panel.good}").unit(panel.unit)
    made.datasource(_SOURCE).span(panel.width).height(panel.height or _HEIGHTS[panel.kind])
    made.thresholds(_thresholds(panel))
    if panel.none:
        made.no_value(panel.none)
    if panel.words:
        made.mappings([_words(panel)])
    if panel.links:
        made.data_links([_data_link(link) for link in panel.links])
    for name, (expression, legend) in zip("ABCDEFGH", panel.queries.items(), strict=False):
        query = prometheus.Dataquery().ref_id(name).expr(expression).legend_format(legend).datasource(_SOURCE)
        if panel.kind is Kind.TABLE:
            query.format(PromQueryFormat.TABLE)
        if panel.exemplars:
            query.exemplar(exemplar=True)
        made.with_target(query.instant() if instant else query.range())
    return kind


def _words(panel: Panel) -> models.ValueMap:
    return models.ValueMap(
        {
            str(value): models.ValueMappingResult(text=text, color=color)
            for value, (text, color) in panel.words.items()
        }
    )


def _data_link(link: Link) -> dashboard.DashboardLink:
    outside = link.url.startswith("${console}")
    return dashboard.DashboardLink(link.title).url(link.url).target_blank(target_blank=outside)


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(value=None, color="green")]
    if panel.bad_above is not None:
        steps.append(
            models.Threshold(value=panel.bad_above + 1e-9, color="red")
        )  # a step begins at its value
    if panel.bad_below is not None:
        steps = [
            models.Threshold(value=None, color="red"),
            models.Threshold(value=panel.bad_below, color="green"),
        ]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
