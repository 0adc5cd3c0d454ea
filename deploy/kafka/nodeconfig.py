"""The files of one local Kafka node: its properties, and the hosts file of its JVM.

Nodes know each other as `kafka-1`, `kafka-2`, …: names that only each node's own hosts file explains, so that every ordered pair of
nodes can be given a way of its own (see links.py).
"""

from __future__ import annotations

import base64
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


def cluster_id() -> str:
    """Kafka's form of a random UUID; may begin with a hyphen."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Ports:
    client: int
    internal: int
    controller: int


@dataclass(frozen=True, slots=True)
class Node:
    number: int
    folder: Path
    ports: Mapping[int, Ports]  # of all nodes
    properties: Mapping[str, str]

    @property
    def file(self) -> Path:
        return self.folder / "server.properties"

    @property
    def hosts(self) -> Path:
        return self.folder / "hosts"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def write(self) -> None:
        self.folder.mkdir(parents=True)
        lines = {**self._settings(), **self.properties}
        self.file.write_text("".join(f"{key}={value}\n" for key, value in lines.items()), encoding="utf-8")
        names = ["localhost", socket.gethostname(), *(f"kafka-{number}" for number in self.ports)]
        self.hosts.write_text("".join(f"127.0.0.1 {name}\n" for name in names), encoding="utf-8")

    def _settings(self) -> dict[str, str]:
        own = self.ports[self.number]
        name = f"kafka-{self.number}"
        several = len(self.ports) > 1
        copies, enough = ("3", "2") if several else ("1", "1")
        return {
            "process.roles": "broker,controller",
            "node.id": str(self.number),
            "controller.quorum.voters": ",".join(
                f"{n}@kafka-{n}:{p.controller}" for n, p in self.ports.items()
            ),
            "listeners": f"PLAINTEXT://127.0.0.1:{own.client},INTERNAL://127.0.0.1:{own.internal},"
            f"CONTROLLER://127.0.0.1:{own.controller}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{own.client},INTERNAL://{name}:{own.internal},"
            f"CONTROLLER://{name}:{own.controller}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "INTERNAL",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.folder / "data"),
            "default.replication.factor": copies,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": enough,
            "share.coordinator.state.topic.replication.factor": copies,
            "share.coordinator.state.topic.min.isr": enough,
            "min.insync.replicas": enough,
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.num.partitions": "4",
            "group.initial.rebalance.delay.ms": "0",
            "group.min.session.timeout.ms": "1000",
            "message.max.bytes": "16777216",
            "replica.fetch.max.bytes": "16777216",
            "auto.create.topics.enable": "false",
            "log.cleaner.dedupe.buffer.size": "16777216",
            # A killed node is let in again only after its session; where it is alone nobody else waits for the end of that.
            **(
                {}
                if several
                else {"broker.heartbeat.interval.ms": "500", "broker.session.timeout.ms": "2000"}
            ),
        }
