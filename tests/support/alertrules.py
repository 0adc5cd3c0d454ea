"""The recording and alerting rules that deploy/prometheus ships, read as data."""

from __future__ import annotations

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
