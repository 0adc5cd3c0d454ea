"""What console and API are made of: the same desks, so that both say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.ownership.desk import WatchDesk
from monitor.api.api import Api
from monitor.app.reports import LateReports
from monitor.config import Config
from monitor.console.console import Console, Desks
from monitor.console.coverage import Coverage
from monitor.console.pulse import Pulse
from monitor.console.rulebook import RuleBook
from monitor.health import Check
from monitor.store import records
from monitor.store.engine import Store
from monitor.tools import Tools
from monitor.web import Web


def add_console(
    listener: Web,
    config: Config,
    store: Store,
    tools: Tools,
    exposures: Exposures,
    *,
    watch: WatchDesk,
    alive: Callable[[], Mapping[str, bool]],
    checks: Mapping[str, Check],
    notes: Mapping[str, Check],
) -> None:
    """`alive`: rule -> whether its canary came through; `checks` and `notes` of this process, read at every look."""
    clock, is_watched = tools.clock, tools.watch.is_watched
    desks = Desks(
        exposures,
        LateReports(config, store, clock=clock, is_watched=is_watched),
        Coverage(store, clock=clock, is_watched=is_watched),
        RuleBook(store, tools.rules, clock=clock, alive=alive),
        Pulse(store, clock=clock, checks=checks, notes=notes, notifiers=len(config.notifiers)),
    )
    Console(desks, clock=clock).add_to(listener)
    Api(desks.exposures, desks.coverage, watch, desks.rules, desks.pulse, clock=clock).add_to(listener)

    async def write(actor: str, verb: str, exposure: str, detail: Mapping[str, Any]) -> None:
        async with store.write() as connection:
            await records.add_audit(
                connection, at=clock(), actor=actor, verb=verb, exposure_id=exposure, detail=detail
            )

    listener.audit.write = write
