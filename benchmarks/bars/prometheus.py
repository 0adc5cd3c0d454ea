"""The real Prometheus with the rules that deploy/ ships, looking at a fleet. Minutes that an alert waits (`for`) are seconds here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks import evidence
from benchmarks.bars.fleet import Fleet

_RULES: Final = evidence.ROOT / "deploy" / "prometheus" / "rules"
_FOR: Final = re.compile(r"^( +for: \d+)m$", re.MULTILINE)


def watching(folder: Path, fleet: Fleet) -> Mapping[str, Any]:
    """Write the rules into `folder`; returns the configuration: every process of the fleet, each second."""
    folder.mkdir(parents=True, exist_ok=True)
    for rules in sorted(_RULES.glob("*.yml")):
        (folder / rules.name).write_text(_FOR.sub(r"\1s", rules.read_text("utf-8")), "utf-8")
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [rules.name for rules in sorted(_RULES.glob("*.yml"))],
        "scrape_configs": [
            {
                "job_name": "leakstream",
                "static_configs": [
                    {"targets": [f"127.0.0.1:{member.metrics_port}" for member in fleet.members.values()]}
                ],
            }
        ],
    }
