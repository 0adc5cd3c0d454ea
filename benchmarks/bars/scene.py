"""Brokers of a bar's own, and a configuration for the whole service on them: everything below one folder, made afresh."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from benchmarks import evidence
from benchmarks.bars import serviceconfig
from benchmarks.bars.fleet import Fleet, cpu_seconds
from benchmarks.bars.stream import OWNER
from localkafka import LocalKafka
from monitor.identity import create_key

_DAY_HOURS: Final = 24.0
_OURS: Final = ("state", "logs", "kafka", "prometheus")


@dataclass(frozen=True, slots=True)
class Scene:
    """`token` is the ingest source's."""

    folder: Path
    cluster: LocalKafka
    config: Path
    token: str
    nodes: int

    def brokers_cpu_seconds(self) -> float:
        """That all brokers have used so far."""
        return sum(cpu_seconds(self.cluster.pid(node)) for node in range(1, self.nodes + 1))

    def fleet(self) -> Fleet:
        return Fleet(self.folder / "logs", self.config)

    @property
    def store(self) -> Path:
        return self.folder / "state" / "store.db"

    @property
    def cache(self) -> Path:
        """Of compiled rules; kept from run to run."""
        return cache(self.folder)

    def topic_bytes(self, topic: str) -> int:
        """What a topic's records take up on the disks of all brokers; `topic` without prefix."""
        logs = self.cluster_folder.glob(f"*/data/leakstream.{topic}-*/*.log")
        return sum(log.stat().st_size for log in logs)

    @property
    def cluster_folder(self) -> Path:
        return self.folder / "kafka"


def cache(folder: Path) -> Path:
    return folder / "cache"


@contextmanager
def scene(
    name: str,
    *,
    notifiers: str,
    nodes: Literal[1, 3] = 1,
    documents_hours: float = _DAY_HOURS,
    job_seconds: float = 3.0,
    properties: Mapping[str, str] | None = None,
) -> Iterator[Scene]:
    """Blocks while the brokers start. `notifiers`: tables for the configuration; `properties`: of the brokers."""
    folder = evidence.WORK / name
    clear(folder)
    with LocalKafka(folder / "kafka", nodes, properties=properties) as cluster:
        copies, enough = (3, 2) if nodes == 3 else (1, 1)
        bus = serviceconfig.kafka(
            cluster.bootstrap, replication=copies, min_insync=enough, documents_hours=documents_hours
        )
        config, token = configure(folder, tables=notifiers + bus, job_seconds=job_seconds)
        yield Scene(folder, cluster, config, token, nodes)


def clear(folder: Path) -> None:
    """Only the compiled rules stay from the run before."""
    for old in _OURS:
        shutil.rmtree(folder / old, ignore_errors=True)
    (folder / "state.key").unlink(missing_ok=True)
    (folder / "logs").mkdir(parents=True)


def configure(folder: Path, *, tables: str, job_seconds: float) -> tuple[Path, str]:
    """The configuration file, with a fingerprint key beside it, and the token of the ingest source."""
    config, token = folder / "leakstream.toml", secrets.token_urlsafe(24)
    create_key(folder / "state.key")
    serviceconfig.write(
        config, cache=cache(folder), owners=[OWNER], token=token, tables=tables, job_seconds=job_seconds
    )
    return config, token
