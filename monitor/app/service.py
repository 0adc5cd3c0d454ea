"""Some or all stages in one process."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

import structlog

from detectors import RuleSet, load_rules
from monitor import hardening
from monitor.aio import supervise
from monitor.app.alerting import Job, make_alerting, make_channels, make_heartbeat
from monitor.app.asking import user_agent
from monitor.app.buses import connected, make_bus, topics
from monitor.app.drills import check_drills
from monitor.app.loading import configured, rhythms, section, sources, watching
from monitor.app.matching import pool_settings
from monitor.app.replaying import offer_at_start
from monitor.app.sampling import Sampling
from monitor.app.state import prepare_state
from monitor.app.stores import make_memory, make_store
from monitor.bus.base import Bus, Handler
from monitor.bus.runner import Runner
from monitor.collectors.base import Source
from monitor.collectors.desk import RequestDesk
from monitor.collectors.leasing import Leases
from monitor.collectors.service import CollectorService
from monitor.config import Config, ConfigError
from monitor.contracts import COVERAGE, DOCUMENTS, FINDINGS, REQUESTS, SIGHTINGS
from monitor.gitread.mirror import forget
from monitor.health import Check, Health
from monitor.http import HttpClient
from monitor.identity import KeyRing
from monitor.matcher.pool import ScanPool
from monitor.matcher.service import CONTENT_REASONS, MatcherService
from monitor.matcher.settings import MatchSettings
from monitor.metrics import Metrics
from monitor.store.collector_state import SqlCollectorState
from monitor.store.janitor import Janitor
from monitor.store.records import bind_key, store_id
from monitor.store.settings import StoreSettings
from monitor.tools import Tools
from monitor.version import version
from monitor.web import Web

_LOG = structlog.get_logger("service")


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
        self._traced = config.log.level == "debug"
        self.metrics = Metrics()
        self._jobs: dict[str, Job] = {}
        self._checks: dict[str, Check] = {}
        self._notes: dict[str, Check] = {}

    async def run(self, stop: asyncio.Event, on_ready: Callable[[Addresses], None] = lambda _: None) -> None:
        """Until `stop` is set. Raises what ended a stage; at the start ConfigError, DetectorError, KeyFileError, StoreRefused, BusError,
        PoolFailed.
        """
        hardening.no_core_dumps()
        self.metrics.build.labels(version(), platform.python_version()).set(1)
        async with AsyncExitStack() as stack:
            keys = prepare_state(self._config)
            health = Health(
                self._config.metrics.host,
                self._metrics_port(),
                self.metrics.registry,
                checks=self._checks,
                notes=self._notes,
            )
            with _listening("metrics", self._config.metrics.host, self._metrics_port()):
                await health.start()
            stack.push_async_callback(health.close)
            store = await make_store(self._config)
            stack.push_async_callback(store.close)
            known = await bind_key(store, list(keys.keys))
            bus = await self._bus(stack)
            tools = self._tools()
            stack.push_async_callback(tools.http.close)
            if Stage.MATCH in self._stages:
                await self._match(stack, bus, keys)
            if Stage.ALERT in self._stages:
                self.metrics.alert_store.labels(await store_id(store)).set(1)
                await offer_at_start(self._config, store, now=self._clock())
                alerting = make_alerting(
                    self._config, store, bus.producer(), tools, keys, known, self._checks, self._notes
                )
                self._read(bus, Stage.ALERT, [FINDINGS, SIGHTINGS, COVERAGE], alerting.handler)
                self._jobs |= alerting.jobs
                self._checks["telling"], self._notes["telling"] = (
                    alerting.reach.problems,
                    alerting.reach.notes,
                )
            if Stage.COLLECT in self._stages:
                await self._collect(stack, bus, tools)
            if (web := tools.web) is not None:
                with _listening("web", self._config.web.host, self._config.web.port):
                    await web.start()
                stack.push_async_callback(web.close)
            sampling = Sampling(self._config, self.metrics)
            self._jobs |= {"loop": sampling.watch_loop, "sampling": sampling.run}
            on_ready(Addresses(health=health.address, web=web.address if web else ""))
            await supervise(self._jobs, stop)

    async def check(self) -> None:
        """Build whatever a start builds out of the configuration, and start nothing: no file is made, no port taken, nobody asked.

        Raises ConfigError, DetectorError.
        """
        tools = self._tools()
        try:
            make_bus(self._config, self._clock, self.metrics, "check")
            self._rules()
            pool_settings(self._config)
            self._sources(tools)
            make_channels(self._config, tools, KeyRing.of(bytes(32)))
            make_heartbeat(self._config, tools)
            check_drills(self._config, tools)
        finally:
            await tools.http.close()

    def _rules(self) -> RuleSet:
        """Those that the scanning processes load. Blocks. Raises ConfigError, DetectorError."""
        with configured("match"):
            return load_rules(section(self._config, MatchSettings).rules)

    def _tools(self) -> Tools:
        with configured("http"):
            http = HttpClient(
                user_agent=user_agent(self._config), allow_private=self._config.http.allow_private
            )
        return Tools(
            http=http,
            metrics=self.metrics,
            state=self._config.state,
            web=self._web(),
            clock=self._clock,
            watch=watching(self._config),
            rules=self._rules,
        )

    def _sources(self, tools: Tools) -> dict[str, Source]:
        plugins, built = sources(), {}
        for name, settings in self._config.sources.items():
            with configured(f"sources.{name}"):
                built[name] = plugins[name].build(settings, tools)
        return built

    async def _bus(self, stack: AsyncExitStack) -> Bus:
        name = next(iter(self._stages)).value if len(self._stages) == 1 else "run"
        bus = await stack.enter_async_context(connected(self._config, self._clock, self.metrics, name))
        for difference in await bus.ensure_topics(topics(self._config)):
            _LOG.warning("topic differs from the configuration", difference=difference)
        return bus

    async def _match(self, stack: AsyncExitStack, bus: Bus, keys: KeyRing) -> None:
        settings = section(self._config, MatchSettings)
        if settings.rules:  # a wrong one is said here, by its file, and not by a process that does not start
            await asyncio.to_thread(self._rules)
        wanted = await asyncio.to_thread(pool_settings, self._config)
        pool = await stack.enter_async_context(ScanPool(wanted, keys, self.metrics))
        matcher = MatcherService(pool, self.metrics, clock=self._clock)
        self._read(bus, Stage.MATCH, [DOCUMENTS], matcher.handle)

    async def _collect(self, stack: AsyncExitStack, bus: Bus, tools: Tools) -> None:
        # by default a file of its own, so that cursors and exposures do not queue for one writer
        state = await make_memory(self._config)
        stack.push_async_callback(state.close)
        if "selftest" in self._config.sources and section(self._config, MatchSettings).rules:
            await asyncio.to_thread(self._rules)  # a wrong one is said here, and not by a source that crashes
        if "git" not in self._config.sources:  # else the source does it
            await asyncio.to_thread(forget, self._config.state / "git", ())
        memory = SqlCollectorState(state, clock=self._clock)
        leases = await asyncio.to_thread(Leases, self._config.state / "leases")
        stack.callback(leases.close)
        collectors = CollectorService(
            self._sources(tools),
            bus.producer(),
            memory,
            self.metrics,
            watch=tools.watch,
            leases=leases,
            alone=[name for name, plugin in sources().items() if not plugin.shared],
            rhythms=rhythms(self._config),
            traced=self._traced,
            clock=self._clock,
        )
        desk = RequestDesk(memory, self._config.sources, self.metrics)
        self._jobs["collect-requests"] = self._runner(bus, Stage.COLLECT, [REQUESTS], desk.handle).run

        async def tidy(stop: asyncio.Event) -> None:
            await Janitor(state).run(stop, clock=self._clock, metrics=self.metrics)

        async def run(stop: asyncio.Event) -> None:
            await collectors.run(stop)
            await stop.wait()  # what sources with an end have handed in is still to be matched and told

        self._jobs[Stage.COLLECT.value] = run
        # in the store alerting tidies up, by its own terms
        if not section(self._config, StoreSettings).collectors:
            self._jobs["collect-upkeep"] = tidy
        self._checks[Stage.COLLECT.value] = lambda: collectors.not_ready

    def _read(self, bus: Bus, stage: Stage, topics: Sequence[str], handler: Handler) -> None:
        runner = self._runner(bus, stage, topics, handler)
        self._jobs[stage.value] = runner.run
        self._checks[stage.value] = lambda: runner.problems
        self.metrics.ready.labels(stage.value).set_function(lambda: 0.0 if runner.problems else 1.0)

    def _runner(self, bus: Bus, stage: Stage, topics: Sequence[str], handler: Handler) -> Runner:
        return Runner(
            bus,
            handler,
            stage=stage.value,
            group=stage.value,
            topics=topics,
            metrics=self.metrics,
            content_reasons=CONTENT_REASONS,
            traced=self._traced,
            clock=self._clock,
        )

    def _web(self) -> Web | None:
        ingest = Stage.COLLECT in self._stages and "ingest" in self._config.sources
        if Stage.ALERT not in self._stages and not ingest:
            return None
        settings = self._config.web
        outside = urlsplit(self._config.external_url)
        return Web(
            settings,
            self.metrics,
            allowed_hosts=[outside.hostname] if outside.hostname else [],
            secure=outside.scheme == "https",
            clock=self._clock,
        )

    def _metrics_port(self) -> int:
        if self._config.metrics.port is not None:
            return self._config.metrics.port
        return _METRICS_PORT[next(iter(self._stages))] if len(self._stages) == 1 else 8687


@contextmanager
def _listening(table: str, host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(
            f"[{table}] {host}:{port} cannot be listened on: {(error.strerror or str(error)).lower()}"
        ) from error
