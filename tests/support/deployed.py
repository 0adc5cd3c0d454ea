"""The configuration of Prometheus and Alertmanager that deploy/ ships, for one process and one Alertmanager of a test: addresses are put in,
and what takes minutes takes seconds where the test asks for it.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from monitoring import Hooks

DEPLOY = Path(__file__).parents[2] / "deploy"
_FOR = re.compile(r"^( +for: )(\d+)m$", re.MULTILINE)
_LIMIT = re.compile(r"max by \(source\)\s+\(leakstream_source_freshness_limit_seconds\)")


def scraping(
    folder: Path, target: str, alertmanager: str, *, hasty: bool = False, docs: str = ""
) -> dict[str, Any]:
    """prometheus.yml as it is shipped, looking each second; the rules go into `folder`. `hasty`: a minute that an alert waits is a tenth of
    a second, and a source is stale after a fifteenth of its limit. `docs`: the base of runbooks' addresses.
    """
    folder.mkdir()
    shutil.copytree(DEPLOY / "prometheus" / "rules", folder / "rules")
    if hasty:
        for path in (folder / "rules").iterdir():
            text = _FOR.sub(lambda found: f"{found[1]}{int(found[2]) * 100}ms", path.read_text("utf-8"))
            path.write_text(_LIMIT.sub(r"\g<0> / 15", text), "utf-8")
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    if docs:
        config["global"]["external_labels"] = {"leakstream_docs": docs}
    (job,) = config["scrape_configs"]
    config["scrape_configs"] = [
        {
            **{name: value for name, value in job.items() if not name.endswith("_configs")},
            "static_configs": [{"targets": [target.removeprefix("http://")]}],
        }
    ]
    config["alerting"]["alertmanagers"][0]["static_configs"] = [
        {"targets": [alertmanager.removeprefix("http://")]}
    ]
    return config


def routing(folder: Path, told: Hooks, *, hasty: bool = False) -> dict[str, Any]:
    """alertmanager.yml as it is shipped; each receiver posts to its own path. `hasty`: groups wait for seconds."""
    folder.mkdir()
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text("utf-8"))
    (folder / "token").write_text("a-token-of-the-tests")
    for receiver in config["receivers"]:
        for hook in receiver["webhook_configs"]:
            hook["url"] = f"{told.url}/{receiver['name']}"
            hook["http_config"]["authorization"]["credentials_file"] = str(folder / "token")
    if hasty:
        for route in (config["route"], *config["route"]["routes"]):
            route |= {"group_wait": "2s", "group_interval": "1s"}
    return config
