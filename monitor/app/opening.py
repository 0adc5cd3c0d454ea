"""What a command works on, beside a running service or without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from detectors import Scanner, load_rules
from monitor import hardening
from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.evidence.desk import EvidenceDesk
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.policy.table import Policy, PolicySettings
from monitor.alerting.telling.desk import TellingDesk
from monitor.app.buses import connected, topics
from monitor.app.loading import configured, load_config, routes_of, section
from monitor.app.stores import known_store, make_store
from monitor.config import Config, ConfigError
from monitor.contracts import DEAD_LETTER_SUFFIX
from monitor.dlq.desk import DeadLetters
from monitor.matcher.redact import Redactor
from monitor.matcher.repeats import Repeats
from monitor.matcher.settings import MatchSettings
from monitor.metrics import Metrics
from monitor.store.engine import Store

_SQLITE: Final = b"SQLite format 3\x00"  # sqlite.org/fileformat.html


@asynccontextmanager
async def open_exposures(config: Config, *, clock: Callable[[], float]) -> AsyncIterator[Exposures]:
    """The store's exposures for a command, beside a running service or without one. Raises StoreRefused, StoreBusy, ConfigError."""
    async with open_store(config) as store:
        yield Exposures(
            store,
            Metrics(),
            clock=clock,
            routes=routes_of(config),
            console=config.external_url,
            privacy=section(config, PrivacySettings),
            policy=Policy.of(section(config, PolicySettings)),
        )


@asynccontextmanager
async def open_evidence(config: Config, *, clock: Callable[[], float]) -> AsyncIterator[EvidenceDesk]:
    """The sealed evidence for a command, beside a running service or without one. Raises StoreRefused, StoreBusy, ConfigError."""
    async with open_store(config) as store:
        yield EvidenceDesk(store, clock=clock)


@asynccontextmanager
async def open_telling(config: Config, *, clock: Callable[[], float]) -> AsyncIterator[TellingDesk]:
    """What is told and silenced, for a command. Raises StoreRefused, StoreBusy, ConfigError."""
    async with open_store(config) as store:
        yield TellingDesk(store, clock=clock)


@asynccontextmanager
async def open_ledger(config: Config) -> AsyncIterator[Store]:
    """The store with the coverage ledger for a command, beside a running service or without one. Raises StoreRefused, StoreBusy,
    ConfigError.
    """
    async with open_store(config) as store:
        yield store


@asynccontextmanager
async def open_dead_letters(config: Config, *, clock: Callable[[], float]) -> AsyncIterator[DeadLetters]:
    """The bus's dead letters for a command, beside a running service or without one. Raises StoreRefused, StoreBusy, ConfigError,
    BusError, DetectorError.
    """
    hardening.no_core_dumps()  # documents pass through here
    names = [topic.name for topic in topics(config)]
    dead = [name for name in names if name + DEAD_LETTER_SUFFIX in names]
    async with open_store(config) as store, connected(config, clock, Metrics(), "dlq") as bus:
        yield DeadLetters(store, bus, dead, mask=await asyncio.to_thread(_mask, config), clock=clock)


@asynccontextmanager
async def open_store(config: Config) -> AsyncIterator[Store]:
    """Raises StoreRefused, StoreBusy, ConfigError: the service has made none yet."""
    store = await known_store(config)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_transfer(config: Config, source: Path) -> AsyncIterator[tuple[Store, Store]]:
    """The store in the file `source`, or that the configuration `source` names; and that of `config`, made where there is none.

    Raises ConfigError, StoreRefused, StoreBusy.
    """
    if source.suffix == ".toml":
        old = await known_store(await asyncio.to_thread(load_config, source))
    else:
        await asyncio.to_thread(_needs_sqlite, source)
        old = await Store.open(source)
    try:
        new = await make_store(config)
        try:
            yield old, new
        finally:
            await new.close()
    finally:
        await old.close()


def _needs_sqlite(path: Path) -> None:
    """Raises ConfigError. What is no store must not be made one."""
    try:
        with path.open("rb") as file:
            good = file.read(len(_SQLITE)) == _SQLITE
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}; the old store is store.db in the old state folder"
        ) from error
    if not good:
        raise ConfigError(f"{path} is no SQLite file; name store.db, or the configuration of the old store")


def _mask(config: Config) -> Callable[[str], str]:
    """What the matcher does to the texts of a document's metadata. Blocks."""
    settings = section(config, MatchSettings)
    with configured("match"):
        redactor = Redactor(Scanner(load_rules(settings.rules), cache_dir=settings.cache_dir))
    return lambda text: redactor.text(text, Repeats(()))
