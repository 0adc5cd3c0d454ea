"""The recording and alerting rules that deploy/prometheus ships and the worlds that promtool plays to them, read as data."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parents[2] / "deploy" / "prometheus"
FILES: Final = tuple(sorted((FOLDER / "rules").glob("*.yml")))
GROUPS: Final[tuple[dict[str, Any], ...]] = tuple(
    group for path in FILES for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
)
RULES: Final[tuple[dict[str, Any], ...]] = tuple(rule for group in GROUPS for rule in group["rules"])
ALERTS: Final = tuple(rule for rule in RULES if "alert" in rule)
RECORDED: Final[dict[str, str]] = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
TESTS: Final = tuple(sorted((FOLDER / "tests").glob("*.test.yml")))


@cache
def worlds() -> tuple[dict[str, Any], ...]:
    """What promtool plays, of all files."""
    return tuple(world for path in TESTS for world in yaml.safe_load(path.read_text("utf-8"))["tests"])


@cache
def fired() -> dict[str, dict[str, str]]:
    """Alert -> the labels with which a test wants it to fire."""
    found = {}
    for test in (test for world in worlds() for test in world.get("promql_expr_test", ())):
        for sample in test["exp_samples"]:
            labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
            if labels.pop("alertstate", "") == "firing":
                found[labels["alertname"]] = labels
    return found
