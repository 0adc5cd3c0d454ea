"""A node as compose.kafka.yaml starts it, on the real Kafka: certs.sh, node.sh, server.properties, setup.sh, and the stages' certificates."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from aiokafka.helpers import create_ssl_context

import kafkadist
from monitor.app import Stage, load_config
from monitor.bus.base import BusError, Message
from monitor.bus.kafka import KafkaBus
from monitor.config import Config, KafkaSettings
from monitor.contracts import DOCUMENTS, TOPICS, with_dead_letters
from monitor.identity import create_key
from monitoring import LEASH, free_port
from whole_service import running

DEPLOY = Path(__file__).parents[3] / "deploy" / "kafka"
PREFIX = "leakstream."
SPECS = [replace(spec, partitions=1) for spec in with_dead_letters(TOPICS)]
TOOLS = {
    "kafka-storage.sh": "kafka.tools.StorageTool",
    "kafka-server-start.sh": "kafka.Kafka",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
}


@dataclass(frozen=True)
class Node:
    address: str
    certificates: Path

    def settings(self, stage: str, **more: Any) -> KafkaSettings:
        return KafkaSettings(
            bootstrap=(self.address,),
            ca_file=self.certificates / "ca.pem",
            cert_file=self.certificates / f"{stage}.crt",
            cert_key_file=self.certificates / f"{stage}.key",
            partitions=1,
            replication=1,
            min_insync=1,
            **more,
        )

    def client(self, stage: str) -> dict[str, Any]:
        """Without a stage: no certificate."""
        own = {
            "certfile": self.certificates / f"{stage}.crt",
            "keyfile": self.certificates / f"{stage}.key",
        }
        context = create_ssl_context(cafile=self.certificates / "ca.pem", **(own if stage else {}))
        return {"bootstrap_servers": self.address, "security_protocol": "SSL", "ssl_context": context}


def here(folder: Path, name: str) -> Path:
    """A file of deploy/kafka as it is shipped, but for the secrets' folder and the copies of a cluster of one."""
    text = (DEPLOY / name).read_text()
    text = text.replace("/run/secrets/kafka_ca", str(folder / "made" / "ca.pem"))
    text = text.replace("/run/secrets/kafka_broker", str(folder / "made" / "broker.pem"))
    (folder / name).write_text(
        text.replace("factor=3", "factor=1").replace("isr=2", "isr=1").replace("replicas=2", "replicas=1")
    )
    return folder / name


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("node")
    subprocess.run([DEPLOY / "certs.sh", folder / "made", "2", "localhost"], check=True)
    for name, program in TOOLS.items():
        tool = folder / name
        tool.write_text(
            f"#!/bin/sh\nexec {kafkadist.java()} -Xmx512m -XX:TieredStopAtLevel=1 -Djava.net.preferIPv4Stack=true "
            f"-cp '{kafkadist.classpath()}' {program} \"$@\"\n"
        )
        tool.chmod(0o755)
    port = free_port()
    environment = {
        **os.environ,
        "NODE": "1",
        "NODES": "1",
        "HOST": "localhost",
        "BIND": "127.0.0.1",
        "CLUSTER_ID": "AAAAAAAAQACAAAAAAAAAAA",
        "PORT": str(port),
        "CONTROLLER_PORT": str(free_port()),
        "DATA": str(folder / "data"),
        "TMPDIR": str(folder),
        "KAFKA_BIN": str(folder),
        "KAFKA_ACLS": str(folder / "kafka-acls.sh"),
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", LEASH, "/bin/bash", DEPLOY / "node.sh", here(folder, "server.properties")],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        arguments = [f"localhost:{port}", here(folder, "admin.properties"), PREFIX]
        done = subprocess.run(
            [DEPLOY / "setup.sh", *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr + (folder / "log").read_text()[-3000:]
        yield Node(f"localhost:{port}", folder / "made")
    finally:
        process.terminate()
        process.wait(30)


async def test_the_collector_makes_the_topics_and_the_matcher_reads_what_it_wrote(node: Node) -> None:
    collect = KafkaBus(node.settings("collect"), prefix=PREFIX)
    match = KafkaBus(node.settings("match", create_topics=False), prefix=PREFIX)
    await collect.start()
    await match.start()
    try:
        with pytest.raises(BusError, match="missing on the brokers"):
            await match.ensure_topics(SPECS)
        assert await collect.ensure_topics(SPECS) == []
        assert await match.ensure_topics(SPECS) == []
        producer = collect.producer()
        await producer.send([Message(DOCUMENTS, b"k", b"content", {})])
        await producer.close()
        consumer = await match.consumer("match", [DOCUMENTS])
        async with asyncio.timeout(120):
            while not (batch := await consumer.poll(max_records=1, wait=0.5)).records:
                pass
        assert [record.value for record in batch.records] == [b"content"]
        await consumer.close()
    finally:
        await match.close()
        await collect.close()


async def test_the_shipped_configuration_takes_a_canary_from_stage_to_stage(
    node: Node, tmp_path: Path
) -> None:
    """Each with its own certificate and rights, as in compose.kafka.yaml; addresses and files are put in by the environment."""
    create_key(tmp_path / "fingerprint.key")
    (tmp_path / "token").touch(mode=0o600)
    (tmp_path / "token").write_text("a-token-of-the-tests")

    def configured(stage: str) -> Config:
        settings = {
            "STATE": tmp_path / stage,
            "KEY_FILE": tmp_path / "fingerprint.key",
            "BUS__KAFKA__BOOTSTRAP": node.address,
            "BUS__KAFKA__CA_FILE": node.certificates / "ca.pem",
            "BUS__KAFKA__CERT_FILE": node.certificates / f"{stage}.crt",
            "BUS__KAFKA__CERT_KEY_FILE": node.certificates / f"{stage}.key",
            "BUS__KAFKA__CREATE_TOPICS": "true" if stage == "collect" else "false",
            "BUS__KAFKA__PARTITIONS": 1,
            "BUS__KAFKA__REPLICATION": 1,
            "BUS__KAFKA__MIN_INSYNC": 1,
            "METRICS__HOST": "127.0.0.1",
            "METRICS__PORT": 0,
            "WEB__HOST": "127.0.0.1",
            "WEB__PORT": 0,
            "WEB__TOKEN_FILE": tmp_path / "token",
            "SOURCES__INGEST__TOKENS": f'[{{name = "compose", token_file = "{tmp_path / "token"}"}}]',
            "SOURCES__SELFTEST__EVERY_SECONDS": 1,
        }
        environment = {f"LEAKSTREAM_{name}": str(value) for name, value in settings.items()}
        return load_config(DEPLOY.parent / "docker" / "leakstream.kafka.toml", environment)

    async with (
        running(configured("collect"), stages=frozenset({Stage.COLLECT})),
        running(configured("match"), stages=frozenset({Stage.MATCH})),
        running(configured("alert"), stages=frozenset({Stage.ALERT})) as alert,
    ):
        await alert.until(lambda: alert.metric("selftest_seen_total", outcome="ok") > 0)


async def test_alerting_may_not_read_documents(node: Node) -> None:
    collect = KafkaBus(node.settings("collect"), prefix=PREFIX)
    await collect.start()
    await collect.ensure_topics(SPECS)
    await collect.close()
    consumer = AIOKafkaConsumer(**node.client("alert"), group_id=None)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(f"{PREFIX}{DOCUMENTS}", 0)])
        with pytest.raises(TopicAuthorizationFailedError):
            await consumer.getmany(timeout_ms=5000)
    finally:
        consumer.assign([])  # uvloop waits 30 s before it closes a TLS connection with an answer on its way
        await asyncio.sleep(0.7)
        await consumer.stop()


async def test_nobody_is_let_in_without_a_certificate(node: Node) -> None:
    admin = AIOKafkaAdminClient(**node.client(""))
    with pytest.raises(KafkaConnectionError):
        await admin.start()
    await admin.close()


def test_one_of_three_knows_the_others_by_their_names(tmp_path: Path) -> None:
    for name, text in {"kafka-storage.sh": "exit 0", "kafka-server-start.sh": 'cat "$1"'}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        **os.environ,
        "NODE": "2",
        "CLUSTER_ID": "x",
        "KAFKA_BIN": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    command = [DEPLOY / "node.sh", DEPLOY / "server.properties"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    said = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line and line[0] != "#")
    assert said["node.id"] == "2"
    assert said["controller.quorum.voters"] == "1@kafka-1:9093,2@kafka-2:9093,3@kafka-3:9093"
    assert said["listeners"] == "STAGES://:9092,CONTROLLER://:9093"
    assert said["advertised.listeners"] == "STAGES://kafka-2:9092,CONTROLLER://kafka-2:9093"
    assert said["ssl.client.auth"] == "required"


@pytest.mark.parametrize("script", ["certs.sh", "node.sh", "setup.sh"])
def test_a_script_tells_how_it_is_used(script: str) -> None:
    done = subprocess.run([DEPLOY / script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert script in done.stderr
