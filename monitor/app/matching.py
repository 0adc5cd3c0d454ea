"""What the scanning processes are told at their start."""

from __future__ import annotations

from typing import Any

from monitor.alerting.ownership import WatchSettings
from monitor.app.loading import configured, section
from monitor.config import Config
from monitor.matcher.pool import PoolSettings
from monitor.matcher.settings import MatchSettings
from monitor.sealing import EvidenceSettings


def pool_settings(config: Config) -> PoolSettings:
    """Of the processes and what they need of other rooms. Blocks for files. Raises ConfigError."""
    settings = section(config, MatchSettings)
    return PoolSettings(
        processes=settings.processes,
        seconds=settings.job_seconds,
        memory_bytes=settings.memory_mib * 1024**2,
        cache_dir=settings.cache_dir,
        rules=settings.rules,
        evidence=evidence(config),
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
