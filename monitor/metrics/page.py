"""docs/reference/metrics.md, made from the metrics themselves."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Metric

from monitor.metrics import ROOMS


def page() -> str:
    """The page as Markdown."""
    lines = [
        "# Metrics",
        "",
        "Made by `python -m monitor.metrics`; a test compares it with the code.",
    ]
    for room in ROOMS:
        registry = CollectorRegistry(auto_describe=True)
        room(registry)
        lines += [
            "",
            f"## {room.__name__}",
            "",
            "| metric | type | labels | what it says |",
            "|---|---|---|---|",
        ]
        lines += [_row(registry, family) for family in sorted(registry.collect(), key=lambda f: f.name)]
    return "\n".join(lines) + "\n"


def _row(registry: CollectorRegistry, family: Metric) -> str:
    name = family.name + ("_total" if family.type == "counter" else "")
    collector = registry._names_to_collectors[name if family.type != "histogram" else family.name]
    labels = ", ".join(collector._labelnames)  # type: ignore[attr-defined]
    return f"| `{name}` | {family.type} | {labels} | {family.documentation} |"
