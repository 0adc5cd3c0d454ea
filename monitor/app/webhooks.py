"""The webhooks whose deliveries are looked at, for a command."""

from __future__ import annotations

from monitor.app.loading import configured
from monitor.collectors.handin.auth import DeliverySettings
from monitor.collectors.handin.deliveries import Digests
from monitor.collectors.sources.ingest import Settings
from monitor.config import Config, ConfigError
from monitor.misdelivery import SOURCE


def webhooks(config: Config) -> list[str]:
    """Their names."""
    return [each.name for each in _settings(config)]


def digests_of(config: Config, webhook: str) -> Digests:
    """What makes digests as the source does. Reads the secret's file (blocks). Raises ConfigError."""
    for each in _settings(config):
        if each.name == webhook:
            with configured("sources.ingest"):
                return Digests(each.read())
    known = ", ".join(webhooks(config)) or "none"
    raise ConfigError(f"[[sources.ingest.deliveries]]: there is no {webhook}; configured: {known}")


def _settings(config: Config) -> tuple[DeliverySettings, ...]:
    settings = config.sources.get(SOURCE)
    return settings.deliveries if isinstance(settings, Settings) else ()
