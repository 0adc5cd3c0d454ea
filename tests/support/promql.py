"""What an expression asks for: enough of PromQL's grammar to compare rules and panels with the metrics that the service has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from prometheus_client import CollectorRegistry

from monitor.metrics import Metrics

_SELECTOR = re.compile(r"\b(leakstream_\w+|up)\b(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
_TARGET = {"instance", "job"}  # labels that Prometheus itself adds


@cache
def exported() -> Mapping[str, set[str]]:
    """Every series name that the service exports -> the labels that it may have."""
    found = {"up": set(_TARGET)}
    registry = Metrics().registry
    for family in registry.collect():
        labels = set(_labels(registry, family.name)) | _TARGET
        if family.type == "histogram":
            found |= {f"{family.name}_{part}": labels for part in ("sum", "count")}
            found[f"{family.name}_bucket"] = labels | {"le"}
        else:
            found[family.name + ("_total" if family.type == "counter" else "")] = labels
    return found


def _labels(registry: CollectorRegistry, family: str) -> tuple[str, ...]:
    collector = next(c for c, names in registry._collector_to_names.items() if family in names)
    return tuple(collector._labelnames)  # type: ignore[attr-defined]


def metrics_of(expression: str) -> set[str]:
    """Names of the service's own series, and `up`."""
    return {match[1] for match in _SELECTOR.finditer(expression)}


def faults(expression: str) -> list[str]:
    """What the expression asks for and the service does not have, one sentence each."""
    known = exported()
    wrong = []
    reachable = set(_TARGET)
    for name, matchers in _SELECTOR.findall(expression):
        if name not in known:
            wrong.append(f"there is no {name}")
            continue
        reachable |= known[name]
        wrong += [
            f"{name} has no {label}" for label in _MATCHER.findall(matchers) if label not in known[name]
        ]
    grouped = {label.strip() for group in _GROUPING.findall(expression) for label in group.split(",")}
    return wrong + [f"no metric here has {label}" for label in sorted(grouped - reachable - {""})]
