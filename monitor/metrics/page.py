"""docs/reference/metrics.md and objectives.md, made from the metrics and objectives themselves."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, Metric

from monitor.metrics import ROOMS
from monitor.metrics.objectives import BURNS, OBJECTIVES, WINDOW_DAYS, Objective

_METRICS: Final = """\
# Metrics

Made by `python -m monitor.metrics metrics`; a test compares it with the code.

Served by `/metrics` (Prometheus' text, or OpenMetrics when asked for: only that carries exemplars) on 127.0.0.1:8687, for a single stage
8688 (collect), 8689 (match) and 8690 (alert). Seconds, bytes, ratios of 0 to 1; times are epoch seconds. Every label is out of a closed
set or out of the configuration. Which objective a metric serves stands behind it: [objectives](objectives.md).
"""
_OBJECTIVES: Final = """\
# Objectives

Made by `python -m monitor.metrics objectives` from `monitor/metrics/objectives.py`; a test compares it with the code, and another one the
alert rules in `deploy/prometheus/`.

What the service promises to whoever runs it. The share of what went wrong over {window} days is to stay below one minus the target.
"""
_BURNS: Final = """\
## When somebody is told

The budget is what may go wrong in {window} days. An alert fires when it is spent so many times as fast as would last that long, over the long
window and over the short one too (so that it ends soon after the trouble does).

| times as fast | over | and over | of the budget spent by then | severity |
|---|---|---|---|---|
"""
_SOURCES: Final = """\

What one source misses is a ticket at any pace, since mostly its operator is down; when all are stale at once somebody is woken
(`LeakstreamNothingSeen`). Alerts on pages and deliveries want three bad ones in the long window ([decision 0027](../decisions/0027-alerts.md)).
What to do stands in the [runbooks](../runbooks/README.md).
"""
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}


def metrics() -> str:
    """The page of metrics as Markdown."""
    lines = [_METRICS]
    for room in ROOMS:
        registry = CollectorRegistry(auto_describe=True)
        room(registry)
        about = (sys.modules[room.__module__].__doc__ or "").split("\n\n")[0]
        lines += [f"## {room.__name__}", "", about.strip(), ""]
        lines += ["| metric | type | labels | what it says |", "|---|---|---|---|"]
        lines += [_row(registry, family) for family in sorted(registry.collect(), key=lambda f: f.name)]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def objectives() -> str:
    """The page of objectives as Markdown."""
    lines = [_OBJECTIVES.format(window=WINDOW_DAYS), *_summary(), ""]
    for each in OBJECTIVES:
        lines += [f"## {each.title}", ""]
        lines += [
            f"**Good:** {each.good}",
            "",
            f"**Target:** {each.target:.1%} over {WINDOW_DAYS} days{_per(each)}.",
        ]
        lines += ["", f"**Why this figure:** {each.why}", "", f"**A miss means:** {each.miss}"]
        lines += ["", f"**What it does not say:** {each.limits}", "", "The share that went wrong:", ""]
        lines += ["```promql", each.over(f"{WINDOW_DAYS}d"), "```", ""]
    lines.append(_BURNS.format(window=WINDOW_DAYS).rstrip())
    for burn in BURNS:
        spent = burn.rate * _seconds(burn.long) / (WINDOW_DAYS * _SECONDS["d"])
        lines.append(f"| {burn.rate:g} | {burn.long} | {burn.short} | {spent:.0%} | {burn.severity} |")
    return "\n".join(lines) + "\n" + _SOURCES


def _row(registry: CollectorRegistry, family: Metric) -> str:
    name = family.name + ("_total" if family.type == "counter" else "")
    collector = registry._names_to_collectors[name if family.type != "histogram" else family.name]
    labels = ", ".join(collector._labelnames)  # type: ignore[attr-defined]
    told = [family.documentation]
    if isinstance(collector, Histogram):
        told.append(f"Buckets: {', '.join(f'{bound:.15g}' for bound in collector._upper_bounds[:-1])}.")
    told += [
        f"Objective: [{o.title}](objectives.md#{_anchor(o.title)})." for o in OBJECTIVES if name in o.metrics
    ]
    return f"| `{name}` | {family.type} | {labels} | {' '.join(told)} |"


def _summary() -> Sequence[str]:
    lines = ["| objective | target | measured by |", "|---|---|---|"]
    for each in OBJECTIVES:
        names = ", ".join(f"[`{name}`](metrics.md)" for name in each.metrics)
        lines.append(f"| [{each.title}](#{_anchor(each.title)}) | {each.target:.1%}{_per(each)} | {names} |")
    return lines


def _per(objective: Objective) -> str:
    return f", of each {objective.per[0]} by itself" if objective.per else ""


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _seconds(duration: str) -> int:
    return int(duration[:-1]) * _SECONDS[duration[-1]]
