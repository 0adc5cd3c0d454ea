"""One real broker: a listener that everybody may use, and one with TLS, users and passwords."""

from __future__ import annotations

import asyncio
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from doctoring import OFF, failed, look, named, one, warned
from localkafka import LocalKafka
from monitor.app import load_config, topics
from monitor.bus.base import Message
from monitor.bus.kafka import KafkaBus
from monitor.commands.doctor import Outcome, brokers
from monitor.commands.doctor.check import Reading
from monitor.commands.doctor.clocks import judge
from monitor.config import Config
from whole_service import configure


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    with LocalKafka(
        tmp_path_factory.mktemp("kafka") / "nodes", secure=True, users=("admin", "match")
    ) as server:
        yield server


def on_kafka(folder: Path, bootstrap: str, more: str = 'security = "plaintext"') -> Config:
    text = f"""[bus]
kind = "kafka"
prefix = "t-{uuid.uuid4().hex[:12]}."
[bus.kafka]
bootstrap = "{bootstrap}"
replication = 1
min_insync = 1
partitions = 2
{more}
"""
    return load_config(configure(folder, text), {})


def signed_in(
    folder: Path, kafka: LocalKafka, user: str, password: str, *, sasl: str = "SCRAM-SHA-512"
) -> Config:
    (folder / "password").write_text(password + "\n")
    more = f'ca_file = "{kafka.security.ca_file}"\nsasl = "{sasl}"\nusername = "{user}"\npassword_file = "password"'
    return on_kafka(folder, kafka.secure_bootstrap, more)


async def make_topics(config: Config, *without: str) -> None:
    bus = KafkaBus(config.bus.kafka, prefix=config.bus.prefix)
    await bus.start()
    try:
        await bus.ensure_topics([topic for topic in topics(config) if topic.name not in without])
    finally:
        await bus.close()


def test_the_brokers_are_asked_and_nothing_is_made_there(tmp_path: Path, kafka: LocalKafka) -> None:
    config = on_kafka(tmp_path, kafka.bootstrap)
    count = len(topics(config))
    for _ in range(2):  # the first look made none
        found = look(brokers.look, config)
        assert one(found, "brokers").found == "1 of 1 addresses, 0 topics, 0 partitions"
        check = one(found, "topics")
        assert (check.outcome, check.found.partition(" are not there")[0]) == (Outcome.OK, str(count))
    asyncio.run(make_topics(config))
    partitions = sum(topic.partitions for topic in topics(config))
    found = look(brokers.look, config)
    assert one(found, "brokers").found == f"1 of 1 addresses, {count} topics, {partitions} partitions"
    assert named(found, "topics") == []
    other = replace(config, bus=config.bus.model_copy(update={"documents_hours": 12.0}))
    differences = named(look(brokers.look, other), "topics")
    assert any(
        "retention.ms is 86400000, the configuration says 43200000" in each.found for each in differences
    )
    for each in differences:
        warned(each)


def test_topics_that_nobody_makes_fail_and_are_named(tmp_path: Path, kafka: LocalKafka) -> None:
    config = on_kafka(tmp_path, kafka.bootstrap, 'security = "plaintext"\ncreate_topics = false')
    asyncio.run(
        make_topics(
            replace(
                config,
                bus=config.bus.model_copy(
                    update={"kafka": config.bus.kafka.model_copy(update={"create_topics": True})}
                ),
            ),
            "requests.v1",
        )
    )
    failed(
        one(look(brokers.look, config), "topics"),
        f"missing: {config.bus.prefix}requests.v1",
        "make them",
        "create_topics = true",
    )


def test_a_broker_that_is_away_is_named(tmp_path: Path, kafka: LocalKafka) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    failed(
        one(look(brokers.look, on_kafka(tmp_path, f"127.0.0.1:{port}")), "brokers"),
        f"127.0.0.1:{port}: nothing listens",
        "start the brokers",
    )
    away, there = named(
        look(brokers.look, on_kafka(tmp_path, f"127.0.0.1:{port},{kafka.bootstrap}")), "brokers"
    )
    warned(away, "nothing listens")  # the others are enough
    assert there.outcome is Outcome.OK


@pytest.mark.parametrize("sasl", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_named_and_never_shown(tmp_path: Path, kafka: LocalKafka, sasl: str) -> None:
    config = signed_in(tmp_path, kafka, "admin", kafka.security.passwords["admin"], sasl=sasl)
    assert one(look(brokers.look, config), "brokers").outcome is Outcome.OK
    for user, password in (("admin", "not-the-password"), ("nobody", kafka.security.passwords["admin"])):
        check = one(look(brokers.look, signed_in(tmp_path, kafka, user, password, sasl=sasl)), "brokers")
        failed(check, kafka.secure_bootstrap, "wrong password, or no such user", user, "password_file")
        assert password not in check.text


def test_another_way_to_sign_in_than_the_listener_s_is_named(tmp_path: Path, kafka: LocalKafka) -> None:
    config = signed_in(tmp_path, kafka, "admin", kafka.security.passwords["admin"], sasl="SCRAM-SHA-256")
    failed(one(look(brokers.look, config), "brokers"), "does not sign in by sasl = SCRAM-SHA-256")


def test_tls_on_one_side_only_is_named(tmp_path: Path, kafka: LocalKafka) -> None:
    failed(
        one(look(brokers.look, on_kafka(tmp_path, kafka.secure_bootstrap)), "brokers"),
        "security = plaintext",
        "set security",
    )
    unknown = on_kafka(tmp_path, kafka.secure_bootstrap, "")
    failed(one(look(brokers.look, unknown), "brokers"), "no TLS with it", "the system's", "ca_file")


def test_a_user_without_rights_is_told_what_is_refused(tmp_path: Path, kafka: LocalKafka) -> None:
    """It sees no topic at all: brokers hide what one may not describe."""
    config = signed_in(tmp_path, kafka, "match", kafka.security.passwords["match"])
    shy = replace(
        config,
        bus=config.bus.model_copy(
            update={"kafka": config.bus.kafka.model_copy(update={"create_topics": False})}
        ),
    )
    checks = [each for each in look(brokers.look, shy) if not isinstance(each, Reading)]
    failed(next(each for each in checks if each.outcome is Outcome.FAIL), "docs/how-to/kafka.md")


def test_offline_and_without_kafka_nobody_is_asked(tmp_path: Path) -> None:
    assert (
        one(look(brokers.look, on_kafka(tmp_path, "127.0.0.1:1"), offline=True), "brokers").found
        == "not asked"
    )
    assert look(brokers.look, load_config(configure(tmp_path, ""), {})) == []


def test_a_clock_behind_the_brokers_shows_in_what_they_stored_last(tmp_path: Path, kafka: LocalKafka) -> None:
    config = on_kafka(tmp_path, kafka.bootstrap)

    async def publish() -> None:
        bus = KafkaBus(config.bus.kafka, prefix=config.bus.prefix)
        await bus.start()
        await bus.ensure_topics(topics(config))
        await bus.producer().send([Message("requests.v1", b"k", b"v")])
        await bus.close()

    asyncio.run(publish())
    (reading,) = [each for each in look(brokers.look, config) if isinstance(each, Reading)]
    assert next(iter(judge([reading]))).outcome is Outcome.OK
    (reading,) = [
        each
        for each in look(brokers.look, config, clock=lambda: time.time() - OFF)
        if isinstance(each, Reading)
    ]
    failed(next(iter(judge([reading]))), "at least 10 min behind the brokers")
