"""Panels of the objectives (monitor.metrics.objectives), which several dashboards show. Shares come from the recording rules."""

from __future__ import annotations

from typing import Final

from panels import Kind, Panel, legend

from monitor.metrics.objectives import OBJECTIVES, WINDOW_DAYS, Objective

_WINDOWS: Final = ("1h", "6h", "3d")
_NAMED: Final = {objective.name: objective for objective in OBJECTIVES}


def objective(name: str) -> Objective:
    """Raises KeyError."""
    return _NAMED[name]


def budgets(*, width: int = 24) -> Panel:
    """What is left of each objective's budget, the worst of its series."""
    return Panel(
        title=f"Budget left of {WINDOW_DAYS} days",
        about=(
            f"Of what each objective allows to go wrong in {WINDOW_DAYS} days, the share that is left; where it has several series"
            " (notifiers, sources) the worst one's. docs/reference/objectives.md says what counts."
        ),
        good="Above 0. Below it the objective is missed: see the burn rates beside it.",
        queries={
            f"min(1 - ({each.over(f'{WINDOW_DAYS}d')}) / {_budget(each)})": each.title for each in OBJECTIVES
        },
        kind=Kind.NUMBER,
        unit="percentunit",
        width=width,
        bad_below=0,
        none="nothing to count yet",
    )


def burning(each: Objective, *, width: int = 6) -> Panel:
    """How fast one objective's budget is spent."""
    return Panel(
        title=f"Burn rate: {each.title.lower()}",
        about=(
            f"How many times as fast as it lasts {WINDOW_DAYS} days the budget of {1 - each.target:.1%} is spent. {each.good}"
            f" {each.limits}"
        ),
        good="Below 1. Above 14.4 for an hour, or 6 for six, it alerts.",
        queries={
            f"leakstream:{each.name}:error_ratio_{window} / {_budget(each)}": f"{legend(*each.per)} {window}".strip()
            for window in _WINDOWS
        },
        width=width,
        bad_above=1,
        none="nothing to count in this time",
    )


def _budget(each: Objective) -> str:
    return f"(1 - {each.target})"
