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
    return PoolSettings(
        processes=settings.processes,
        seconds=settings.job_seconds,
        memory_bytes=settings.memory_mib * 1024**2,
        cache_dir=settings.cache_dir,
        rules=settings.rules,
        own=own_secrets(config),
        evidence=evidence(config),
    )


def own_secrets(config: Config) -> Sequence[Path]:
    """The files of own secrets, readable and packed for the processes (`monitor.matcher.owntable`). Blocks, for two seconds a million when
    one has changed. Raises ConfigError, KeyFileError.
    """
    paths = own_files(config)
    if not paths:
        return ()
    try:
        table = OwnTable.open(paths, section(config, MatchSettings).cache_dir or files.default_cache())
    except OwnFileError as error:
        raise ConfigError(f"[watch] own_secrets: {error}") from error
    active = load_keys(config.key_file).keys if config.key_file.exists() else {}
    lost = {key_id: count for key_id, count in table.by_key.items() if key_id not in active}
    if active and lost:
        _LOG.warning(
            "own secrets under keys that are not in the key file are not found; fingerprint them again",
            **lost,
        )
    return paths


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
