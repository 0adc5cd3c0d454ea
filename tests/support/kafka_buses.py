"""Handles on the tests' broker, each under a prefix of its own, closed together."""

from __future__ import annotations

import uuid
from typing import Any, Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from monitor.bus.base import TopicSpec
from monitor.bus.kafka import KafkaBus
from monitor.config import KafkaSettings
from monitor.metrics import Metrics


class KafkaBuses:
    """`async with` closes every bus."""

    def __init__(self, bootstrap: str) -> None:
        self.bootstrap = bootstrap
        self.prefix = f"t-{uuid.uuid4().hex[:12]}."
        self.metrics = Metrics()
        self._buses: list[KafkaBus] = []
        self._topics = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for bus in self._buses:
            await bus.close()

    def settings(self, **more: Any) -> KafkaSettings:
        return KafkaSettings.model_validate(
            {
                "bootstrap": self.bootstrap,
                "security": "plaintext",
                "replication": 1,
                "min_insync": 1,
                "session_seconds": 2.0,
                "request_seconds": 8.0,
                **more,
            }
        )

    async def bus(self, **more: Any) -> KafkaBus:
        bus = KafkaBus(self.settings(**more), prefix=self.prefix, metrics=self.metrics)
        self._buses.append(bus)
        await bus.start()
        return bus

    async def topic(self, *, partitions: int = 1) -> str:
        self._topics += 1
        name = f"topic-{self._topics}.v1"
        await (await self.bus()).ensure_topics([TopicSpec(name, partitions)])
        return name

    async def configure(self, topic: str, **settings: str) -> None:
        """Set some of a topic's settings (`max_message_bytes="1"`); the others fall back to the broker's."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            wanted = {name.replace("_", "."): value for name, value in settings.items()}
            await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, self.prefix + topic, wanted)])
        finally:
            await admin.close()

    def metric(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"leakstream_{name}", labels) or 0.0
