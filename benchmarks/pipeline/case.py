"""One bus to measure on: its configuration file, and the bus itself for whoever reads that file."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient

from benchmarks import evidence
from benchmarks.bars import serviceconfig
from benchmarks.pipeline.documents import OWNER
from monitor.app import load_config, topics
from monitor.bus.base import Bus
from monitor.bus.embedded import EmbeddedBus
from monitor.bus.kafka import KafkaBus
from monitor.identity import create_key

FOLDER: Final = evidence.WORK / "pipeline-speed"
_SESSION_SECONDS: Final = 9.0  # nine heartbeats in it: a second matcher is at work after a second


@dataclass(frozen=True, slots=True)
class Case:
    """Everything of one measurement: nothing is on its bus yet. `bootstrap` is "" for the embedded bus."""

    config: Path
    prefix: str
    bootstrap: str
    token: str

    @classmethod
    def fresh(cls, bootstrap: str, *, hook: str = "http://127.0.0.1:9/hook") -> Case:
        """Removes what the former case left on disk; the compiled rules stay."""
        for name in ("state", "logs"):
            shutil.rmtree(FOLDER / name, ignore_errors=True)
        (FOLDER / "state.key").unlink(missing_ok=True)
        (FOLDER / "logs").mkdir(parents=True)
        create_key(FOLDER / "state.key")
        case = cls(
            FOLDER / "leakstream.toml",
            f"bench-{secrets.token_hex(4)}." if bootstrap else "leakstream.",
            bootstrap,
            secrets.token_urlsafe(24),
        )
        tables = serviceconfig.webhook(hook)
        if bootstrap:
            tables += serviceconfig.kafka(bootstrap, prefix=case.prefix, session=_SESSION_SECONDS)
        serviceconfig.write(
            case.config, cache=FOLDER / "cache", owners=[OWNER], token=case.token, tables=tables
        )
        return case

    async def discard(self) -> None:
        """Give a broker's room back."""
        if not self.bootstrap:
            return
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.delete_topics([t for t in await admin.list_topics() if t.startswith(self.prefix)])
        finally:
            await admin.close()


@asynccontextmanager
async def opened(config_file: Path) -> AsyncIterator[Bus]:
    """The bus that the file names, started, with its topics."""
    config = load_config(config_file)
    bus: Bus
    if config.bus.kind == "kafka":
        bus = KafkaBus(config.bus.kafka, prefix=config.bus.prefix)
    else:
        bus = EmbeddedBus(config.state / "bus", prefix=config.bus.prefix)
    try:
        await bus.start()
        await bus.ensure_topics(topics(config))
        yield bus
    finally:
        await bus.close()
