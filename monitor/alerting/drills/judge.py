"""Judges drills: told in time, or missed and where it got stuck; ends what they opened; says that one was missed.

Every alerting process does it, and what one has judged the others leave alone: a drill is counted once, told once.

A drill is told when every notifier with `drills = true` has its page and the policy would have told somebody of a real leak there.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from detectors.model import Confidence, Severity, Verdict
from monitor.aio import sleep_until
from monitor.alerting.drills import exercises
from monitor.alerting.exposures import states as machine
from monitor.alerting.exposures.desk import Exposures, UnknownExposure
from monitor.alerting.exposures.seen import Seen
from monitor.alerting.exposures.states import CloseReason, Scope, WrongState
from monitor.alerting.fold import Route, routed, tellings
from monitor.alerting.ownership import Attribution, Level
from monitor.alerting.policy.table import Action, Policy
from monitor.contracts import Mode
from monitor.metrics import Metrics
from monitor.store import drills, exposures, outbox
from monitor.store.drills import MISSED, TOLD, Delivery, Drill
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy

_BEAT: Final = 1.0  # seconds between looks
_REMEMBERED: Final = 48 * 3600.0  # so long an exposure of a judged drill is looked for, to be closed
_ACTOR: Final = "drill"

# where it got stuck -> what to look at
LOOK: Final[Mapping[str, str]] = {
    "plant": "it could not be planted: see `planting` for why; [drills] and the place where it should have stood",
    "collect": "it was published and never fetched or never matched: leakstream_source_blind and"
    " leakstream_source_last_success_timestamp_seconds of the source that reads the test repository, then"
    ' leakstream_bus_oldest_unread_seconds{group="match"}',
    "match": "the bus has it and alerting has not: leakstream_bus_oldest_unread_seconds by group (match: the matcher stands;"
    " alert: alerting does), leakstream_dead_letters_total by stage",
    "policy": "it was found and stored, and a real leak there would have been told to nobody: [watch] does not know the place, or"
    " [policy] records it",
    "route": "it was found and stored, and nobody is told of drills: give a notifier `drills = true`",
    "deliver": "it was found and stored, and a notifier has not taken it: leakstream_outbox_oldest_seconds and"
    " leakstream_notifications_total of the notifiers named here",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """`stuck` is a key of LOOK, "" when it was told."""

    state: str
    told_at: float | None = None
    stuck: str = ""
    detail: Mapping[str, Any] | None = None


class DrillKeeper:
    """One a process. `sources` are those that drills are scheduled for: their metrics are there from the start."""

    def __init__(
        self,
        store: Store,
        found: Exposures,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        routes: Sequence[Route],
        policy: Policy,
        sources: Sequence[str] = (),
        on_told: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._exposures = found
        self._metrics = metrics
        self._clock = clock
        self._routes = routes
        self._policy = policy
        self._sources = sources
        self._on_told = on_told
        for source in sources:
            metrics.drill_seconds.labels(source)
            for outcome in (TOLD, MISSED):
                metrics.drills.labels(source, outcome)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A busy store only delays it."""
        while not stop.is_set():
            try:
                await self.beat()
            except StoreBusy:
                self._metrics.retries.labels("drills").inc()
            await sleep_until(stop, _BEAT)

    async def beat(self) -> None:
        """Judge what can be judged, close what is over, show the figures. Raises StoreBusy."""
        now = self._clock()
        async with self._store.read() as connection:
            judged = [
                (drill, judgement)
                for drill in await drills.waiting(connection)
                if (judgement := await _judge(connection, drill, now)) is not None
            ]
        for drill, judgement in judged:
            await self._settle(drill, judgement, now)
        await self._close(now)
        async with self._store.read() as connection:
            lasts = await drills.lasts(connection, self._sources)
        for source, last in lasts.items():
            self._metrics.drill_last_success.labels(source).set(last.told_at or 0.0)
            self._metrics.drill_missed.labels(source).set(last.missed)

    async def _settle(self, drill: Drill, judgement: Judgement, now: float) -> None:
        detail = dict(judgement.detail or {})
        if judgement.stuck:
            detail |= {"stuck": judgement.stuck, "look": LOOK[judgement.stuck]}
        async with self._store.write() as connection:
            done = await drills.judge(
                connection, drill, state=judgement.state, told_at=judgement.told_at, detail=detail
            )
            if done is None:  # another process was first
                return
            if done.state == MISSED:
                await self._tell_missed(connection, done, now)
        self._metrics.drills.labels(drill.source, judgement.state).inc()
        if judgement.told_at is not None:
            self._metrics.drill_seconds.labels(drill.source).observe(judgement.told_at - drill.planted_at)
            await self._end(alarm_id(drill.source), "a later drill came through")
        else:
            self._on_told()

    async def _close(self, now: float) -> None:
        async with self._store.read() as connection:
            over = await drills.unclosed(connection, since=now - _REMEMBERED)
        for drill, exposure_id in over:
            if not drill.practice:
                await self._end(exposure_id, f"drill {drill.id} is over: {drill.state}")

    async def _end(self, exposure_id: str, note: str) -> None:
        try:
            await self._exposures.close(
                exposure_id, CloseReason.TEST, actor=_ACTOR, scope=Scope.SEEN, note=note
            )
        except (WrongState, UnknownExposure):
            return  # closed already, or there is none

    async def _tell_missed(self, connection: AsyncConnection, drill: Drill, now: float) -> None:
        """As an exercise of its own, one a source: open until a drill of that source comes through."""
        exposure_id = alarm_id(drill.source)
        known = (await exposures.load(connection, [exposure_id], lock=True)).get(exposure_id)
        step = machine.apply(known, _alarm(drill, exposure_id, now), self._policy, now=now)
        if step.row is None:
            return
        row = replace(step.row, facts=_facts(drill), revoke=LOOK[drill.detail["stuck"]])
        await exposures.save(
            connection, new=[row] if known is None else [], changed=[] if known is None else [row]
        )
        await exposures.add_aliases(connection, [(exposure_id, "drill", exposure_id)])
        if step.tell is not None:
            names = routed(self._routes, action=Action.PAGE, mode=Mode.EXERCISE)
            await outbox.enqueue(connection, tellings(row, step.tell, Action.PAGE, names, now=now))


async def _judge(connection: AsyncConnection, drill: Drill, now: float) -> Judgement | None:
    """None while it is under way."""
    if drill.detail.get("failed"):
        return Judgement(MISSED, stuck="plant")
    if drill.seen_at is None:
        if now <= drill.due:
            return None
        return Judgement(MISSED, stuck="match" if drill.detail.get("on_bus") else "collect")
    return _judge_pages(drill, await drills.deliveries(connection, drill.detail["exposure"]), now)


def _judge_pages(drill: Drill, rows: Sequence[Delivery], now: float) -> Judgement | None:
    if not rows:
        return Judgement(MISSED, stuck="route")
    told = {row.notifier: row.delivered_at - drill.planted_at for row in rows if row.delivered_at is not None}
    waits = {row.notifier: row.reason or row.state for row in rows if row.delivered_at is None}
    detail = {"notifiers": told, "waiting": waits}
    last = None if waits else drill.planted_at + max(told.values())
    if last is None and now <= drill.due:
        return None
    if last is None or last > drill.due:
        return Judgement(MISSED, stuck="deliver", detail=detail)
    if Action(drill.detail["action"]).rank < Action.TICKET.rank:
        return Judgement(MISSED, stuck="policy", detail=detail)
    return Judgement(TOLD, told_at=last, detail=detail)


def alarm_id(source: str) -> str:
    """The exposure that says that a drill of this source was missed."""
    return hashlib.sha256(f"leakstream drill missed\0{source}".encode()).hexdigest()


def _facts(drill: Drill) -> dict[str, str]:
    stuck = drill.detail["stuck"]
    why = str(drill.detail.get("failed", ""))
    waits = ", ".join(f"{name}: {reason}" for name, reason in drill.detail.get("waiting", {}).items())
    told = {"drill": drill.id, "source": drill.source, "stuck_at": stuck, "why": why, "waiting": waits}
    return {name: text for name, text in told.items() if text}


def _alarm(drill: Drill, exposure_id: str, now: float) -> Seen:
    reason = {
        "kind": "source",
        "entry": "drills",
        "found": drill.source,
        "proof": Level.PROVED.value,
        "weight": 90,
    }
    return Seen(
        exposure_id=exposure_id,
        new_place=True,
        seen_at=now,
        published_at=None,
        mode=Mode.EXERCISE,
        severity=Severity.HIGH,
        verdict=Verdict.PROVED,
        confidence=Confidence.HIGH,
        source="drills",
        repository="",
        path=drill.source,
        attribution=Attribution(Level.PROVED, 90, (reason,)),
        about={
            "rule": exercises.MISSED,
            "provider": "leakstream",
            "family": "leakstream-drill",
            "title": f"drill missed: a leak planted through {drill.source} told nobody in time",
            "check": "drill",
            "set_id": "",
            "parts": (),
            "facts": _facts(drill),
            "preview": "",
            "revoke": LOOK[drill.detail["stuck"]],
        },
    )
