"""What the console is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.alerting.exposures.desk import Exposures
from monitor.app.reports import LateReports
from monitor.config import Config
from monitor.console.console import Console, Desks
from monitor.console.coverage import Coverage
from monitor.console.pulse import Pulse
from monitor.console.rulebook import RuleBook
from monitor.health import Check
from monitor.store.engine import Store
from monitor.tools import Tools


def make_console(
    config: Config,
    store: Store,
    tools: Tools,
    exposures: Exposures,
    *,
    alive: Callable[[], Mapping[str, bool]],
    checks: Mapping[str, Check],
    notes: Mapping[str, Check],
) -> Console:
    """`alive`: rule -> whether its canary came through; `checks` and `notes` of this process, read at every look."""
    clock, is_watched = tools.clock, tools.watch.is_watched
    desks = Desks(
        exposures,
        LateReports(config, store, clock=clock, is_watched=is_watched),
        Coverage(store, clock=clock, is_watched=is_watched),
        RuleBook(store, tools.rules, clock=clock, alive=alive),
        Pulse(store, clock=clock, checks=checks, notes=notes),
    )
    return Console(desks, clock=clock)
