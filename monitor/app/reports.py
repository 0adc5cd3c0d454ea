"""What reports, and the rights of those whose data is kept, are made of for a command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from detectors.loader import RULES
from detectors.rulefiles import contents, digest
from monitor.alerting.containment.duty import PrivacySettings
from monitor.app.loading import configured, section, watching
from monitor.app.opening import open_store
from monitor.app.state import ledger_key
from monitor.config import Config
from monitor.coverage.signing import LedgerKeyError, load_signer
from monitor.identity import load_keys
from monitor.matcher.settings import MatchSettings
from monitor.privacy.desk import PrivacyDesk
from monitor.report.desk import Made, Reports, Versions
from monitor.store.engine import Store
from monitor.version import version


@asynccontextmanager
async def open_reports(config: Config, *, clock: Callable[[], float]) -> AsyncIterator[Reports]:
    """For a command, beside a running service or without one. Raises StoreRefused, StoreBusy, ConfigError."""
    versions = await asyncio.to_thread(_versions, config)
    async with open_store(config) as store:
        yield Reports(
            store,
            section(config, PrivacySettings),
            versions,
            clock=clock,
            is_watched=watching(config).is_watched,
        )


class LateReports:
    """The reports of a running service: the rules are read through when somebody wants the first one, and not before."""

    def __init__(
        self,
        config: Config,
        store: Store,
        *,
        clock: Callable[[], float],
        is_watched: Callable[[str, str], bool],
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._is_watched = is_watched
        self._reports: Reports | None = None

    async def make(self, name: str, *, actor: str) -> Made:
        """As `Reports.make`."""
        if self._reports is None:
            privacy = section(self._config, PrivacySettings)
            versions = await asyncio.to_thread(_versions, self._config)
            self._reports = Reports(
                self._store, privacy, versions, clock=self._clock, is_watched=self._is_watched
            )
        return await self._reports.make(name, actor=actor)


def _versions(config: Config) -> Versions:
    """Blocks on reading local files."""
    with configured("match"):
        rules = digest(contents([RULES, *section(config, MatchSettings).rules]))
    try:
        key = load_signer(ledger_key(config)).public
    except LedgerKeyError:  # the report says that it could not be read
        key = ""
    return Versions(version(), rules, key)


@asynccontextmanager
async def open_privacy(config: Config, *, clock: Callable[[], float]) -> AsyncIterator[PrivacyDesk]:
    """For a command, beside a running service or without one. Raises StoreRefused, StoreBusy, ConfigError, KeyFileError."""
    keys = await asyncio.to_thread(load_keys, config.key_file)
    async with open_store(config) as store:
        yield PrivacyDesk(store, keys, clock=clock)
