"""What the alerting stage is made of: its handler and the jobs beside it."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from monitor.alerting.channel import Channel
from monitor.alerting.heartbeat import Heartbeat, HeartbeatSettings
from monitor.alerting.keeping import Keeper
from monitor.alerting.notifiers.base import NotifierSettings, Restating
from monitor.alerting.outbox import Deliverer
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.policy import Policy, PolicySettings
from monitor.alerting.queries import Exposures
from monitor.alerting.reconciler import Reconciler
from monitor.alerting.selftest import SelfTest
from monitor.alerting.service import AlertingService, Rules
from monitor.alerting.upkeep import Upkeep
from monitor.app.drills import drill_jobs
from monitor.app.loading import configured, notifiers, routes_of, section
from monitor.app.state import ledger_key, revision
from monitor.bus.base import Handler
from monitor.config import Config
from monitor.console.console import Console
from monitor.identity import KeyRing
from monitor.sealing import EvidenceSettings
from monitor.store.engine import Store
from monitor.store.janitor import Janitor, Terms
from monitor.tools import Tools

Job = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Alerting:
    """`handler` is for the bus's runner; `jobs` run beside it, by name."""

    handler: Handler
    jobs: dict[str, Job]


def make_alerting(
    config: Config, store: Store, tools: Tools, keys: KeyRing, known: frozenset[str]
) -> Alerting:
    """`known`: the ids of the keys that the store knows. With a console, where there is a listener for one. Raises ConfigError."""
    metrics, clock, console = tools.metrics, tools.clock, config.external_url
    routes, channels = routes_of(config), make_channels(config, tools, keys)
    policy = section(config, PolicySettings)
    deliverer = Deliverer(store, channels, metrics, clock=clock, console=console)
    rules = Rules(Ownership(section(config, WatchSettings)), Policy.of(policy), tuple(routes))
    heartbeat = make_heartbeat(config, tools)
    late = section(config, HeartbeatSettings).late_seconds
    selftest = SelfTest(
        store,
        metrics,
        clock=clock,
        late_seconds=late,
        on_success=heartbeat.beat if heartbeat else lambda: None,
    )
    alerting = AlertingService(
        store, rules, metrics, selftest, keys=known, clock=clock, on_told=deliverer.wake
    )
    terms = Terms(
        unattributed_places=policy.unattributed_places_hours * 3600,
        sealed=section(config, EvidenceSettings).days * 86_400,
    )
    janitor = Janitor(store, terms)
    names = [route.notifier for route in routes]
    upkeep = Upkeep(store, janitor, metrics, clock=clock, notifiers=names, late_seconds=late)
    keeper = Keeper(store, ledger_key(config), metrics, clock=clock)
    jobs: dict[str, Job] = {"deliver": deliverer.run, "upkeep": upkeep.run, "ledger": keeper.run}
    jobs |= drill_jobs(config, store, tools, keys, on_told=deliverer.wake)
    if heartbeat is not None:
        jobs["heartbeat"] = heartbeat.run
    restating = [
        (channel.notifier, route)
        for channel, route in zip(channels, routes, strict=True)  # both in the configuration's order
        if isinstance(channel.notifier, Restating)
    ]
    if restating:
        holder = f"{platform.node()[:40]}:{os.getpid()}"
        jobs["reconcile"] = Reconciler(
            store, restating, metrics, clock=clock, holder=holder, console=console
        ).run
    if tools.web is not None:
        exposures = Exposures(
            store, metrics, clock=clock, routes=routes, console=console, on_told=deliverer.wake
        )
        Console(exposures).add_to(tools.web)
    return Alerting(alerting.handle, jobs)


def make_channels(config: Config, tools: Tools, keys: KeyRing) -> Sequence[Channel]:
    """One a notifier, in the configuration's order. Raises ConfigError."""
    plugins, built = notifiers(), []
    for name, settings in config.notifiers.items():
        assert isinstance(settings, NotifierSettings)
        with configured(f"notifiers.{name}"):
            notifier = plugins[name].build(settings, tools)
            mark = revision(settings, keys)
        built.append(Channel(name, notifier, settings.deadline_seconds, mark, settings.at_once))
    return built


def make_heartbeat(config: Config, tools: Tools) -> Heartbeat | None:
    """None where nobody is to be told. Raises ConfigError."""
    with configured("heartbeat"):
        url = section(config, HeartbeatSettings).address()
    return Heartbeat(tools.http, url, tools.metrics) if url else None
