"""What the scanning processes are told at their start."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import structlog

from detectors import Scanner, files, load_rules
from detectors.overlaps import NOBODYS
from monitor.alerting.ownership import WatchSettings
from monitor.app.loading import configured, section
from monitor.config import Config, ConfigError
from monitor.identity import load_keys
from monitor.matcher.owntable import OwnTable
from monitor.matcher.pool import PoolSettings
from monitor.matcher.settings import MatchSettings
from monitor.own.ownfile import OwnFileError
from monitor.sealing import EvidenceSettings

_LOG: Final = structlog.get_logger("matcher")


def pool_settings(config: Config) -> PoolSettings:
    """Of the processes and what they need of other rooms. Blocks for files. Raises ConfigError, KeyFileError."""
    settings = section(config, MatchSettings)
    table = own_secrets(config)  # a wrong file is said here, and not by a process that does not start
    if table is not None and (lost := lost_own_secrets(config, table)):
        _LOG.warning("own secrets under keys that are not in the key file are not found", count=lost)
    return PoolSettings(
        processes=settings.processes,
        seconds=settings.job_seconds,
        memory_bytes=settings.memory_mib * 1024**2,
        cache_dir=settings.cache_dir,
        rules=settings.rules,
        own=own_files(config),
        evidence=evidence(config),
    )


def own_secrets(config: Config) -> OwnTable | None:
    """What `[watch] own_secrets` names, packed for the scanning processes; None if it names nothing. Blocks, for some seconds a million
    when a file has changed. Raises ConfigError.
    """
    paths = own_files(config)
    try:
        folder = section(config, MatchSettings).cache_dir or files.default_cache()
        return OwnTable.open(paths, folder) if paths else None
    except OwnFileError as error:
        raise ConfigError(f"[watch] own_secrets: {error}") from error


def lost_own_secrets(config: Config, table: OwnTable) -> int:
    """How many are under keys that are not in the key file: these are not found. Raises KeyFileError."""
    active = load_keys(config.key_file).keys if config.key_file.exists() else {}
    return sum(count for key_id, count in table.by_key.items() if key_id not in active)


def own_files(config: Config) -> Sequence[Path]:
    """As `[watch]` names them."""
    return section(config, WatchSettings).own_secrets


def known_by_rules(config: Config) -> Callable[[bytes], bool]:
    """Whether a rule finds the value wherever it stands, by its own shape. Blocks. Raises ConfigError, DetectorError."""
    settings = section(config, MatchSettings)
    with configured("match"):
        scanner = Scanner(load_rules(settings.rules), cache_dir=settings.cache_dir)
    return lambda value: any(
        found.secret == value and found.rule.provider not in NOBODYS for found in scanner.scan(value)
    )


def evidence(config: Config) -> dict[str, Any] | None:
    """To whom evidence is sealed, and what `[watch]` must name for it; None = it is off. Raises ConfigError."""
    settings = section(config, EvidenceSettings)
    with configured("evidence"):
        recipients = settings.read()
    if not recipients:
        return None
    return {
        "recipients": [recipient.text for recipient in recipients],
        "context_bytes": settings.context_bytes,
        "per_second": settings.per_second,
        "watch": section(config, WatchSettings).model_dump(mode="json"),
    }
