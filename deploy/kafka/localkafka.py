"""Real Kafka brokers on loopback, for tests, demo and bars. Not for production: small heaps, data thrown away.

    python deploy/kafka/localkafka.py -- leakstream demo

runs the command with one fresh broker that LEAKSTREAM_BUS__… name, and ends the broker after it.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import kafkadist
import kafkaprobe
from links import Links
from nodeconfig import Node, Ports, cluster_id
from nodesecurity import Security

JVM: Final = (
    "-Xms128m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.net.preferIPv4Stack=true",
)
READY_SECONDS: Final = 90.0


class BrokerFailed(Exception):
    """A node ended, or did not become ready. The message has the end of its log."""


class LocalKafka:
    """Brokers (each its own controller too) with their data in `folder`, which the caller owns.

    A context manager; nodes are numbered from 1. All methods block; one thread at a time. The brokers die with this process, however it
    ends. `properties` are broker properties over our own. With `relayed`, clients and nodes reach a node only through relays, so that
    `cut` can take it off the network. With `secure` there is a second listener with TLS and SASL for `users`, who may do what ACLs say
    (`admin`: everything); over the first one everybody may do everything.
    """

    def __init__(
        self,
        folder: Path,
        nodes: Literal[1, 3] = 1,
        *,
        secure: bool = False,
        users: Sequence[str] = ("admin", "collect", "match", "alert"),
        relayed: bool = False,
        properties: Mapping[str, str] | None = None,
        jvm: Sequence[str] = JVM,
    ) -> None:
        self._folder = folder
        self._jvm = jvm
        self._classpath = kafkadist.classpath()
        free = free_ports(5 * nodes)
        ports = {
            number: _ports(*free[5 * number - 5 : 5 * number], relayed=relayed)
            for number in range(1, nodes + 1)
        }
        self._security = Security.make(folder / "security", users) if secure else None
        self._nodes = {
            number: Node(number, folder / str(number), ports, properties or {}, self._security, relayed)
            for number in ports
        }
        self._relayed = relayed
        self._links: Links | None = None
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        # The kernel ends a broker with the thread that started it, so that thread must last as long as we do.
        self._starter = ThreadPoolExecutor(1, "localkafka")

    def __enter__(self) -> Self:
        try:
            self._format()
            if self._relayed:
                self._links = self._open_links()
            for number in self._nodes:
                self._launch(number)
            for number in self._nodes:
                self._wait(number, self._all_there)
            self._wait(1, kafkaprobe.groups_ready)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """`host:port` of every node, with commas; plaintext."""
        return ",".join(f"127.0.0.1:{node.ports[number].front}" for number, node in self._nodes.items())

    @property
    def secure_bootstrap(self) -> str:
        """The same for the listener with TLS and SASL."""
        return ",".join(f"127.0.0.1:{node.ports[number].secure}" for number, node in self._nodes.items())

    @property
    def security(self) -> Security:
        assert self._security is not None, "made without secure=True"
        return self._security

    def cut(self, node: int) -> None:
        """Take a node off the network: no byte passes between it and clients or other nodes. Back when it is so."""
        self._relays().cut(node)

    def heal(self, node: int) -> None:
        self._relays().heal(node)

    def log(self, node: int) -> Path:
        return self._nodes[node].log

    def pid(self, node: int) -> int:
        return self._running[node].pid

    def kill(self, node: int) -> None:
        """SIGKILL, and wait until it is gone."""
        process = self._running.pop(node)
        process.kill()
        process.wait()

    def start(self, node: int) -> None:
        """A killed node again, on its ports and data; back when the node itself knows that it takes part. Raises BrokerFailed."""
        assert node not in self._running, f"node {node} is running"
        self._launch(node)
        self._wait(node, lambda port: node in kafkaprobe.ask(port).brokers)

    def pause(self, node: int) -> None:
        self._running[node].send_signal(signal.SIGSTOP)

    def resume(self, node: int) -> None:
        self._running[node].send_signal(signal.SIGCONT)

    def wait_in_step(self) -> None:
        """Wait until every node takes part and every copy of every partition has what its leader has. Raises BrokerFailed."""
        for number in self._running:
            self._wait(number, lambda port: self._all_there(port) and not kafkaprobe.ask(port).behind)

    def led(self, node: int) -> int:
        """How many partitions a running node leads. Raises OSError when it does not answer."""
        return kafkaprobe.ask(self._nodes[node].ports[node].client).led.get(node, 0)

    def stop(self) -> None:
        """End all nodes; the data stays in the folder. Can be called twice."""
        for number in list(self._running):
            self.kill(number)
        if self._links is not None:
            self._links.close()
            self._links = None
        self._starter.shutdown()

    def _format(self) -> None:
        cluster = cluster_id()
        extra = self._security.format_arguments() if self._security is not None else []
        processes = {}
        for number, node in self._nodes.items():
            node.write()
            processes[number] = self._java(
                number,
                [
                    "kafka.tools.StorageTool",
                    "format",
                    f"--cluster-id={cluster}",
                    f"--config={node.file}",
                    *extra,
                ],
            )
        for number, process in processes.items():
            if process.wait() != 0:
                raise self._failure(number, "its storage could not be formatted")

    def _launch(self, number: int) -> None:
        self._running[number] = self._java(number, ["kafka.Kafka", str(self._nodes[number].file)])

    def _java(self, number: int, arguments: list[str]) -> subprocess.Popen[bytes]:
        node = self._nodes[number]
        command = [
            *(kafkadist.java(), *self._jvm, f"-Djdk.net.hosts.file={node.hosts}", "-cp", self._classpath),
            *arguments,
        ]
        return self._starter.submit(_start, command, node.log).result()

    def _open_links(self) -> Links:
        command = Links.command([link for node in self._nodes.values() for link in node.links()])
        return Links(self._starter.submit(_start, command, self._folder / "links.log", piped=True).result())

    def _relays(self) -> Links:
        assert self._links is not None, "made without relayed=True"
        return self._links

    def _all_there(self, port: int) -> bool:
        return kafkaprobe.ask(port).brokers == self._nodes.keys()

    def _wait(self, number: int, enough: Callable[[int], bool]) -> None:
        """Until `enough` says so of the node's port."""
        node = self._nodes[number]
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            status = self._running[number].poll()
            if status is not None:
                raise self._failure(number, f"ended with status {status}")
            try:
                if enough(node.ports[number].client):
                    return
            except OSError:  # not listening yet
                pass
            time.sleep(0.05)
        raise self._failure(number, f"not ready within {READY_SECONDS:.0f} s")

    def _failure(self, number: int, what: str) -> BrokerFailed:
        log = self.log(number)
        end = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        return BrokerFailed(f"Kafka node {number}: {what}; the end of {log}:\n{end}")


def _start(command: list[str], log: Path, *, piped: bool = False) -> subprocess.Popen[bytes]:
    """A process that the kernel ends with the calling thread, in a session of its own: a terminal's Ctrl-C is not for it."""
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 - our own arguments
            ["setpriv", "--pdeathsig", "KILL", "--", *command],  # noqa: S607 - of util-linux, wherever it lies
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else out,
            stderr=out,
            start_new_session=True,
        )


def _ports(client: int, internal: int, controller: int, secure: int, front: int, *, relayed: bool) -> Ports:
    return Ports(client, internal, controller, secure, front if relayed else client)


def free_ports(count: int) -> list[int]:
    """All different. Below the range that the kernel gives to outgoing connections, so that a killed node finds its ports free again."""
    found: list[int] = []
    while len(found) < count:
        port = random.randint(15_000, 32_000)  # noqa: S311 - not a secret
        if port in found:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


def environment(bootstrap: str) -> dict[str, str]:
    """What makes leakstream use one plaintext broker."""
    return {
        "LEAKSTREAM_BUS__KIND": "kafka",
        "LEAKSTREAM_BUS__KAFKA__BOOTSTRAP": bootstrap,
        "LEAKSTREAM_BUS__KAFKA__SECURITY": "plaintext",
        "LEAKSTREAM_BUS__KAFKA__REPLICATION": "1",
        "LEAKSTREAM_BUS__KAFKA__MIN_INSYNC": "1",
    }


def main(arguments: list[str]) -> int:
    """The exit status of the command, as a shell gives it."""
    command = arguments[1:] if arguments[:1] == ["--"] else []
    if not command:
        print("usage: localkafka.py -- COMMAND [ARGUMENT …]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="leakstream-kafka-", ignore_cleanup_errors=True) as folder:
        try:
            with LocalKafka(Path(folder)) as kafka:
                print(f"kafka    {kafka.bootstrap}", flush=True)
                return _run(command, {**os.environ, **environment(kafka.bootstrap)})
        except (kafkadist.Unavailable, BrokerFailed, FileNotFoundError) as error:
            print(error, file=sys.stderr)
            return 1


def _run(command: list[str], environ: dict[str, str]) -> int:
    """A terminal's Ctrl-C reaches the command itself, and only ends our wait through it; SIGTERM is passed on."""
    signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, env=environ)  # noqa: S603 - the caller's own command
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    status = process.wait()
    return 128 - status if status < 0 else status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
