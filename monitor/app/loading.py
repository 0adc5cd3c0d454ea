"""The configuration with everything that this program has: sections, sources, notifiers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from pydantic import BaseModel

from monitor import config as configuration
from monitor.alerting import notifiers as notifier_package
from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.fold import Route
from monitor.alerting.notifiers.base import NotifierPlugin, NotifierSettings
from monitor.alerting.ownership import WatchSettings
from monitor.alerting.policy.table import PolicySettings
from monitor.alerting.telling.heartbeat import HeartbeatSettings
from monitor.collectors import sources as source_package
from monitor.collectors.base import SourcePlugin, SourceSettings
from monitor.collectors.sources.recheck import RecheckSettings
from monitor.config import Config, ConfigError
from monitor.drills.settings import DrillSettings
from monitor.matcher.settings import MatchSettings
from monitor.metrics.settings import ObjectiveSettings
from monitor.plugins import discover
from monitor.sealing import EvidenceSettings
from monitor.store.settings import StoreSettings
from monitor.watching import Watching

_M = TypeVar("_M", bound=BaseModel)
SECTIONS: Final[Mapping[str, type[BaseModel]]] = {
    "watch": WatchSettings,
    "policy": PolicySettings,
    "heartbeat": HeartbeatSettings,
    "match": MatchSettings,
    "store": StoreSettings,
    "drills": DrillSettings,
    "evidence": EvidenceSettings,
    "privacy": PrivacySettings,
    "objectives": ObjectiveSettings,
}


def sources() -> dict[str, SourcePlugin]:
    """Every source that is there, by name."""
    return discover(source_package, SourcePlugin)


def notifiers() -> dict[str, NotifierPlugin]:
    """Every notifier that is there, by name."""
    return discover(notifier_package, NotifierPlugin)


def load_config(path: Path | None, environment: Mapping[str, str] | None = None) -> Config:
    """The configuration with every section and plugin that this program has. Raises ConfigError."""
    known = notifiers()
    config = configuration.load(
        path,
        sections=SECTIONS,
        sources={name: plugin.settings for name, plugin in sources().items()},
        notifiers={name: plugin.settings for name, plugin in known.items()},
        environment=environment,
    )
    unknown = section(config, ObjectiveSettings).seen_share.keys() - sources().keys()
    if unknown:
        raise ConfigError(
            f"{path or 'configuration'}: objectives.seen_share.{min(unknown)}: no such source; there are"
            f" {', '.join(sorted(sources()))}"
        )
    linking = [name for name in config.notifiers if known[name].links]
    if linking and not config.external_url:
        raise ConfigError(
            f"{path or 'configuration'}: external_url: needed with [notifiers.{linking[0]}]: links in what people are told begin"
            ' with it and would lead nowhere; give the console\'s address as they reach it: "https://leaks.example.com"'
        )
    return config


def section(config: Config, model: type[_M]) -> _M:
    """The stage's own section of that type."""
    return next(each for each in config.sections.values() if isinstance(each, model))


def watching(config: Config) -> Watching:
    """What `[watch]` says, for a collector."""
    watch = section(config, WatchSettings)
    return Watching(watch.organisations, watch.users, watch.repositories, watch.domains, watch.sources)


def rhythms(config: Config) -> dict[str, float]:
    """Seconds between two good answers, of the sources that have a rhythm."""
    known = {n: s.rhythm for n, s in config.sources.items() if isinstance(s, SourceSettings)}
    return {name: seconds for name, seconds in known.items() if seconds is not None}


def routes_of(config: Config) -> list[Route]:
    return [
        Route(name, frozenset(settings.tells), settings.drills, settings.acknowledges)
        for name, settings in config.notifiers.items()
        if isinstance(settings, NotifierSettings)
    ]


def looks_per_minute(config: Config) -> int:
    """How many places collectors may be asked to look at; 0 where none looks. The collectors' table, wherever they run."""
    settings = config.sources.get("recheck")
    return settings.per_minute if isinstance(settings, RecheckSettings) else 0


@contextmanager
def configured(table: str) -> Iterator[None]:
    """What a plugin cannot be built with is the configuration's fault, as what its model refuses."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"[{table}] {error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"[{table}] {error}") from error
