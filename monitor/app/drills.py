"""What drills are made of, for the alerting stage and for `leakstream drill`."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from detectors import load_rules
from monitor.addresses import AddressGuard
from monitor.alerting.drills.judge import DrillKeeper
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.policy.table import Policy, PolicySettings
from monitor.app.loading import configured, routes_of, section, watching
from monitor.app.opening import open_store
from monitor.canary import RULE
from monitor.collectors.sources import ingest
from monitor.config import Config, ConfigError
from monitor.drills.desk import Desk
from monitor.drills.handing_in import IngestPlanter
from monitor.drills.planting import Planter, watched_ground
from monitor.drills.pushing import RepositoryPlanter
from monitor.drills.schedule import Schedule
from monitor.drills.settings import DrillSettings, RepositoryDrillSettings
from monitor.gitread.address import parse
from monitor.gitread.errors import GitError
from monitor.gitread.mirror import Access
from monitor.http import HttpClient
from monitor.identity import KeyRing, load_keys
from monitor.metrics import Metrics
from monitor.store.engine import Store
from monitor.store.records import bind_key
from monitor.tools import Tools
from monitor.version import version

_ANYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104 - listening everywhere, it answers on loopback


@dataclass(frozen=True, slots=True)
class Drills:
    """For one event loop. `sources` can be planted at; `notifiers` are those with `drills = true`."""

    store: Store
    desk: Desk
    keeper: DrillKeeper
    sources: frozenset[str]
    notifiers: tuple[str, ...]


@asynccontextmanager
async def open_drills(
    config: Config, *, clock: Callable[[], float], planters: Mapping[str, Planter] | None = None
) -> AsyncIterator[Drills]:
    """For a command, beside the running service. `planters` instead of those that the configuration names. Raises ConfigError,
    KeyFileError, StoreRefused, StoreBusy.
    """
    keys = load_keys(config.key_file)
    async with open_store(config) as store, _client(config) as http:
        await bind_key(store, list(keys.keys))
        known = make_planters(config, http, lambda: _own_address(config)) if planters is None else planters
        keeper = _keeper(config, store, Metrics(), clock)
        desk = await asyncio.to_thread(_desk, store, keys, known, clock)
        drilled = tuple(route.notifier for route in routes_of(config) if route.drills)
        yield Drills(store, desk, keeper, frozenset(known), drilled)


def drill_jobs(
    config: Config,
    store: Store,
    tools: Tools,
    keys: KeyRing,
    *,
    on_told: Callable[[], None],
) -> dict[str, Callable[[asyncio.Event], Awaitable[None]]]:
    """Of the alerting stage: who judges drills, and with `[drills] every` who plants them. Raises ConfigError."""
    check_drills(config, tools)
    settings = section(config, DrillSettings)
    scheduled = settings.sources if settings.interval else ()
    keeper = _keeper(config, store, tools.metrics, tools.clock, sources=scheduled, on_told=on_told)
    jobs: dict[str, Callable[[asyncio.Event], Awaitable[None]]] = {"drills": keeper.run}
    if settings.interval:
        jobs["drill-schedule"] = _schedule(config, store, tools, keys)
    return jobs


def check_drills(config: Config, tools: Tools) -> None:
    """Whether what `[drills]` asks for can be held. Reads files. Raises ConfigError."""
    settings = section(config, DrillSettings)
    known = make_planters(config, tools.http, str)
    if not settings.interval:
        return
    if not any(route.drills for route in routes_of(config)):
        raise ConfigError(
            "[drills] every: no notifier has `drills = true`, so nobody would be told of a drill"
        )
    for source in settings.sources:
        if source not in known:
            raise ConfigError(f"[drills] sources: {unplantable(config, source)}")


def _schedule(
    config: Config, store: Store, tools: Tools, keys: KeyRing
) -> Callable[[asyncio.Event], Awaitable[None]]:
    settings = section(config, DrillSettings)

    def address() -> str:
        return (tools.web.address if tools.web else "") or _own_address(config)

    async def run(stop: asyncio.Event) -> None:
        async with _client(config) as http:
            desk = await asyncio.to_thread(
                _desk, store, keys, make_planters(config, http, address), tools.clock
            )
            schedule = Schedule(
                store,
                desk,
                tools.metrics,
                sources=settings.sources,
                interval=settings.interval,
                timeout=settings.timeout_seconds,
                holder=f"{platform.node()[:40]}:{os.getpid()}",
                clock=tools.clock,
            )
            await schedule.run(stop)

    return run


def _keeper(
    config: Config,
    store: Store,
    metrics: Metrics,
    clock: Callable[[], float],
    *,
    sources: Sequence[str] = (),
    on_told: Callable[[], None] = lambda: None,
) -> DrillKeeper:
    routes = routes_of(config)
    found = Exposures(
        store, metrics, clock=clock, routes=routes, console=config.external_url, on_told=on_told
    )
    policy = Policy.of(section(config, PolicySettings))
    return DrillKeeper(
        store, found, metrics, clock=clock, routes=routes, policy=policy, sources=sources, on_told=on_told
    )


def make_planters(config: Config, http: HttpClient, address: Callable[[], str]) -> dict[str, Planter]:
    """Those that the configuration names, by source. Reads files. Raises ConfigError."""
    settings = section(config, DrillSettings)
    planters: dict[str, Planter] = {}
    with configured("drills.ingest"):
        if (planter := _ingest(config, http, address)) is not None:
            planters["ingest"] = planter
    if settings.repository.remote:
        with configured("drills.repository"):
            planters["repository"] = _repository(settings.repository, config.state / "drills" / "git")
    return planters


def unplantable(config: Config, source: str) -> str:
    """What is missing for drills of this source."""
    if source == "repository":
        return "[drills.repository] remote names no test repository"
    found = config.sources.get("ingest")
    if not isinstance(found, ingest.Settings) or not found.tokens:
        return "ingest: [sources.ingest] has no token"
    return "ingest: [watch] names no repository, organisation, user or domain, so that a leak of yours would be nobody's"


def _ingest(config: Config, http: HttpClient, address: Callable[[], str]) -> IngestPlanter | None:
    """Raises ValueError, OSError."""
    drill, found = section(config, DrillSettings).ingest, config.sources.get("ingest")
    if not isinstance(found, ingest.Settings) or not found.tokens:
        return None
    names = {token.name: token for token in found.tokens}
    if drill.token and drill.token not in names:
        raise ValueError(f"token: [[sources.ingest.tokens]] has {', '.join(names)}")
    token = names[drill.token] if drill.token else found.tokens[0]
    ground = watched_ground(watching(config), "ingest", forge=next(iter(token.forges), ""))
    if ground is None:
        return None
    url = drill.url.rstrip("/")
    return IngestPlanter(http, (lambda: url) if url else address, token.read().decode(), ground)


def _repository(settings: RepositoryDrillSettings, folder: Path) -> RepositoryPlanter:
    """Raises ValueError."""
    try:
        remote = parse(settings.remote)
    except GitError as error:
        raise ValueError(f"remote: {error}") from None
    if isinstance(remote, Path):
        raise ValueError("remote: an ssh or https address is expected")  # noqa: TRY004 - of the settings
    access = Access(
        guard=AddressGuard(settings.allow_private),
        ca_file=settings.ca_file,
        netrc_file=settings.netrc_file,
        ssh_key=settings.key_file,
        ssh_known_hosts=settings.known_hosts_file,
    )
    return RepositoryPlanter(remote, folder, access, branch=settings.branch, path=settings.path)


def _desk(store: Store, keys: KeyRing, planters: Mapping[str, Planter], clock: Callable[[], float]) -> Desk:
    """Blocks: it reads the rules."""
    return Desk(store, keys, load_rules()[RULE], planters, clock=clock)


def _own_address(config: Config) -> str:
    host = "127.0.0.1" if config.web.host in _ANYWHERE else config.web.host
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{config.web.port}"


def _ingest_hosts(config: Config) -> tuple[str, ...]:
    """The one private address that a drill may ask: that of ingest."""
    url = urlsplit(section(config, DrillSettings).ingest.url or _own_address(config))
    return (url.hostname,) if url.hostname else ()


@asynccontextmanager
async def _client(config: Config) -> AsyncIterator[HttpClient]:
    http = HttpClient(user_agent=f"leakstream/{version()}", allow_private=_ingest_hosts(config))
    try:
        yield http
    finally:
        await http.close()
