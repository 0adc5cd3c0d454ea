"""Drills for tests: a desk on a store, planters that only remember, and findings as a matcher makes them of what was planted."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from alerting_samples import NOON, WATCH, finding
from detectors import load_rules
from monitor.alerting.drills.judge import DrillKeeper
from monitor.alerting.exposures.desk import Exposures
from monitor.alerting.fold import Route
from monitor.alerting.ownership import Ownership
from monitor.alerting.policy.table import Policy
from monitor.alerting.selftest import SelfTest
from monitor.alerting.service import AlertingService, Rules
from monitor.canary import RULE, fingerprint
from monitor.contracts import FindingEvent
from monitor.drills.desk import Desk
from monitor.drills.planting import Ground, NotPlanted, Planter, Planting
from monitor.identity import KeyRing
from monitor.metrics import Metrics
from monitor.store.engine import Store

KEYS = KeyRing.of(bytes(32))
CANARY = re.compile(rb"leakstream_canary_[0-9A-Za-z]{36}")


@dataclass
class Remembering:
    """A planter. `refuses` is what it says instead of planting."""

    refuses: str = ""
    ground: Ground = field(default_factory=lambda: Ground("github.com", "acme", "acme/code"))
    planted: list[Planting] = field(default_factory=list)

    async def plant(self, planting: Planting) -> dict[str, Any]:
        if self.refuses:
            raise NotPlanted(self.refuses)
        self.planted.append(planting)
        return {"on_bus": True}


def rule() -> Any:
    return load_rules()[RULE]


@dataclass
class Drilling:
    """`clock` is the tests' to move."""

    store: Store
    routes: tuple[Route, ...] = (Route("hook", drills=True), Route("pager"))
    now: float = NOON
    metrics: Metrics = field(default_factory=Metrics)
    planter: Remembering = field(default_factory=Remembering)

    def clock(self) -> float:
        return self.now

    def desk(self, planters: Mapping[str, Planter] | None = None) -> Desk:
        known = {"ingest": self.planter} if planters is None else planters
        return Desk(self.store, KEYS, rule(), known, clock=self.clock)

    def keeper(
        self, metrics: Metrics | None = None, on_told: Callable[[], None] = lambda: None
    ) -> DrillKeeper:
        metrics = metrics or self.metrics
        found = Exposures(self.store, metrics, clock=self.clock, routes=self.routes)
        return DrillKeeper(
            self.store,
            found,
            metrics,
            clock=self.clock,
            routes=self.routes,
            policy=Policy(),
            sources=("ingest",),
            on_told=on_told,
        )

    def alerting(self, ownership: Ownership | None = None) -> AlertingService:
        rules = Rules(ownership or Ownership(WATCH), Policy(), self.routes)
        selftest = SelfTest(self.store, self.metrics, clock=self.clock, late_seconds=300)
        return AlertingService(
            self.store, rules, self.metrics, selftest, keys=frozenset(KEYS.keys), clock=self.clock
        )

    def found(self, planting: Planting, **other: Any) -> FindingEvent:
        """What the matcher makes of it, two seconds after the planting."""
        secret = CANARY.findall(planting.content)[0]
        event = finding(
            {KEYS.current_id: fingerprint(secret, rule(), KEYS)},
            repository="acme/code",
            rule=RULE,
            provider="leakstream",
            family=RULE,
            title="leakstream's own canary: opens nothing",
            severity="info",
            verdict="proved",
            check="crc32-base62",
            source="ingest",
            trace_id=planting.trace,
            fetched_at=planting.at + 1,
            matched_at=planting.at + 2,
        )
        return replace(event, **other)
