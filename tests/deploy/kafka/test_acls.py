"""acls.sh on a real broker with TLS and SASL: each stage may do its work and nothing else."""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)
from aiokafka.helpers import create_ssl_context

import kafkadist
from localkafka import LocalKafka
from monitor.bus.kafka import KafkaBus
from monitor.config import KafkaSettings
from monitor.contracts import TOPICS, with_dead_letters

SCRIPT = Path(__file__).parents[3] / "deploy" / "kafka" / "acls.sh"
STAGES = ("collect", "match", "alert")
PREFIX = "guarded."
SPECS = [replace(spec, partitions=1) for spec in with_dead_letters(TOPICS)]
NAMES = [spec.name for spec in SPECS]

WRITES = {
    "collect": {"documents.v1", "coverage.v1", "requests.v1", "requests.v1.dlq", "sightings.v1"},
    "match": {"findings.v1", "sightings.v1", "coverage.v1", "documents.v1.dlq"},
    "alert": {"findings.v1.dlq", "sightings.v1.dlq", "coverage.v1.dlq", "requests.v1"},
}
READS = {
    "collect": {"requests.v1"},
    "match": {"documents.v1"},
    "alert": {"findings.v1", "sightings.v1", "coverage.v1"},
}


@dataclass(frozen=True)
class Guarded:
    kafka: LocalKafka

    def settings(self, user: str, **more: Any) -> KafkaSettings:
        return KafkaSettings(
            bootstrap=(self.kafka.secure_bootstrap,),
            ca_file=self.kafka.security.ca_file,
            sasl="SCRAM-SHA-512",
            username=user,
            password=self.kafka.security.passwords[user],
            partitions=1,
            replication=1,
            min_insync=1,
            **more,
        )

    def client(
        self, user: str, *, mechanism: str = "SCRAM-SHA-512", password: str | None = None
    ) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.kafka.secure_bootstrap,
            "security_protocol": "SASL_SSL",
            "ssl_context": create_ssl_context(cafile=self.kafka.security.ca_file),
            "sasl_mechanism": mechanism,
            "sasl_plain_username": user,
            "sasl_plain_password": password or self.kafka.security.passwords[user],
        }


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """With all topics, and the rights as the script gives them."""
    folder = tmp_path_factory.mktemp("guarded")
    with LocalKafka(folder / "kafka", secure=True, users=("admin", "operator", *STAGES)) as kafka:
        allow(kafka, folder)
        asyncio.run(make_topics(Guarded(kafka)))
        yield Guarded(kafka)


def allow(kafka: LocalKafka, folder: Path) -> None:
    tool = folder / "kafka-acls.sh"
    tool.write_text(
        f"#!/bin/sh\nexec {kafkadist.java()} -XX:TieredStopAtLevel=1 -cp '{kafkadist.classpath()}' "
        'org.apache.kafka.tools.AclCommand "$@"\n'
    )
    tool.chmod(0o755)
    config = folder / "admin.properties"
    config.touch(mode=0o600)
    config.write_text(
        "security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n"
        f"ssl.truststore.type=PEM\nssl.truststore.location={kafka.security.ca_file}\n"
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="admin" password="{kafka.security.passwords["admin"]}";\n'
    )
    principals = [f"User:{user}" for user in (*STAGES, "operator")]
    done = subprocess.run(
        [SCRIPT, kafka.secure_bootstrap, config, PREFIX, *principals],
        env={**os.environ, "KAFKA_ACLS": str(tool)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


async def make_topics(guarded: Guarded) -> None:
    """By the operator, with the product's own settings."""
    bus = KafkaBus(guarded.settings("operator"), prefix=PREFIX)
    await bus.start()
    try:
        await bus.ensure_topics(SPECS)
    finally:
        await bus.close()


async def may_write(guarded: Guarded, user: str, topic: str) -> bool:
    producer = AIOKafkaProducer(**guarded.client(user), enable_idempotence=True, acks="all")
    await producer.start()
    try:
        await producer.send_and_wait(PREFIX + topic, b"x", partition=0)
    except TopicAuthorizationFailedError:
        return False
    finally:
        await producer.stop()
    return True


async def may_read(guarded: Guarded, user: str, topic: str) -> bool:
    """Whether a fetch is answered; what there is to read does not matter."""
    consumer = AIOKafkaConsumer(**guarded.client(user), auto_offset_reset="earliest", fetch_max_wait_ms=100)
    await consumer.start()
    try:
        consumer.assign([TopicPartition(PREFIX + topic, 0)])
        await consumer.getmany(timeout_ms=1500)
    except TopicAuthorizationFailedError:
        return False
    finally:
        consumer.assign([])
        await asyncio.sleep(0.25)  # closing TLS with an answer on its way can take uvloop 30 s
        await consumer.stop()
    return True


@pytest.mark.parametrize("user", STAGES)
async def test_each_stage_writes_its_topics_and_no_other(guarded: Guarded, user: str) -> None:
    assert {name for name in NAMES if await may_write(guarded, user, name)} == WRITES[user]


@pytest.mark.parametrize("user", STAGES)
async def test_each_stage_reads_its_topics_and_no_other(guarded: Guarded, user: str) -> None:
    assert {name for name in NAMES if await may_read(guarded, user, name)} == READS[user]


@pytest.mark.parametrize("user", STAGES)
async def test_each_stage_joins_its_own_group_and_no_other(guarded: Guarded, user: str) -> None:
    topic = PREFIX + min(READS[user])
    for group in STAGES:
        consumer = AIOKafkaConsumer(topic, **guarded.client(user), group_id=PREFIX + group)
        try:
            if group == user:
                await consumer.start()
                continue
            with pytest.raises(GroupAuthorizationFailedError):
                await consumer.start()
        finally:
            await consumer.stop()


@pytest.mark.parametrize("user", STAGES)
async def test_each_stage_compares_all_topics_and_makes_none(guarded: Guarded, user: str) -> None:
    bus = KafkaBus(guarded.settings(user, create_topics=False), prefix=PREFIX)
    await bus.start()
    try:
        assert await bus.ensure_topics(SPECS) == []
    finally:
        await bus.close()
    admin = AIOKafkaAdminClient(**guarded.client(user))
    await admin.start()
    try:
        made = await admin.create_topics([NewTopic(f"{PREFIX}other", 1, 1)])
    finally:
        await admin.close()
    assert [code for _, code, *_ in made.topic_errors] == [TopicAuthorizationFailedError.errno]


async def test_both_mechanisms_know_a_password_from_a_wrong_one(guarded: Guarded) -> None:
    for mechanism in ("SCRAM-SHA-512", "PLAIN"):
        admin = AIOKafkaAdminClient(**guarded.client("match", mechanism=mechanism))
        await admin.start()
        await admin.close()
        wrong = AIOKafkaAdminClient(**guarded.client("match", mechanism=mechanism, password="not it"))
        with pytest.raises(KafkaConnectionError):
            await wrong.start()
        await wrong.close()


def test_the_script_tells_how_it_is_used() -> None:
    done = subprocess.run([SCRIPT, "127.0.0.1:1"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "BOOTSTRAP COMMAND_CONFIG PREFIX" in done.stderr
