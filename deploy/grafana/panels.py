"""What a dashboard is made of, and the queries that many panels have in common. draw.py beside this file makes Grafana's JSON of it.

Gauges that every alerting process reads out of the store are the same in each of them: `max by`, never `sum`. What ought never to
happen is shown as 0; where nothing is known the panel says so (`none`), for a 0 would be a lie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

_RATE: Final = "[$__rate_interval]"
SHOWN: Final = "[$__range]"  # the whole time that the dashboard shows
SOURCE: Final = 'source=~"$source"'
INSTANCE: Final = 'instance=~"$instance"'
SEVERITY: Final = 'severity=~"$severity"'
NOTHING: Final = -1  # the value of a band that says that there is nothing to show
QUANTILES: Final = (0.5, 0.99)


class Kind(Enum):
    """How a panel shows its queries."""

    NUMBER = "number"  # of this moment, one figure a series
    GRAPH = "graph"
    COUNTS = "counts"  # a graph of bars on each other
    BARS = "bars"  # of this moment, one bar a series
    STATES = "states"  # a band a series: 0 or 1 over time
    TABLE = "table"  # of this moment, one row a series


@dataclass(frozen=True, slots=True)
class Link:
    """`url` may have Grafana's variables. Within leakstream: `console(...)` or `board(...)`."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Panel:
    """`queries`: expression -> legend. `about` says what is shown, `good` what it looks like when all is well."""

    title: str
    about: str
    good: str
    queries: Mapping[str, str]
    kind: Kind = Kind.GRAPH
    unit: str = "short"
    width: int = 8
    height: int = 0  # lines; 0 = as its kind has it
    none: str = ""  # what is said where no series is
    bad_above: float | None = None  # red, or a red line in a graph
    bad_below: float | None = None
    words: Mapping[int, tuple[str, str]] = field(default_factory=dict)  # value -> (what it is called, colour)
    links: Sequence[Link] = ()
    exemplars: bool = False  # dots that lead to one document's way
    columns: Mapping[str, str] = field(default_factory=dict)  # of a table: label -> what it is called


@dataclass(frozen=True, slots=True)
class Row:
    """`each`: the variable with each of whose values the row is shown once."""

    title: str
    panels: Sequence[Panel]
    each: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard. `variables` are names of draw.VARIABLES besides those that every one has; `since` is the time shown."""

    uid: str
    title: str
    about: str
    rows: Sequence[Row]
    variables: Sequence[str] = ()
    since: str = "now-3h"


def console(title: str, path: str) -> Link:
    """Into the console: `path` with its query, which may name labels of the series that was clicked on."""
    return Link(title, "${console}" + path)


def board(title: str, uid: str, **variables: str) -> Link:
    """To another dashboard with the same time, and variables set."""
    given = "".join(f"&var-{name}={value}" for name, value in variables.items())
    return Link(
        title, f"/d/{uid}?${{__url_time_range}}&${{datasource:queryparam}}&${{console:queryparam}}{given}"
    )


def label(name: str) -> str:
    """The label of the series that was clicked on, for a link."""
    return f"${{__field.labels.{name}}}"


def legend(*labels: str) -> str:
    return " ".join(f"{{{{{name}}}}}" for name in labels)


def rate(metric: str, *by: str, where: str = "") -> str:
    """How often a second, summed over everything but `by`."""
    return summed(f"rate({_selected(metric, where)}{_RATE})", *by)


def quantiles(metric: str, *by: str, where: str = "", over: str = _RATE) -> dict[str, str]:
    """p50 and p99 of a histogram, with their legends."""
    buckets = f"sum by ({', '.join(('le', *by))}) (rate({_selected(f'{metric}_bucket', where)}{over}))"
    return {f"histogram_quantile({q}, {buckets})": f"{legend(*by)} p{q * 100:.0f}".strip() for q in QUANTILES}


def ever(metric: str, where: str = "") -> str:
    """How often in the time shown; 0 where it never happened."""
    return f"sum({happened(metric, where)}) or vector(0)"


def happened(metric: str, where: str = "", over: str = "$__range") -> str:
    """How often over that time, for each series. One that begins with its first event (a rule that never found anything) counts from
    there: `increase` does not see what was there at the beginning.
    """
    series = _selected(metric, where)
    return f"(({series} unless {series} offset {over}) or increase({series}[{over}]))"


def most(count: int, metric: str, *by: str, where: str = "") -> str:
    """Those to which it happened most often in the time shown."""
    return f"topk({count}, {summed(happened(metric, where), *by)} > 0)"


def _selected(metric: str, where: str) -> str:
    return f"{metric}{{{where}}}" if where else metric


def summed(expression: str, *by: str) -> str:
    return f"sum by ({', '.join(by)}) ({expression})" if by else f"sum({expression})"
