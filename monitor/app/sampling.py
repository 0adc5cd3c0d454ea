"""What nobody's work brings to light: how full the disk is, when certificates end, what was promised of each source."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from monitor.aio import sleep_until
from monitor.app.loading import section
from monitor.app.stores import store_place
from monitor.certificates import first_end, last_end
from monitor.config import Config, ConfigError
from monitor.metrics import Metrics
from monitor.metrics.settings import ObjectiveSettings

_DISK_SECONDS: Final = 15.0
_CERTIFICATES: Final = 240  # looks at the disk between two at the certificates: an hour
_VOLUME: Final = "state"


class Sampling:
    """Two jobs of every process; files are read in a thread."""

    def __init__(self, config: Config, metrics: Metrics) -> None:
        self._config = config
        self._metrics = metrics
        for source, share in section(config, ObjectiveSettings).seen_share.items():
            if source in config.sources:
                metrics.capture_target.labels(source).set(share)

    async def run(self, stop: asyncio.Event) -> None:
        looks = 0
        while not stop.is_set():
            if looks % _CERTIFICATES == 0:
                await asyncio.to_thread(self._look_at_certificates)
            looks += 1
            await asyncio.to_thread(self._look_at_disk)
            await sleep_until(stop, _DISK_SECONDS)

    async def watch_loop(self, stop: asyncio.Event) -> None:
        """Measure how late the event loop runs its timers: CPU work on it would starve heartbeats."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            due = loop.time() + 1.0
            await sleep_until(stop, 1.0)
            self._metrics.loop_lag.set(max(0.0, loop.time() - due))

    def _look_at_disk(self) -> None:
        try:
            disk = os.statvfs(self._config.state)
        except OSError:
            return  # whoever writes there says so, and stops
        self._metrics.disk_free.labels(_VOLUME).set(disk.f_bavail * disk.f_frsize)
        self._metrics.disk_size.labels(_VOLUME).set(disk.f_blocks * disk.f_frsize)

    def _look_at_certificates(self) -> None:
        for name, path in sorted(certificates(self._config).items()):
            end = last_end(path) if name.endswith(_AUTHORITIES) else first_end(path)
            if end is not None:
                self._metrics.expiry.labels("certificate", name).set(end)


_AUTHORITIES: Final = ("ca_file", "sslrootcert")
_CHAIN: Final = "cert_file"


def certificates(config: Config) -> dict[str, Path]:
    """Every file of certificates that the configuration names, by its key there. Blocks."""
    found: dict[str, Path] = {}
    if config.bus.kind == "kafka":
        found |= _named("bus", config.bus)
    for table in (config.sections, config.sources, config.notifiers):
        prefix = {id(config.sources): "sources.", id(config.notifiers): "notifiers."}.get(id(table), "")
        for name, model in table.items():
            found |= _named(prefix + name, model)
    try:
        root = store_place(config).query.get("sslrootcert")
    except ConfigError:
        root = None
    if isinstance(root, str) and root != "system":
        found["store.sslrootcert"] = Path(root)
    return found


def _named(key: str, model: BaseModel) -> dict[str, Path]:
    return {name: value for name, value in _paths(key, model) if name.endswith((*_AUTHORITIES, _CHAIN))}


def _paths(key: str, value: Any) -> Iterator[tuple[str, Path]]:
    """Every path in a model, however deep, with the key that it stands under."""
    if isinstance(value, Path):
        yield key, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _paths(f"{key}.{name}", getattr(value, name))
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _paths(f"{key}.{name}", inner)
