"""The alerting stage alone, for bars: processes of `leakstream alert` on an embedded bus and a store of the bar's choice, and findings put on that
bus as a matcher would.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks import evidence
from benchmarks.bars.fleet import Fleet
from benchmarks.bars.scene import clear, configure
from localpostgres import LocalPostgres
from monitor.app import load_config
from monitor.app.buses import connected, topics
from monitor.bus.base import Bus, Message
from monitor.config import Config
from monitor.contracts import FindingEvent, Place
from monitor.identity import load_keys, place_id
from monitor.metrics import Metrics

STORES: Final = ("sqlite", "postgresql")
# as a server that somebody relies on: what is committed is on the disk
_DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "autovacuum": "on"}


@dataclass(frozen=True, slots=True)
class Stage:
    """One configuration for any number of alerting processes."""

    folder: Path
    config: Config
    key_id: str
    postgres: LocalPostgres | None

    def fleet(self) -> Fleet:
        return Fleet(self.folder / "logs", self.folder / "leakstream.toml")

    @asynccontextmanager
    async def bus(self) -> AsyncIterator[Bus]:
        """The bus, for whoever plays the matcher."""
        async with connected(self.config, time.time, Metrics(), "bar") as bus:
            await bus.ensure_topics(topics(self.config))
            yield bus


@contextmanager
def stage(name: str, store: str, *, tables: str) -> Iterator[Stage]:
    """`tables`: notifiers and the like. Everything is made afresh; a PostgreSQL server of our own ends with the block. Blocks."""
    folder = evidence.WORK / name
    clear(folder)
    if store == "sqlite":
        yield _configured(folder, tables, None)
        return
    with LocalPostgres(**_DURABLE) as server:
        url = server.url(server.new_database(migrated=False))
        yield _configured(folder, f'{tables}\n[store]\nurl = "{url}"\n', server)


def _configured(folder: Path, tables: str, server: LocalPostgres | None) -> Stage:
    path, _ = configure(folder, tables=tables, job_seconds=3.0)
    return Stage(folder, load_config(path, {}), load_keys(folder / "state.key").current_id, server)


@dataclass(frozen=True, slots=True)
class Leak:
    """One credential of the bar's own making. `owner` decides whose it is."""

    number: int
    owner: str
    severity: str = "critical"
    verdict: str = "proved"

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"leak {self.number}".encode()).hexdigest()


@dataclass(slots=True)
class Matcher:
    """Makes the findings. `key_id` is the store's fingerprint key's."""

    key_id: str
    _rule: str = field(default="acme-token")

    def finding(self, leak: Leak, place: int, *, at: float, **other: Any) -> Message:
        """`place` is the number of a place of this leak; the same number is the same place. `at` epoch seconds."""
        repository = f"{leak.owner}/r{leak.number}-{place}"
        path = f"{leak.number}/{place}.env"
        blob = hashlib.sha1(f"{repository}{path}".encode(), usedforsecurity=False).hexdigest()
        values: dict[str, Any] = {
            "leak": {self.key_id: leak.fingerprint},
            "place_id": place_id(
                forge="github.com",
                where=repository,
                blob_sha=blob,
                path=path,
                leak=leak.fingerprint,
                occurrence=0,
            ),
            "rule": self._rule,
            "provider": "acme",
            "family": self._rule,
            "title": "Acme token",
            "severity": leak.severity,
            "confidence": "high",
            "verdict": leak.verdict,
            "check": "crc32",
            "preview": "acme_…9x",
            "snippet": "token = acme_…9x  # masked",
            "source": "github_events",
            "document_id": f"{repository}:{path}",
            "matched_at": at,
            "fetched_at": at,
            "published_at": at,
            "blob_sha": blob,
            "revoke": "at Acme",
            "place": Place(
                forge="github.com",
                repository=repository,
                owner=leak.owner,
                path=path,
                url=f"https://github.com/{repository}/blob/main/{path}",
                line=7,
            ),
        }
        return FindingEvent(**(values | other)).message()
