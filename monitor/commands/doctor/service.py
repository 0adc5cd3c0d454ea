"""The service, if it is running already; else whether its ports are free."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from monitor import app
from monitor.commands.doctor.check import Check, Found, Patient, fail, ok, warn
from monitor.config import Config
from monitor.http import HttpClient, HttpError
from monitor.untrusted import Sink, untrusted
from monitor.version import version

_STAGES: Final = {8687: "run", 8688: "collect", 8689: "match", 8690: "alert"}
_ANYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - listening everywhere, it answers on loopback


@dataclass(frozen=True, slots=True)
class Running:
    """What a service of this configuration says of itself: /readyz and its version."""

    address: str
    state: Mapping[str, Any]
    version: str


def look(patient: Patient) -> Found:
    found = asyncio.run(running(patient.config))
    if not found:
        yield from _ports(patient.config)
        return
    for each in found:
        yield from _told(each)


def _told(each: Running) -> Iterator[Check]:
    if each.version and each.version != version():
        told = f"{each.version} is running at {each.address}, this program is {version()}"
        yield warn("service", told, "restart it, or run the doctor that was installed with it")
    reasons = [
        f"{part}: {reason}"
        for part, state in each.state["parts"].items()
        for reason in state.get("reasons", ())
    ]
    for reason in reasons:
        told = f"running at {each.address}, but not ready: {untrusted(reason, Sink.TERMINAL)}"
        yield fail("service", told, "see docs/runbooks/ and the service's log")
    if not reasons and not each.state["ready"]:
        yield warn("service", f"starting at {each.address}", "wait a moment and ask again")
    elif not reasons:
        parts = ", ".join(each.state["parts"])
        yield ok("service", f"is running at {each.address} and ready ({parts})")
    for note in each.state.get("notes", ()):
        yield warn("service", untrusted(str(note), Sink.TERMINAL), "see docs/how-to/notifying.md")


async def running(config: Config) -> list[Running]:
    """Every process of this configuration that answers on this host: the whole service, or single stages. At once."""
    host = "127.0.0.1" if config.metrics.host in _ANYWHERE else config.metrics.host
    ports = tuple(_STAGES) if config.metrics.port is None else (config.metrics.port,)
    shown = f"[{host}]" if ":" in host else host
    addresses = [f"{shown}:{port}" for port in ports if port]
    async with app.polite_client(config, own=addresses) as http:
        asked = await asyncio.gather(*(_ask(http, address) for address in addresses))
    return [each for each in asked if each is not None]


async def _ask(http: HttpClient, address: str) -> Running | None:
    try:
        readiness = await http.request("GET", f"http://{address}/readyz")
        state = readiness.json()
        metrics = await http.request("GET", f"http://{address}/metrics")
        body = metrics.body.decode()
    except (HttpError, ValueError):
        return None
    if not isinstance(state, dict) or not isinstance(state.get("parts"), dict) or "ready" not in state:
        return None
    return Running(address, state, _version(body))


def _version(body: str) -> str:
    """Empty where it does not say."""
    lines = "\n".join(line for line in body.splitlines() if line.startswith("leakstream_build_info"))
    for family in text_string_to_metric_families(lines + "\n"):
        for sample in family.samples:
            return str(sample.labels.get("version", ""))
    return ""


def _ports(config: Config) -> Iterator[Check]:
    for name, key, host, port in (
        ("console", "web.port", config.web.host, config.web.port),
        (
            "metrics",
            "metrics.port",
            config.metrics.host,
            8687 if config.metrics.port is None else config.metrics.port,
        ),
    ):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                told = f"{host}:{port} cannot be used ({(error.strerror or str(error)).lower()}), and it is not leakstream that answers"
                yield fail(name, told, f"see who has it (`ss -ltnp`), or set {key} to another")
            else:
                yield ok(name, f"{host}:{port} is free")
