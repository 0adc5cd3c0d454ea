"""The brokers of Kafka and our topics there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from monitor import app
from monitor.bus.base import BusError
from monitor.commands.doctor.check import Check, Found, Patient, Reading, fail, ok, warn
from monitor.config import Config, ConfigError, KafkaSettings

_PAGE: Final = "docs/how-to/kafka.md"
# how far a connection goes (monitor.bus.kafka.greeting) -> what that means, and what to do
_MEANING: Final[Mapping[str, tuple[str, str]]] = {
    "nobody": ("nothing listens there", "start the brokers, or set bus.kafka.bootstrap to where they are"),
    "silent": ("it takes connections and does not answer", "see whether it is a broker, and its log"),
    "closed": (
        "it ends the connection; bus.kafka.security = {security}",
        "set security to what that listener speaks (tls or plaintext), and see that it is a broker's",
    ),
    "tls": (
        "no TLS with it; bus.kafka.security = {security}, ca_file = {ca_file}",
        "give its authority as ca_file, or set security to what that listener speaks",
    ),
    "mechanism": (
        "it does not sign in by sasl = {sasl}",
        "set bus.kafka.sasl to a mechanism that is enabled for that listener",
    ),
    "login": (
        "wrong password, or no such user: {username}",
        "correct bus.kafka.username and password_file, or add the user to the brokers",
    ),
}


def look(patient: Patient) -> Found:
    """Some seconds at most."""
    config = patient.config
    if config.bus.kind != "kafka":
        return
    if patient.offline:
        yield ok("brokers", "not asked")
        return
    try:
        reached = app.greet_brokers(config)
    except ConfigError as error:
        yield fail("brokers", str(error), f"correct [bus.kafka]; see {_PAGE}")
        return
    welcome = [address for address, greeting in reached.items() if greeting == "welcome"]
    for address, greeting in reached.items():
        if greeting != "welcome":
            yield _refused(config.bus.kafka, address, greeting, others=bool(welcome))
    if welcome:
        yield from _topics(patient, welcome)


def _refused(kafka: KafkaSettings, address: str, greeting: str, *, others: bool) -> Check:
    found, advice = _MEANING[greeting]
    told = f"{address}: {found.format_map(_shown(kafka))}"
    return (warn if others else fail)("brokers", told, f"{advice}; see {_PAGE}")


def _shown(kafka: KafkaSettings) -> dict[str, object]:
    """What may be shown of it."""
    return {
        "security": kafka.security,
        "ca_file": kafka.ca_file or "the system's",
        "sasl": kafka.sasl,
        "username": kafka.username,
    }


def _topics(patient: Patient, welcome: Sequence[str]) -> Found:
    config = patient.config
    try:
        seen = asyncio.run(app.look_at_brokers(config, clock=patient.clock))
    except (BusError, ConfigError, TimeoutError) as error:
        told = f"{', '.join(welcome)} answers, but {str(error) or 'not in time'}"
        advice = (
            f"see that the listener asks for sasl = {config.bus.kafka.sasl} and what its ACLs allow; {_PAGE}"
        )
        yield fail("brokers", told, advice)
        return
    count = len(config.bus.kafka.bootstrap)
    yield ok(
        "brokers", f"{len(welcome)} of {count} addresses, {seen.topics} topics, {seen.partitions} partitions"
    )
    yield from _missing(config, seen)
    for difference in seen.differences:
        yield warn("topics", difference, f"alter the topic, or the configuration; see {_PAGE}")
    if seen.newest is not None:
        yield Reading("the brokers", patient.clock() - seen.newest, at_least=True)


def _missing(config: Config, seen: app.Brokers) -> Found:
    if not seen.missing:
        return
    if config.bus.kafka.create_topics:
        yield ok("topics", f"{len(seen.missing)} are not there: the first start makes them, if it may")
        return
    told = f"{len(seen.missing)} topics are missing: {', '.join(seen.missing)}"
    yield fail("topics", told, f"make them ({_PAGE} has the commands), or set bus.kafka.create_topics = true")
