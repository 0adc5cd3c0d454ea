"""The bus that the configuration names, and its topics."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from monitor.app.loading import configured
from monitor.bus.base import Bus, TopicSpec
from monitor.bus.embedded import EmbeddedBus
from monitor.config import Config
from monitor.contracts import DOCUMENTS, TOPICS, with_dead_letters
from monitor.metrics import Metrics

_GIB: Final = 1024**3


def topics(config: Config) -> tuple[TopicSpec, ...]:
    """Every topic of the bus with the configured terms of the raw documents; dead letters follow from their topic's."""
    terms = config.bus
    seconds, room = terms.documents_hours * 3600, int(terms.documents_gib * _GIB)

    def placed(topic: TopicSpec) -> TopicSpec:
        if terms.kind == "kafka" and topic.partitions > 1:
            topic = replace(topic, partitions=terms.kafka.partitions)
        if topic.name == DOCUMENTS:
            topic = replace(topic, retention_seconds=seconds, retention_bytes=room)
        return topic

    return with_dead_letters(tuple(placed(topic) for topic in TOPICS))


@asynccontextmanager
async def connected(
    config: Config, clock: Callable[[], float], metrics: Metrics, name: str
) -> AsyncIterator[Bus]:
    """The bus that the configuration names, started. Raises ConfigError, BusError."""
    bus: Bus = await asyncio.to_thread(make_bus, config, clock, metrics, name)
    try:
        await bus.start()
        yield bus
    finally:
        await bus.close()


def make_bus(config: Config, clock: Callable[[], float], metrics: Metrics, name: str) -> Bus:
    """Not started. `name` is how the brokers' logs and quotas call this process. Blocks; raises ConfigError."""
    settings = config.bus
    if settings.kind == "embedded":
        return EmbeddedBus(config.state / "bus", clock=clock, metrics=metrics, prefix=settings.prefix)
    from monitor.bus.kafka import KafkaBus

    with configured("bus.kafka"):
        return KafkaBus(
            settings.kafka,
            prefix=settings.prefix,
            clock=clock,
            metrics=metrics,
            client_id=f"leakstream-{name}",
        )
