"""What `leakstream doctor` finds before a start does."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from agekeys import responder
from monitor.app import ledger_key, load_config, prepare_state, topics
from monitor.bus.kafka import KafkaBus
from monitor.commands.doctor import Check, Outcome, examine
from monitor.config import Config
from monitor.coverage.signing import create_signer
from monitor.identity import create_key
from monitor.store.dialect import database_url
from monitor.store.engine import Store
from monitor.store.glance import glance
from monitor.store.migrate import migrate
from monitor.store.records import bind_key
from whole_service import configure


async def outcomes(config: Config) -> dict[str, Check]:
    """By name; the worst of a name."""
    order = list(Outcome)
    found: dict[str, Check] = {}
    for check in sorted(examine(config), key=lambda check: order.index(check.outcome)):
        found[check.name] = check
    return found


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load_config(configure(tmp_path, '[watch]\ndomains = ["example.com"]\n'), {})


async def test_a_fresh_folder_is_fine_and_nothing_is_made(config: Config) -> None:
    found = await outcomes(config)
    assert not [check for check in found.values() if check.outcome is Outcome.FAIL]
    assert found["watch"].outcome is Outcome.OK
    assert {found[name].outcome for name in ("key", "sources", "notifiers", "self-test")} == {Outcome.WARN}
    assert not config.state.exists()
    assert not config.key_file.exists()


async def test_the_disk_must_hold_every_topic(config: Config) -> None:
    wanted = sum(topic.retention_bytes for topic in topics(config)) / 1024**3 + 1
    assert f"{wanted:.1f} may be used" in (await outcomes(config))["disk"].text


def on_kafka(folder: Path, bootstrap: str, more: str = "") -> Config:
    text = f"""[bus]
kind = "kafka"
prefix = "t-{uuid.uuid4().hex[:12]}."
[bus.kafka]
bootstrap = "{bootstrap}"
security = "plaintext"
replication = 1
min_insync = 1
partitions = 2
{more}"""
    return load_config(configure(folder, text), {})


def told(config: Config, name: str) -> Sequence[tuple[Outcome, str]]:
    return [(check.outcome, check.text) for check in examine(config) if check.name == name]


async def make_topics(config: Config, *without: str) -> None:
    bus = KafkaBus(config.bus.kafka, prefix=config.bus.prefix)
    await bus.start()
    try:
        await bus.ensure_topics([topic for topic in topics(config) if topic.name not in without])
    finally:
        await bus.close()


def test_the_brokers_are_asked_and_nothing_is_made_there(tmp_path: Path, kafka: str) -> None:
    config = on_kafka(tmp_path, kafka)
    count = len(topics(config))
    for _ in range(2):  # the first look made none
        assert told(config, "brokers") == [(Outcome.OK, "1 of 1 addresses, 0 topics, 0 partitions")]
        ((outcome, text),) = told(config, "topics")
        assert (outcome, text.partition(" are not there")[0]) == (Outcome.OK, str(count))
    asyncio.run(make_topics(config))
    partitions = sum(topic.partitions for topic in topics(config))
    found = f"1 of 1 addresses, {count} topics, {partitions} partitions"
    assert told(config, "brokers") == [(Outcome.OK, found)]
    assert told(config, "topics") == []
    other = replace(config, bus=config.bus.model_copy(update={"documents_hours": 12.0}))
    differences = told(other, "topics")
    assert {outcome for outcome, _ in differences} == {Outcome.WARN}
    assert any("retention.ms is 86400000, the configuration says 43200000" in text for _, text in differences)


def test_topics_that_nobody_makes_fail_and_are_named(tmp_path: Path, kafka: str) -> None:
    config = on_kafka(tmp_path, kafka)
    asyncio.run(make_topics(config, "requests.v1"))
    shy = config.bus.kafka.model_copy(update={"create_topics": False})
    config = replace(config, bus=config.bus.model_copy(update={"kafka": shy}))
    ((outcome, text),) = told(config, "topics")
    assert outcome is Outcome.FAIL
    assert text.startswith(f"missing: {config.bus.prefix}requests.v1; make them")


def test_where_nothing_or_no_broker_listens_it_is_said_what_to_look_at(tmp_path: Path, kafka: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ((outcome, text),) = told(on_kafka(tmp_path, f"127.0.0.1:{port}"), "brokers")
    assert (outcome, f"nothing listens at 127.0.0.1:{port}" in text) == (Outcome.FAIL, True)
    assert "bus.kafka.bootstrap" in text
    ((warned, text), (outcome, _)) = told(on_kafka(tmp_path, f"{kafka},127.0.0.1:{port}"), "brokers")
    assert (warned, text, outcome) == (Outcome.WARN, f"nothing listens at 127.0.0.1:{port}", Outcome.OK)
    sasl = 'sasl = "PLAIN"\nusername = "match"\npassword = "hidden"'
    ((outcome, text),) = told(on_kafka(tmp_path, kafka, sasl), "brokers")
    assert outcome is Outcome.FAIL
    assert all(word in text for word in (kafka, "bus.kafka.security = plaintext", "ca_file", "sasl = PLAIN"))
    assert "hidden" not in text


def test_on_kafka_the_key_is_nobody_s_to_make_and_the_topics_take_no_room_here(tmp_path: Path) -> None:
    config = on_kafka(tmp_path, "127.0.0.1:1")
    ((outcome, text),) = told(config, "key")
    assert (outcome, "leakstream init" in text) == (Outcome.FAIL, True)
    ((_, text),) = told(config, "disk")
    assert "1.0 may be used (the store)" in text


async def test_a_key_that_is_gone_is_not_made_anew(config: Config) -> None:
    prepare_state(config)
    await (await Store.open(config.state / "store.db")).close()
    config.key_file.unlink()
    check = (await outcomes(config))["key"]
    assert (check.outcome, "restore it" in check.text) == (Outcome.FAIL, True)


async def test_the_key_of_the_ledger_is_looked_at(config: Config) -> None:
    path = ledger_key(config)
    assert "will be made by the alerting stage" in (await outcomes(config))["ledger"].text
    assert not path.exists()
    public = create_signer(path).public
    assert (await outcomes(config))["ledger"] == Check(Outcome.OK, "ledger", f"signed by {public}")
    path.chmod(0o644)
    check = (await outcomes(config))["ledger"]
    assert (check.outcome, "chmod 600" in check.text) == (Outcome.FAIL, True)


async def test_a_strange_key_and_an_open_folder_fail(config: Config) -> None:
    keys = prepare_state(config)
    store = await Store.open(config.state / "store.db")
    await bind_key(store, list(keys.keys))
    await store.close()
    assert (await outcomes(config))["store"].outcome is Outcome.OK
    config.key_file.unlink()
    create_key(config.key_file)
    config.state.chmod(0o755)
    found = await outcomes(config)
    assert found["store"].outcome is Outcome.FAIL
    assert (found["state"].outcome, "chmod 700" in found["state"].text) == (Outcome.FAIL, True)


async def test_the_doctor_changes_no_store(config: Config) -> None:
    keys = prepare_state(config)
    path = config.state / "store.db"
    await asyncio.to_thread(migrate, database_url(path), "base")
    before = {file.name: file.read_bytes() for file in config.state.iterdir()}
    found = (await outcomes(config))["store"]
    assert (found.outcome, "brings it up to date" in found.text) == (Outcome.WARN, True)
    assert {file.name: file.read_bytes() for file in config.state.iterdir()} == before
    store = await Store.open(path)
    await bind_key(store, list(keys.keys))  # the newest pages stand in the log
    assert glance(path).keys == tuple(keys.keys)
    async with store.write() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert (await outcomes(config))["store"].outcome is Outcome.FAIL
    await store.close()
    config.key_file.unlink()
    create_key(config.key_file)
    assert "is not the one" in (await outcomes(config))["store"].text
    path.write_bytes(b"no database" * 100)
    assert "cannot be read" in (await outcomes(config))["store"].text


async def test_a_rule_file_that_is_wrong_fails(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("rule = 1\n")
    config = load_config(configure(tmp_path, f'[match]\nrules = ["{tmp_path}/mine.toml"]\n'), {})
    found = await outcomes(config)
    assert found["rules"].outcome is Outcome.FAIL
    assert "mine" in found["rules"].text
    assert found["watch"].outcome is Outcome.WARN


@pytest.mark.parametrize(
    ("text", "outcome", "word"),
    [
        ("", Outcome.WARN, "off"),
        ('[heartbeat]\nurl = "https://switch.example/hidden"\n', Outcome.WARN, "nothing is planted"),
        ("[sources.selftest]\n", Outcome.WARN, "heartbeat.url"),
        (
            '[heartbeat]\nurl = "https://switch.example/hidden"\n[sources.selftest]\n',
            Outcome.OK,
            "switch is told",
        ),
        ('[heartbeat]\nurl_file = "nowhere"\n', Outcome.FAIL, "No such file"),
        ('[heartbeat]\nurl = "switch.example/hidden"\n', Outcome.FAIL, "https://"),
    ],
)
def test_a_self_test_that_nobody_would_hear_of_is_told(
    tmp_path: Path, text: str, outcome: Outcome, word: str
) -> None:
    checks = examine(load_config(configure(tmp_path, text), {}))
    (found,) = [check for check in checks if check.name == "self-test"]
    assert (found.outcome, word in found.text, "hidden" in found.text) == (outcome, True, False)


async def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = configure(tmp_path, "")
        path.write_text(
            path.read_text().replace("[web]\nport = 0", f"[web]\nport = {taken.getsockname()[1]}")
        )
        assert (await outcomes(load_config(path, {})))["console"].outcome is Outcome.WARN


async def test_recipients_of_evidence_are_looked_at(tmp_path: Path) -> None:
    file, watch = tmp_path / "recipients", '[watch]\ndomains = ["example.com"]\n'
    section = f'[evidence]\nrecipients_file = "{file}"\n'

    async def told(text: str) -> Check:
        return (await outcomes(load_config(configure(tmp_path, text), {})))["evidence"]

    assert (await told(watch)).text.startswith("off")
    assert (await told(watch + section)).outcome is Outcome.FAIL  # no such file
    ann = responder(tmp_path)
    file.write_text(ann.public)
    file.chmod(0o600)
    found = await told(watch + section)
    assert (found.outcome, ann.public in found.text) == (Outcome.OK, True)
    assert (await told(section)).outcome is Outcome.WARN  # nothing is watched
    file.chmod(0o622)
    assert "others can write" in (await told(watch + section)).text
    file.write_text(ann.identity.read_text())
    found = await told(watch + section)
    assert (found.outcome, "private key" in found.text) == (Outcome.FAIL, True)
    assert ann.identity.read_text().strip() not in found.text
