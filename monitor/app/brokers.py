"""A look at the brokers that the configuration names, for the doctor: it makes and changes nothing there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.app.buses import connected, topics
from monitor.bus.base import UnknownTopic
from monitor.config import Config
from monitor.metrics import Metrics

_SECONDS: Final = 5.0  # for one answer


@dataclass(frozen=True, slots=True)
class Brokers:
    """What is there of our topics. `missing` by their names on the brokers; a difference is a sentence."""

    topics: int
    partitions: int
    missing: Sequence[str]
    differences: Sequence[str]


def listening(config: Config) -> Sequence[str]:
    """Those addresses of `bus.kafka.bootstrap` at which anything takes a connection. Blocks, a few seconds each at most."""
    return [address for address in config.bus.kafka.bootstrap if _listens(address)]


async def look_at_brokers(config: Config, *, clock: Callable[[], float]) -> Brokers:
    """Compares topics, and makes none whatever `create_topics` says. Raises BusError (nobody answers, or we are refused), ConfigError;
    TimeoutError after some seconds.
    """
    kafka = config.bus.kafka
    patient = min(_SECONDS, kafka.request_seconds)
    shy = kafka.model_copy(update={"create_topics": False, "request_seconds": patient})
    config = replace(config, bus=config.bus.model_copy(update={"kafka": shy}))
    there: list[str] = []
    missing: list[str] = []
    differences: list[str] = []
    async with asyncio.timeout(4 * _SECONDS), connected(config, clock, Metrics(), "doctor") as bus:
        for spec in topics(config):
            try:
                differences += await bus.ensure_topics([spec])
            except UnknownTopic:
                missing.append(config.bus.prefix + spec.name)
            else:
                there.append(spec.name)
        partitions = len(await bus.end_offsets(there)) if there else 0
    return Brokers(len(there), partitions, missing, differences)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_SECONDS / 2):
            return True
    except (OSError, OverflowError):
        return False
