"""The compose files of deploy/, as tests ask for what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES: dict[str, dict[str, Any]] = {
    name: yaml.safe_load((DEPLOY / name).read_text()) for name in ("compose.yaml", "compose.kafka.yaml")
}

Service = dict[str, Any]


def services(file: str) -> dict[str, Service]:
    return FILES[file]["services"]  # type: ignore[no-any-return]


def ours(file: str) -> dict[str, Service]:
    return {name: service for name, service in services(file).items() if service["image"] == "leakstream"}


def every() -> list[tuple[str, str]]:
    """File and service."""
    return [(file, name) for file in FILES for name in services(file)]


def mounted(service: Service) -> dict[str, str]:
    """Secret's path in the container -> its name in the file."""
    names = {}
    for entry in service.get("secrets", ()):
        source, target = (entry, entry) if isinstance(entry, str) else (entry["source"], entry["target"])
        names[f"/run/secrets/{target}"] = source
    return names


def volumes(service: Service) -> dict[str, str]:
    """Path in the container -> a path beside the file, or a volume's name."""
    pairs = [entry.split(":")[:2] for entry in service.get("volumes", ())]
    return {inside: outside for outside, inside in pairs}


def configuration(service: Service) -> Path:
    """The file that it reads as /etc/leakstream/leakstream.toml."""
    return DEPLOY / volumes(service)["/etc/leakstream/leakstream.toml"]
