"""Some or all stages in one process."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import urlsplit

import structlog
from pydantic import BaseModel

from detectors import load_rules
from monitor import hardening
from monitor.aio import sleep_until, supervise
from monitor.alerting.heartbeat import Heartbeat, HeartbeatSettings
from monitor.alerting.notifiers.base import NotifierSettings, Restating
from monitor.alerting.outbox import Channel, Deliverer
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.policy import Policy, PolicySettings
from monitor.alerting.queries import Exposures
from monitor.alerting.reconciler import Reconciler
from monitor.alerting.selftest import SelfTest
from monitor.alerting.service import AlertingService, Rules
from monitor.alerting.upkeep import Upkeep
from monitor.app.buses import connected, make_bus, topics
from monitor.app.loading import configured, notifiers, routes_of, sources
from monitor.app.state import prepare_state, revision
from monitor.bus.base import Bus, Handler
from monitor.bus.runner import Runner
from monitor.collectors.base import Source
from monitor.collectors.service import CollectorService
from monitor.config import Config, ConfigError
from monitor.console.console import Console
from monitor.contracts import (
    COVERAGE,
    DOCUMENTS,
    FINDINGS,
    SIGHTINGS,
)
from monitor.gitread.mirror import forget
from monitor.health import Check, Health
from monitor.http import HttpClient
from monitor.identity import KeyRing
from monitor.matcher.pool import PoolSettings, ScanPool
from monitor.matcher.service import CONTENT_REASONS, MatcherService
from monitor.matcher.settings import MatchSettings
from monitor.metrics import Metrics
from monitor.store.collector_state import SqlCollectorState
from monitor.store.engine import Store
from monitor.store.janitor import Janitor, Terms
from monitor.store.records import bind_key
from monitor.tools import Tools
from monitor.version import version
from monitor.web import Web

_LOG = structlog.get_logger("service")
_M = TypeVar("_M", bound=BaseModel)


class Stage(StrEnum):
    """What one process may run."""

    COLLECT = "collect"
    MATCH = "match"
    ALERT = "alert"


ALL_STAGES: Final = frozenset(Stage)
_METRICS_PORT: Final = {Stage.COLLECT: 8688, Stage.MATCH: 8689, Stage.ALERT: 8690}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where a running service answers. `web` is "" in a stage without console and ingest."""

    health: str
    web: str


class Service:
    """Some or all stages on one bus. `run` once; for one event loop."""

    def __init__(
        self,
        config: Config,
        stages: frozenset[Stage] = ALL_STAGES,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._config = config
        self._stages = stages
        self._clock = clock
        self.metrics = Metrics()
        self._jobs: dict[str, Callable[[asyncio.Event], Awaitable[None]]] = {}
        self._checks: dict[str, Check] = {}

    async def run(self, stop: asyncio.Event, on_ready: Callable[[Addresses], None] = lambda _: None) -> None:
        """Until `stop` is set. Raises what ended a stage; at the start ConfigError, DetectorError, KeyFileError, StoreRefused, BusError,
        PoolFailed.
        """
        hardening.no_core_dumps()
        self.metrics.build.labels(version(), platform.python_version()).set(1)
        async with AsyncExitStack() as stack:
            keys = prepare_state(self._config)
            health = Health(
                self._config.metrics.host, self._metrics_port(), self.metrics.registry, checks=self._checks
            )
            with _listening("metrics", self._config.metrics.host, self._metrics_port()):
                await health.start()
            stack.push_async_callback(health.close)
            store = await Store.open(self._config.state / "store.db")
            stack.push_async_callback(store.close)
            known = await bind_key(store, list(keys.keys))
            bus = await self._bus(stack)
            tools = self._tools()
            stack.push_async_callback(tools.http.close)
            if Stage.MATCH in self._stages:
                await self._match(stack, bus, keys)
            if Stage.ALERT in self._stages:
                self._alert(bus, store, tools, keys, known)
            if Stage.COLLECT in self._stages:
                await self._collect(stack, bus, tools)
            if (web := tools.web) is not None:
                with _listening("web", self._config.web.host, self._config.web.port):
                    await web.start()
                stack.push_async_callback(web.close)
            self._jobs["loop"] = self._watch_loop
            on_ready(Addresses(health=health.address, web=web.address if web else ""))
            await supervise(self._jobs, stop)

    async def check(self) -> None:
        """Build whatever a start builds out of the configuration, and start nothing: no file is made, no port taken, nobody asked.

        Raises ConfigError, DetectorError.
        """
        tools = self._tools()
        try:
            make_bus(self._config, self._clock, self.metrics, "check")
            self._check_rules()
            self._sources(tools)
            self._channels(tools, KeyRing.of(bytes(32)))
            self._heartbeat(tools)
        finally:
            await tools.http.close()

    def _check_rules(self) -> None:
        with configured("match"):
            load_rules(self._section(MatchSettings).rules)

    def _tools(self) -> Tools:
        with configured("http"):
            http = HttpClient(
                user_agent=_user_agent(self._config), allow_private=self._config.http.allow_private
            )
        return Tools(
            http=http, metrics=self.metrics, state=self._config.state, web=self._web(), clock=self._clock
        )

    def _sources(self, tools: Tools) -> dict[str, Source]:
        plugins, built = sources(), {}
        for name, settings in self._config.sources.items():
            with configured(f"sources.{name}"):
                built[name] = plugins[name].build(settings, tools)
        return built

    def _channels(self, tools: Tools, keys: KeyRing) -> list[Channel]:
        plugins, built = notifiers(), []
        for name, settings in self._config.notifiers.items():
            assert isinstance(settings, NotifierSettings)
            with configured(f"notifiers.{name}"):
                notifier = plugins[name].build(settings, tools)
                mark = revision(settings, keys)
            built.append(Channel(name, notifier, settings.deadline_seconds, mark, settings.at_once))
        return built

    def _heartbeat(self, tools: Tools) -> Heartbeat | None:
        with configured("heartbeat"):
            url = self._section(HeartbeatSettings).address()
        return Heartbeat(tools.http, url, self.metrics) if url else None

    def _selftest(self, store: Store, tools: Tools) -> SelfTest:
        heartbeat = self._heartbeat(tools)
        if heartbeat is not None:
            self._jobs["heartbeat"] = heartbeat.run
        return SelfTest(
            store,
            self.metrics,
            clock=self._clock,
            late_seconds=self._section(HeartbeatSettings).late_seconds,
            on_success=heartbeat.beat if heartbeat is not None else lambda: None,
        )

    async def _bus(self, stack: AsyncExitStack) -> Bus:
        name = next(iter(self._stages)).value if len(self._stages) == 1 else "run"
        bus = await stack.enter_async_context(connected(self._config, self._clock, self.metrics, name))
        for difference in await bus.ensure_topics(topics(self._config)):
            _LOG.warning("topic differs from the configuration", difference=difference)
        return bus

    async def _match(self, stack: AsyncExitStack, bus: Bus, keys: KeyRing) -> None:
        settings = self._section(MatchSettings)
        if settings.rules:  # a wrong one is said here, by its file, and not by a process that does not start
            await asyncio.to_thread(self._check_rules)
        pool = await stack.enter_async_context(
            ScanPool(
                PoolSettings(
                    processes=settings.processes,
                    seconds=settings.job_seconds,
                    memory_bytes=settings.memory_mib * 1024**2,
                    cache_dir=settings.cache_dir,
                    rules=settings.rules,
                ),
                keys,
                self.metrics,
            )
        )
        matcher = MatcherService(pool, self.metrics)
        self._read(bus, Stage.MATCH, [DOCUMENTS], matcher.handle)

    def _alert(self, bus: Bus, store: Store, tools: Tools, keys: KeyRing, known: frozenset[str]) -> None:
        routes, channels = routes_of(self._config), self._channels(tools, keys)
        watch, policy = self._section(WatchSettings), self._section(PolicySettings)
        console = self._config.external_url
        deliverer = Deliverer(store, channels, self.metrics, clock=self._clock, console=console)
        rules = Rules(Ownership(watch), Policy(policy.rows), tuple(routes))
        selftest = self._selftest(store, tools)
        alerting = AlertingService(
            store, rules, self.metrics, selftest, keys=known, clock=self._clock, on_told=deliverer.wake
        )
        janitor = Janitor(store, Terms(unattributed_places=policy.unattributed_places_hours * 3600))
        upkeep = Upkeep(
            store, janitor, self.metrics, clock=self._clock, notifiers=[route.notifier for route in routes]
        )
        self._read(bus, Stage.ALERT, [FINDINGS, SIGHTINGS, COVERAGE], alerting.handle)
        self._jobs["deliver"] = deliverer.run
        restating = [
            (channel.notifier, route)
            for channel, route in zip(channels, routes, strict=True)  # both in the configuration's order
            if isinstance(channel.notifier, Restating)
        ]
        if restating:
            reconciler = Reconciler(
                store,
                restating,
                self.metrics,
                clock=self._clock,
                holder=f"{platform.node()[:40]}:{os.getpid()}",
                console=console,
            )
            self._jobs["reconcile"] = reconciler.run
        self._jobs["upkeep"] = upkeep.run
        if tools.web is not None:
            exposures = Exposures(
                store,
                self.metrics,
                clock=self._clock,
                routes=routes,
                console=console,
                on_told=deliverer.wake,
            )
            Console(exposures).add_to(tools.web)

    async def _collect(self, stack: AsyncExitStack, bus: Bus, tools: Tools) -> None:
        # a file of its own, so that cursors and exposures do not queue for one writer
        state = await Store.open(self._config.state / "collectors.db")
        stack.push_async_callback(state.close)
        if "git" not in self._config.sources:  # else the source does it
            await asyncio.to_thread(forget, self._config.state / "git", ())
        collectors = CollectorService(
            self._sources(tools),
            bus.producer(),
            SqlCollectorState(state, clock=self._clock),
            self.metrics,
            clock=self._clock,
        )

        async def tidy(stop: asyncio.Event) -> None:
            await Janitor(state).run(stop, clock=self._clock, metrics=self.metrics)

        async def run(stop: asyncio.Event) -> None:
            await collectors.run(stop)
            await stop.wait()  # what sources with an end have handed in is still to be matched and told

        self._jobs[Stage.COLLECT.value] = run
        self._jobs["collect-upkeep"] = tidy
        self._checks[Stage.COLLECT.value] = lambda: collectors.not_ready

    def _read(self, bus: Bus, stage: Stage, topics: Sequence[str], handler: Handler) -> None:
        runner = Runner(
            bus,
            handler,
            stage=stage.value,
            group=stage.value,
            topics=topics,
            metrics=self.metrics,
            content_reasons=CONTENT_REASONS,
            clock=self._clock,
        )
        self._jobs[stage.value] = runner.run
        self._checks[stage.value] = lambda: runner.problems
        self.metrics.ready.labels(stage.value).set_function(lambda: 0.0 if runner.problems else 1.0)

    def _web(self) -> Web | None:
        ingest = Stage.COLLECT in self._stages and "ingest" in self._config.sources
        if Stage.ALERT not in self._stages and not ingest:
            return None
        settings = self._config.web
        outside = urlsplit(self._config.external_url)
        return Web(
            settings.host,
            settings.port,
            allowed_hosts=[*settings.allowed_hosts, *([outside.hostname] if outside.hostname else [])],
            token_file=settings.token_file,
            secure_cookies=outside.scheme == "https",
            clock=self._clock,
        )

    def _metrics_port(self) -> int:
        if self._config.metrics.port is not None:
            return self._config.metrics.port
        return _METRICS_PORT[next(iter(self._stages))] if len(self._stages) == 1 else 8687

    def _section(self, model: type[_M]) -> _M:
        return next(section for section in self._config.sections.values() if isinstance(section, model))

    async def _watch_loop(self, stop: asyncio.Event) -> None:
        """Measure how late the event loop runs its timers: CPU work on it would starve heartbeats."""
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            due = loop.time() + 1.0
            await sleep_until(stop, 1.0)
            self.metrics.loop_lag.set(max(0.0, loop.time() - due))


@contextmanager
def _listening(table: str, host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"[{table}] {host}:{port} cannot be listened on: {(error.strerror or str(error)).lower()}"
        ) from error


def _user_agent(config: Config) -> str:
    # the doctor asks for one; nobody else's is made up
    contact = config.http.contact or "no contact configured"
    return f"leakstream/{version()} ({contact})"
