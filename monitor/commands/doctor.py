"""What `leakstream doctor` looks at. Each check is one line with what to do; none of them changes anything or asks a source."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from detectors import Scanner, load_rules
from detectors.errors import DetectorError
from monitor import app
from monitor.alerting.ownership import WatchSettings
from monitor.alerting.telling.heartbeat import HeartbeatSettings
from monitor.bus.base import BusError
from monitor.config import Config, ConfigError
from monitor.coverage.signing import LedgerKeyError, load_signer
from monitor.identity import KeyFileError, load_keys
from monitor.matcher.settings import MatchSettings
from monitor.sealing import EvidenceSettings, open_to_others
from monitor.store.errors import StoreError
from monitor.store.migrate import HEAD
from monitor.store.records import compare_keys
from monitor.store.settings import StoreSettings

_STORE_GIB = 1.0
_CLOCKS_APART = 5.0  # seconds; leases last half a minute


class Outcome(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `text` says what was found, and for a warning or failure what to do."""

    outcome: Outcome
    name: str
    text: str


def examine(config: Config) -> list[Check]:
    """Blocks for as long as the database of the rules takes to load (seconds the first time). On Kafka or PostgreSQL not within an event loop."""
    return [
        _configuration(config),
        _key(config),
        _ledger(config),
        *_state(config),
        *_brokers(config),
        *_store(config),
        _rules(config),
        *_ports(config),
        *_sources(config),
        *_notifiers(config),
        _selftest(config),
        _watch(config),
        *_own_secrets(config),
        _evidence(config),
    ]


def _configuration(config: Config) -> Check:
    if config.path is None:
        return Check(Outcome.WARN, "config", "no file: defaults only; `leakstream init` writes one")
    return Check(Outcome.OK, "config", str(config.path))


def _key(config: Config) -> Check:
    if not config.key_file.exists():
        missing = f"{config.key_file} is not there"
        if config.bus.kind == "kafka":
            text = f"{missing}: every stage on Kafka needs the same one; `leakstream init` makes it once, give each a copy"
            return Check(Outcome.FAIL, "key", text)
        if app.section(config, StoreSettings).file(config.state).exists():
            return Check(Outcome.FAIL, "key", f"{missing}, but {config.state} was made with one; restore it")
        return Check(Outcome.WARN, "key", f"{missing}; the first start makes it")
    try:
        ring = load_keys(config.key_file)
    except KeyFileError as error:
        return Check(Outcome.FAIL, "key", str(error))
    return Check(Outcome.OK, "key", f"{ring.current_id} ({len(ring.keys)} active)")


def _ledger(config: Config) -> Check:
    """Only alerting needs it: no failure anywhere else."""
    path = app.ledger_key(config)
    if not path.exists():
        if path.parent.exists() and not os.access(path.parent, os.W_OK):
            text = f"{path} is not there and cannot be made: `leakstream coverage key --new`, as a user who may write there"
            return Check(Outcome.WARN, "ledger", text)
        return Check(
            Outcome.OK, "ledger", f"{path} will be made by the alerting stage; it signs what was seen"
        )
    try:
        return Check(Outcome.OK, "ledger", f"signed by {load_signer(path).public}")
    except LedgerKeyError as error:
        return Check(Outcome.FAIL, "ledger", str(error))


def _state(config: Config) -> Iterator[Check]:
    folder = config.state
    if not folder.exists():
        yield Check(Outcome.OK, "state", f"{folder} will be made")
        folder = folder.parent
    elif stat.S_IMODE(folder.stat().st_mode) & 0o077:
        yield Check(Outcome.FAIL, "state", f"{folder} is open to others; chmod 700 it")
    elif not os.access(folder, os.W_OK):
        yield Check(Outcome.FAIL, "state", f"{folder} cannot be written")
    else:
        yield Check(Outcome.OK, "state", str(folder))
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1024**3
    wanted, what = _STORE_GIB, "the store"
    if config.bus.kind == "embedded":
        wanted += sum(topic.retention_bytes for topic in app.topics(config)) / 1024**3
        what = "the topics of the bus, bus.documents_gib the largest, and the store"
    outcome = Outcome.OK if free >= wanted else Outcome.WARN
    yield Check(outcome, "disk", f"{free:.1f} GiB free, {wanted:.1f} may be used ({what})")


def _brokers(config: Config) -> Iterator[Check]:
    """A few seconds at most."""
    if config.bus.kind != "kafka":
        return
    settings = config.bus.kafka
    addresses, there = settings.bootstrap, app.listening(config)
    if not there:
        text = f"nothing listens at {', '.join(addresses)}: start the brokers, or set bus.kafka.bootstrap to where they are"
        yield Check(Outcome.FAIL, "brokers", text)
        return
    silent = [address for address in addresses if address not in there]
    if silent:
        yield Check(Outcome.WARN, "brokers", f"nothing listens at {', '.join(silent)}")
    try:
        seen = asyncio.run(app.look_at_brokers(config, clock=time.time))
    except (BusError, ConfigError, TimeoutError) as error:
        text = (
            f"{', '.join(there)} listens, but {str(error) or 'no answer came in time'}: see whether bus.kafka.security ="
            f" {settings.security}, ca_file, cert_file, sasl = {settings.sasl}, username and password are what the brokers want"
        )
        yield Check(Outcome.FAIL, "brokers", text)
        return
    found = f"{len(there)} of {len(addresses)} addresses, {seen.topics} topics, {seen.partitions} partitions"
    yield Check(Outcome.OK, "brokers", found)
    if seen.missing and settings.create_topics:
        text = f"{len(seen.missing)} are not there: the first start makes them, if it may"
        yield Check(Outcome.OK, "topics", text)
    elif seen.missing:
        text = f"missing: {', '.join(seen.missing)}; make them, or set bus.kafka.create_topics = true"
        yield Check(Outcome.FAIL, "topics", text)
    for difference in seen.differences:
        yield Check(Outcome.WARN, "topics", difference)


def _store(config: Config) -> Iterator[Check]:
    try:
        name, found = app.store_name(config), app.look_at_store(config)
        if found is None:
            yield Check(Outcome.OK, "store", "will be made")
            return
        if found.keys:
            compare_keys(found.keys, list(load_keys(config.key_file).keys))
    except (StoreError, KeyFileError, ConfigError) as error:
        yield Check(Outcome.FAIL, "store", str(error))
        return
    if found.revision != HEAD:
        text = f"{name}: has the tables of version {found.revision or '0'}, this program those of {HEAD}"
        known = found.revision < HEAD
        yield Check(
            Outcome.WARN if known else Outcome.FAIL,
            "store",
            f"{text}: the next start brings it up to date" if known else f"{text}: upgrade leakstream",
        )
    else:
        yield Check(Outcome.OK, "store", name)
    if abs(found.ahead) > _CLOCKS_APART:
        text = f"this host's clock is {found.ahead:+.0f} s from the database's: hosts that share a store need one time (NTP)"
        yield Check(Outcome.WARN, "clock", text)


def _rules(config: Config) -> Check:
    settings = app.section(config, MatchSettings)
    started = time.perf_counter()
    try:
        rules = load_rules(settings.rules)
        Scanner(rules, cache_dir=settings.cache_dir)
    except (DetectorError, OSError) as error:
        return Check(Outcome.FAIL, "rules", str(error))
    return Check(
        Outcome.OK, "rules", f"{len(rules.rules)} rules, ready in {time.perf_counter() - started:.1f} s"
    )


def _ports(config: Config) -> Iterator[Check]:
    for name, host, port in (
        ("console", config.web.host, config.web.port),
        ("metrics", config.metrics.host, 8687 if config.metrics.port is None else config.metrics.port),
    ):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                yield Check(
                    Outcome.WARN,
                    name,
                    f"{host}:{port} cannot be used ({error.strerror}): is it running already?",
                )
            else:
                yield Check(Outcome.OK, name, f"{host}:{port} is free")


def _sources(config: Config) -> Iterator[Check]:
    plugins = app.sources()
    if not config.sources:
        yield Check(Outcome.WARN, "sources", f"none is configured; there are {', '.join(plugins)}")
    for name in config.sources:
        yield Check(Outcome.OK, "source", f"{name}: {plugins[name].summary}")
    if any(name.startswith("github_") for name in config.sources) and not config.http.contact:
        yield Check(Outcome.WARN, "http", "set http.contact: GitHub and others want to know whom to write to")
    if "git" in config.sources and shutil.which("git") is None:
        yield Check(Outcome.FAIL, "git", "the git command is not installed")


def _notifiers(config: Config) -> Iterator[Check]:
    if not config.notifiers:
        yield Check(
            Outcome.WARN, "notifiers", f"none: nobody is told; there are {', '.join(app.notifiers())}"
        )
    for name in config.notifiers:
        yield Check(Outcome.OK, "notifier", name)


def _selftest(config: Config) -> Check:
    heartbeat = app.section(config, HeartbeatSettings)
    try:
        address = heartbeat.address()
    except (ValueError, OSError) as error:
        return Check(Outcome.FAIL, "self-test", f"[heartbeat] {error}")
    if "selftest" not in config.sources:
        told = "heartbeat has an address, but nothing is planted" if address else "off"
        return Check(
            Outcome.WARN, "self-test", f"{told}: add [sources.selftest], see docs/how-to/selftest.md"
        )
    if not address:
        text = "set heartbeat.url to a dead-man switch, or nobody outside notices that all of this has ended"
        return Check(Outcome.WARN, "self-test", text)
    return Check(Outcome.OK, "self-test", "canaries are planted, a dead-man switch is told")


def _watch(config: Config) -> Check:
    watch = app.section(config, WatchSettings)
    if watch.empty:
        return Check(Outcome.WARN, "watch", "[watch] is empty: everything is counted, nothing pages")
    if told := app.replay_offer(config, now=time.time()):
        return Check(Outcome.WARN, "watch", told)
    return Check(Outcome.OK, "watch", f"{watch.count} entries")


def _own_secrets(config: Config) -> Iterator[Check]:
    try:
        table = app.own_secrets(config)
        lost = app.lost_own_secrets(config, table) if table else 0
    except (ConfigError, KeyFileError) as error:
        yield Check(Outcome.FAIL, "own secrets", str(error))
        return
    if lost:
        text = f"{lost} are under keys that are not in the key file and are not found; fingerprint them again"
        yield Check(Outcome.WARN, "own secrets", text)
    elif table:
        yield Check(Outcome.OK, "own secrets", f"{len(table)} are looked up")


def _evidence(config: Config) -> Check:
    settings = app.section(config, EvidenceSettings)
    path = settings.recipients_file
    try:
        recipients = settings.read()
        loose = path is not None and open_to_others(path)
    except (ValueError, OSError) as error:
        return Check(Outcome.FAIL, "evidence", f"[evidence] {error}")
    if not recipients:
        return Check(Outcome.OK, "evidence", "off: only the masked preview of a finding is kept")
    if loose:
        text = f"others can write {path}, and so read what is sealed from then on; chmod go-w it"
        return Check(Outcome.FAIL, "evidence", text)
    if app.section(config, WatchSettings).empty:
        return Check(Outcome.WARN, "evidence", "nothing is sealed while [watch] is empty: nothing is ours")
    names = ", ".join(recipient.name for recipient in recipients)
    return Check(Outcome.OK, "evidence", f"sealed to {names}, kept {settings.days:g} days")
