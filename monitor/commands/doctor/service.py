"""The service, if it is running already; else whether its ports are free."""

from __future__ import annotations

import asyncio
import socket
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from monitor import app
from monitor.commands.doctor.check import Check, Found, Patient, fail, ok, warn
from monitor.config import Config
from monitor.http import HttpClient, HttpError
from monitor.metrics.objectives import PAGE_SECONDS
from monitor.untrusted import Sink, untrusted
from monitor.version import version

_TIME: Final = "time to page"
_STAGES: Final = {8687: "run", 8688: "collect", 8689: "match", 8690: "alert"}
_ANYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - listening everywhere, it answers on loopback


class Taken(NamedTuple):
    """Of a histogram of seconds."""

    number: int
    seconds: float

    @property
    def average(self) -> float:
        return self.seconds / self.number


@dataclass(frozen=True, slots=True)
class Running:
    """What a service of this configuration says of itself: /readyz, its version, and how long pages and canaries took since its start."""

    address: str
    state: Mapping[str, Any]
    version: str
    pages: Taken
    canaries: Taken


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
    yield from _times(each)


def _times(each: Running) -> Iterator[Check]:
    if each.pages.number:
        told = f"{each.pages.average:.1f} s on average of the {each.pages.number} pages since its start"
        if each.pages.average > PAGE_SECONDS:
            advice = "see on the dashboard Stream health which stage is slow"
            yield warn(_TIME, f"{told}; {PAGE_SECONDS:.0f} s is the objective", advice)
        else:
            yield ok(_TIME, told)
    if each.canaries.number:
        yield ok(
            _TIME,
            f"{each.canaries.average:.1f} s to alerting on average of the self-test's {each.canaries.number} canaries",
        )


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
        said = _said(metrics.body.decode())
    except (HttpError, ValueError):
        return None
    if not isinstance(state, dict) or not isinstance(state.get("parts"), dict) or "ready" not in state:
        return None
    return Running(
        address,
        state,
        next((labels.get("version", "") for labels, _ in said.get("leakstream_build_info", ())), ""),
        _taken(said, "leakstream_publish_to_notify_seconds"),
        _taken(said, "leakstream_selftest_seconds"),
    )


def _said(body: str) -> Mapping[str, list[tuple[Mapping[str, str], float]]]:
    """Series -> labels and value. Raises ValueError: no metrics."""
    found: dict[str, list[tuple[Mapping[str, str], float]]] = defaultdict(list)
    for family in text_string_to_metric_families(body):
        for sample in family.samples:
            found[sample.name].append((sample.labels, sample.value))
    return found


def _taken(said: Mapping[str, list[tuple[Mapping[str, str], float]]], name: str) -> Taken:
    count, seconds = (sum(value for _, value in said.get(f"{name}_{part}", ())) for part in ("count", "sum"))
    return Taken(int(count), seconds)


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
