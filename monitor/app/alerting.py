"""What the alerting stage is made of: its handler and the jobs beside it."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.following.follower import Follower
from monitor.alerting.keeping import Keeper
from monitor.alerting.notifiers.base import (
    NotifierPlugin,
    NotifierSettings,
    ReaderSettings,
    Restating,
)
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.ownership.desk import WatchDesk
from monitor.alerting.policy.table import Policy, PolicySettings
from monitor.alerting.selftest import SelfTest
from monitor.alerting.service import AlertingService, Rules
from monitor.alerting.telling.channel import Channel
from monitor.alerting.telling.grouping import Grouping
from monitor.alerting.telling.heartbeat import Heartbeat, HeartbeatSettings
from monitor.alerting.telling.outbox import Deliverer
from monitor.alerting.telling.reach import Reach
from monitor.alerting.telling.reconciler import Reconciler
from monitor.alerting.upkeep import Upkeep
from monitor.app.console import add_console
from monitor.app.drills import drill_jobs
from monitor.app.loading import configured, looks_per_minute, notifiers, routes_of, section
from monitor.app.state import ledger_key, revision
from monitor.bus.base import Handler, Producer
from monitor.config import Config
from monitor.health import Check
from monitor.identity import KeyRing
from monitor.sealing import EvidenceSettings
from monitor.store.engine import Store
from monitor.store.janitor import Janitor, Terms
from monitor.tools import Tools

Job = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Alerting:
    """`handler` is for the bus's runner; `jobs` run beside it, by name; `reach` knows who can be told."""

    handler: Handler
    jobs: dict[str, Job]
    reach: Reach


def make_alerting(
    config: Config,
    store: Store,
    requests: Producer,
    tools: Tools,
    keys: KeyRing,
    known: frozenset[str],
    checks: Mapping[str, Check],
    notes: Mapping[str, Check],
) -> Alerting:
    """`requests` takes what collectors are asked; `known`: the ids of the keys that the store knows. With a console, where there is a
    listener for one: it shows what `checks` and `notes` of this process say. Raises ConfigError.
    """
    metrics, clock, console = tools.metrics, tools.clock, config.external_url
    routes, channels = routes_of(config), make_channels(config, tools, keys)
    policy = section(config, PolicySettings)
    privacy = section(config, PrivacySettings)
    deliverer = Deliverer(store, channels, metrics, clock=clock, console=console, privacy=privacy)
    rules = Rules(Ownership(section(config, WatchSettings)), Policy.of(policy), tuple(routes))
    heartbeat = make_heartbeat(config, tools)
    holder = f"{platform.node()[:40]}:{os.getpid()}"
    reach = Reach(store, channels, metrics, clock=clock, holder=holder)
    late = section(config, HeartbeatSettings).late_seconds
    selftest = SelfTest(
        store,
        metrics,
        clock=clock,
        late_seconds=late,
        on_success=(lambda: heartbeat.beat(reach.problems())) if heartbeat else lambda: None,
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
    if channels:
        jobs["reach"] = reach.run
    jobs |= drill_jobs(config, store, tools, keys, on_told=deliverer.wake)
    if heartbeat is not None:
        jobs["heartbeat"] = heartbeat.run
    restating = [
        (channel.notifier, route)
        for channel, route in zip(channels, routes, strict=True)  # both in the configuration's order
        if isinstance(channel.notifier, Restating)
    ]
    jobs["follow"] = Follower(
        store, requests, metrics, clock=clock, holder=holder, per_minute=looks_per_minute(config)
    ).run
    if restating:
        jobs["reconcile"] = Reconciler(
            store, restating, metrics, clock=clock, holder=holder, console=console, privacy=privacy
        ).run
    if tools.web is not None:
        exposures = Exposures(
            store,
            metrics,
            clock=clock,
            routes=routes,
            console=console,
            privacy=privacy,
            on_told=deliverer.wake,
        )
        alive = upkeep.alive.rules
        whose = WatchDesk(section(config, WatchSettings), rules.ownership)
        add_console(
            tools.web, config, store, tools, exposures, watch=whose, alive=alive, checks=checks, notes=notes
        )
    return Alerting(alerting.handle, jobs, reach)


def make_channels(config: Config, tools: Tools, keys: KeyRing) -> Sequence[Channel]:
    """One a notifier, in the configuration's order. Raises ConfigError."""
    plugins, built = notifiers(), []
    for name, settings in config.notifiers.items():
        assert isinstance(settings, NotifierSettings)
        with configured(f"notifiers.{name}"):
            notifier = plugins[name].build(settings, tools)
            mark = revision(settings, keys)
        built.append(
            Channel(
                name,
                notifier,
                settings.deadline_seconds,
                mark,
                settings.at_once,
                grouping=_grouping(settings, plugins[name]),
                silenced=not isinstance(notifier, Restating),  # what shows states has silences of its own
            )
        )
    return built


def _grouping(settings: NotifierSettings, plugin: NotifierPlugin) -> Grouping | None:
    """None for machines, which count by themselves."""
    if not isinstance(settings, ReaderSettings):
        return None
    return Grouping(
        seconds=settings.group_seconds,
        after=settings.group_after,
        storm_after=settings.storm_after,
        storm_seconds=settings.storm_seconds,
        sums=frozenset(change.value for change in plugin.sums),
    )


def make_heartbeat(config: Config, tools: Tools) -> Heartbeat | None:
    """None where nobody is to be told. Raises ConfigError."""
    with configured("heartbeat"):
        url = section(config, HeartbeatSettings).address()
    return Heartbeat(tools.http, url, tools.metrics) if url else None
