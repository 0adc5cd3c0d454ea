"""The databases that the configuration names."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sqlalchemy.engine import URL

from monitor.app.loading import configured, section
from monitor.config import Config, ConfigError
from monitor.store.engine import Store
from monitor.store.glance import Glance, glance, glance_at_server
from monitor.store.postgres import address
from monitor.store.settings import StoreSettings


async def make_store(config: Config) -> Store:
    """Where exposures are kept; made where there is none. Raises ConfigError, StoreRefused, StoreBusy."""
    return await _open(await asyncio.to_thread(store_place, config))


async def known_store(config: Config) -> Store:
    """As `make_store`, but a file is not made: a command that finds none says so."""
    settings, place = section(config, StoreSettings), await asyncio.to_thread(store_place, config)
    if settings.is_file and not settings.file(config.state).exists():
        raise ConfigError(f"{place.database}: no store here yet; the service makes it at its first start")
    return await _open(place)


async def make_memory(config: Config) -> Store:
    """Where collectors keep what they know. Raises ConfigError, StoreRefused, StoreBusy."""
    with configured("store"):
        place = await asyncio.to_thread(section(config, StoreSettings).collectors_place, config.state)
    return await _open(place)


def store_place(config: Config) -> URL:
    """Blocks. Raises ConfigError."""
    with configured("store"):
        return section(config, StoreSettings).place(config.state)


def store_name(config: Config) -> str:
    """How people know the store: a file, or server and database. Blocks. Raises ConfigError."""
    place = store_place(config)
    return address(place) if place.get_backend_name() == "postgresql" else str(place.database)


def look_at_store(config: Config, *, clock: Callable[[], float] = time.time) -> Glance | None:
    """None where it is a file that is not there yet. `clock` is this host's. Changes nothing. Blocks, on PostgreSQL not within an event
    loop. Raises ConfigError, StoreRefused, StoreBusy.
    """
    place, settings = store_place(config), section(config, StoreSettings)
    if settings.is_file:
        path = settings.file(config.state)
        return glance(path) if path.exists() else None
    with configured("store"):
        return asyncio.run(glance_at_server(place, clock=clock))


async def _open(place: URL) -> Store:
    with configured("store"):
        return await Store.open(place)
