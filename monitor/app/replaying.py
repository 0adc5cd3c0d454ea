"""What `leakstream replay` is made of: a reader of the bus without a group, scanning processes of its own, alerting's handler."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import structlog

from detectors import load_rules
from monitor import hardening
from monitor.alerting.ownership import Ownership, WatchSettings
from monitor.alerting.policy.table import Policy, PolicySettings
from monitor.alerting.replaying.again import Again, Foresight
from monitor.alerting.replaying.watched import Watched, note_start, offer
from monitor.alerting.selftest import SelfTest
from monitor.alerting.service import AlertingService, Rules
from monitor.alerting.telling.heartbeat import HeartbeatSettings
from monitor.app.buses import connected
from monitor.app.loading import configured, routes_of, section
from monitor.app.matching import pool_settings
from monitor.app.opening import open_store
from monitor.app.stores import look_at_store
from monitor.config import Config
from monitor.identity import load_keys
from monitor.matcher.pool import ScanPool
from monitor.matcher.service import MatcherService
from monitor.matcher.settings import MatchSettings
from monitor.metrics import Metrics
from monitor.replay.alone import Alone
from monitor.replay.rescan import Rescan
from monitor.replay.run import MIB, Replay
from monitor.store.engine import Store
from monitor.store.errors import StoreError
from monitor.store.records import bind_key

_LOG: Final = structlog.get_logger("service")
_TURN: Final = 60.0  # seconds that one that was killed keeps others out
_LARGEST_STEP: Final = 16 * MIB  # what a bus reads at once


@dataclass(frozen=True, slots=True)
class Replaying:
    """`watch` is the digest of the watch list it looks with, `kept` how many seconds documents stay on the bus."""

    replay: Replay
    store: Store
    watch: str
    kept: float


@asynccontextmanager
async def open_replay(
    config: Config,
    *,
    clock: Callable[[], float],
    actor: str,
    rules: bool,
    dry_run: bool,
    rate: float,
) -> AsyncIterator[Replaying]:
    """For a command, beside a running service or without one. `rules`: scan documents again; `rate`: bytes of them a second.

    Raises StoreRefused, StoreBusy, ConfigError, BusError (AnotherReplay), DetectorError, KeyFileError, PoolFailed.
    """
    hardening.no_core_dumps()  # documents pass through here
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(config))
        metrics = Metrics()
        keys = await asyncio.to_thread(load_keys, config.key_file)
        known = await bind_key(store, list(keys.keys))
        bus = await stack.enter_async_context(connected(config, clock, metrics, "replay"))
        watch = section(config, WatchSettings)
        policy = Policy.of(section(config, PolicySettings))
        decides = Rules(Ownership(watch), policy, tuple(routes_of(config)))
        selftest = SelfTest(
            store, metrics, clock=clock, late_seconds=section(config, HeartbeatSettings).late_seconds
        )
        alerting = AlertingService(store, decides, metrics, selftest, keys=known, clock=clock, late=True)
        judge = (Foresight if dry_run else Again)(store, decides, alerting.handle, clock=clock, actor=actor)
        rescan = None
        if rules:
            await asyncio.to_thread(_rules, config)  # a wrong one is said here, by its file
            wanted = await asyncio.to_thread(pool_settings, config)
            pool = await stack.enter_async_context(ScanPool(wanted, keys, metrics))
            rescan = Rescan(MatcherService(pool, metrics, clock=clock).handle)
        alone = None
        if not dry_run:
            step = max(_TURN, _LARGEST_STEP / rate * 2)
            turn = Alone.held(store, clock=clock, holder=actor, seconds=step)
            alone = await stack.enter_async_context(turn)
        replay = Replay(bus, store, judge, rescan, rate=rate, alone=alone)
        digest = await asyncio.to_thread(watch_digest, config)
        yield Replaying(replay, store, digest, documents_seconds(config))


def _rules(config: Config) -> None:
    with configured("match"):
        load_rules(section(config, MatchSettings).rules)


def documents_seconds(config: Config) -> float:
    """How long documents stay on the bus."""
    return config.bus.documents_hours * 3600


async def offer_at_start(config: Config, store: Store, *, now: float) -> None:
    """Note which watch list this service starts with, and say in the log when a replay would find something with it. Raises StoreBusy."""
    digest, kept = await asyncio.to_thread(watch_digest, config), documents_seconds(config)
    async with store.write() as connection:
        told = await note_start(connection, digest, now=now, kept=kept)
    if told:
        _LOG.warning(told)


def watch_digest(config: Config) -> str:
    """Changes when something is watched that was not before, or no longer: an entry of `[watch]`, or the content of a file of own secrets.
    Blocks for the files.
    """
    watch = section(config, WatchSettings)
    digest = hashlib.sha256(watch.digest.encode())
    for path in sorted(watch.own_secrets):
        with suppress(OSError), path.open("rb") as file:  # the stage that matches may be on another host
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:32]


def replay_offer(config: Config, *, now: float) -> str:
    """The sentence that offers a replay, "" when there is nothing to look for or the store cannot be read now. Changes nothing. Blocks, on
    PostgreSQL not within an event loop. Raises ConfigError.
    """
    try:
        seen = look_at_store(config)
    except (StoreError, OSError):
        return ""  # others say so
    known = Watched.read(seen.watch if seen else None)
    return offer(known, watch_digest(config), now=now, kept=documents_seconds(config))
