"""The files of one local Kafka node: its properties, and the hosts file of its JVM.

Nodes know each other as `kafka-1`, `kafka-2`, …: names that only each node's own hosts file explains, so that every ordered pair of
nodes can be given a way of its own (links.py).
"""

from __future__ import annotations

import base64
import socket
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from links import Link
from nodesecurity import Security


def cluster_id() -> str:
    """Kafka's form of a random UUID; may begin with a hyphen."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Ports:
    """Of one node, on 127.0.0.1. `front` is where clients are sent: `client` itself, or a relay before it."""

    client: int
    internal: int
    controller: int
    secure: int
    front: int


@dataclass(frozen=True, slots=True)
class Node:
    number: int
    folder: Path
    ports: Mapping[int, Ports]  # of all nodes
    properties: Mapping[str, str]
    security: Security | None
    relayed: bool  # every other node is reached through a relay

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
        names = {"localhost": "127.0.0.1", socket.gethostname(): "127.0.0.1"}
        names |= {f"kafka-{number}": self._address(number) for number in self.ports}
        self.hosts.write_text(
            "".join(f"{address} {name}\n" for name, address in names.items()), encoding="utf-8"
        )

    def links(self) -> list[Link]:
        """The relays that this node's own connections, and its clients', go through."""
        own = self.ports[self.number]
        others = [
            Link(self._address(number), port, port, (self.number, number))
            for number, ports in self.ports.items()
            if number != self.number
            for port in (ports.internal, ports.controller)
        ]
        return [Link("127.0.0.1", own.front, own.client, (self.number,)), *others]

    def _address(self, other: int) -> str:
        """Where this node finds the other: an address for every ordered pair, all of them this host's loopback."""
        return f"127.20.{self.number}.{other}" if self.relayed and other != self.number else "127.0.0.1"

    def _settings(self) -> dict[str, str]:
        own = self.ports[self.number]
        name = f"kafka-{self.number}"
        several = len(self.ports) > 1
        copies, enough = ("3", "2") if several else ("1", "1")
        bind = {"PLAINTEXT": own.client, "INTERNAL": own.internal, "CONTROLLER": own.controller}
        advertised = {
            "PLAINTEXT": f"127.0.0.1:{own.front}",
            "INTERNAL": f"{name}:{own.internal}",
            "CONTROLLER": f"{name}:{own.controller}",
        }
        protocols = dict.fromkeys(bind, "PLAINTEXT")
        if self.security is not None:
            bind["SECURE"] = own.secure
            advertised["SECURE"] = f"127.0.0.1:{own.secure}"
            protocols["SECURE"] = "SASL_SSL"
        return {
            "process.roles": "broker,controller",
            "node.id": str(self.number),
            "controller.quorum.voters": ",".join(
                f"{n}@kafka-{n}:{p.controller}" for n, p in self.ports.items()
            ),
            "listeners": ",".join(f"{listener}://127.0.0.1:{port}" for listener, port in bind.items()),
            "advertised.listeners": ",".join(
                f"{listener}://{place}" for listener, place in advertised.items()
            ),
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "INTERNAL",
            "listener.security.protocol.map": ",".join(
                f"{listener}:{how}" for listener, how in protocols.items()
            ),
            **(self.security.settings() if self.security is not None else {}),
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
