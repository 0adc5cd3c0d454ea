"""What people do with exposures: list, show, acknowledge, mark revoked, close, reopen. Used by the command line and the console;
every look and every change goes into the audit log under the name of who did it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.containment.checklist import tick, ticks_of
from monitor.alerting.containment.duty import GDPR, PrivacySettings
from monitor.alerting.drills.exercises import todo
from monitor.alerting.exposures import states as machine
from monitor.alerting.exposures.states import DEFAULT_SCOPE, VERDICTS, CloseReason, Kind, Scope
from monitor.alerting.exposures.view import (
    checklist,
    exposure_object,
    history_object,
    summary_object,
    told_object,
)
from monitor.alerting.exposures.windows import record_end
from monitor.alerting.fold import Route, routed, tellings
from monitor.alerting.following.changes import FIRST, is_followed
from monitor.alerting.notifiers.base import Change
from monitor.alerting.policy.storm import Room
from monitor.alerting.policy.table import Action, Policy
from monitor.alerting.policy.why import why
from monitor.contracts import Mode
from monitor.metrics import Metrics
from monitor.store import exposures, following, outbox, queries, records, sealed, standing
from monitor.store.engine import Store
from monitor.store.errors import Overtaken
from monitor.store.facets import facets
from monitor.store.model import Exposure
from monitor.store.queries import SHORTEST_ID, Filter, Total

_LATEST: Final = 50  # of them is told what is new; the console's words know it
# verbs of the audit log that change nothing
LOOKS: Final = ("viewed", "reported", "listed_evidence")


class UnknownExposure(LookupError):
    """No exposure, or more than one, has this id. The message says which."""


@dataclass(frozen=True, slots=True)
class Page:
    """`next` is the cursor of the following page, "" at the end; `total` counts all pages."""

    exposures: Sequence[dict[str, Any]]
    total: Total
    next: str


class Exposures:
    """For the tasks of one event loop. Methods raise StoreBusy, and UnknownExposure where they take an id. Those that change something take
    the `mark` that their caller saw, "" for whatever it is now, and raise Overtaken when it is another by now: nothing was done.
    """

    close_reasons = tuple(reason.value for reason in CloseReason)

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        routes: Sequence[Route] = (),
        console: str = "",
        privacy: PrivacySettings = GDPR,
        on_told: Callable[[], None] = lambda: None,
        policy: Policy | None = None,
    ) -> None:
        self._policy = policy or Policy()
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._routes = routes
        self._console = console
        self._privacy = privacy
        self._on_told = on_told

    async def list(self, wanted: Filter, *, actor: str, limit: int = 50, after: str = "") -> Page:
        """The last seen first. `after` is the cursor of a page. Raises ValueError when it is none."""
        start = _cursor(after)
        async with self._store.read() as connection:
            rows, total = await queries.list_and_count(connection, wanted, limit=limit + 1, after=start)
        more = len(rows) > limit
        rows = rows[:limit]
        async with self._store.write() as connection:
            await records.add_audit(
                connection, at=self._clock(), actor=actor, verb="listed", detail={"shown": len(rows)}
            )
        shown = [summary_object(row, console=self._console, now=self._clock()) for row in rows]
        return Page(shown, total, f"{rows[-1].last_seen!r}:{rows[-1].id}" if more else "")

    async def show(self, name: str, *, actor: str) -> dict[str, Any]:
        """One exposure (`view` states the shape) with all that is only there when one is shown. `name`: id or its beginning."""
        async with self._store.write() as connection:
            row = await find(connection, name)
            await records.add_audit(
                connection, at=self._clock(), actor=actor, verb="viewed", exposure_id=row.id
            )
            places = await queries.sightings_of(connection, [row.id])
            history = await records.audit_of(connection, row.id)
            changes = await records.audit_of(connection, row.id, but=LOOKS)
            told = await standing.told_of_one(connection, row.id)
            ticks = await ticks_of(connection, row)
            evidence = await sealed.count(connection, row.id)
        now = self._clock()
        shown = exposure_object(row, places[row.id], console=self._console, now=now, privacy=self._privacy)
        return {
            **shown,
            "evidence": evidence,
            "history": [history_object(entry) for entry in history],
            "changes": [history_object(entry) for entry in changes],
            "told": [told_object(each) for each in told],
            "checklist": checklist(row, ticks, self._privacy),
        }

    async def facets(self, wanted: Filter) -> Mapping[str, Mapping[str, int]]:
        """How many there are of each word that a list is filtered by (`monitor.store.facets`). Figures only: no look at anything."""
        async with self._store.read() as connection:
            return await facets(connection, wanted)

    async def newest(self, wanted: Filter) -> float:
        """When the newest of the 50 last seen was opened, epoch seconds; 0.0 = there is none. A figure only: no look at anything."""
        return max(await self._openings(wanted), default=0.0)

    async def opened_since(self, wanted: Filter, since: float) -> int:
        """How many of the 50 last seen were opened after that. A figure only: no look at anything."""
        return sum(at > since for at in await self._openings(wanted))

    async def _openings(self, wanted: Filter) -> Sequence[float]:
        async with self._store.read() as connection:
            return [row.opened_at for row in await queries.list_exposures(connection, wanted, limit=_LATEST)]

    async def mark(self, name: str) -> str:
        """16 hex that change when anything of an exposure does that its page shows. No look at anything."""
        async with self._store.read() as connection:
            return await _mark(connection, await find(connection, name, lock=False))

    async def tick(self, name: str, step: str, *, done: bool, actor: str) -> dict[str, Any]:
        """One of its steps is done, or not done after all; what is so already stays. Raises ValueError: it has no such step."""
        async with self._store.write() as connection:
            row = await find(connection, name)
            if step not in todo(row, self._privacy).names:
                raise ValueError(f"there is no step {step[:20]!r} to do about it")
            await tick(connection, row, step, done=done, by=actor, at=self._clock())
        return self._shown(row)

    async def why(self, name: str, *, actor: str) -> dict[str, Any]:
        """Why it is treated as it is (`monitor.alerting.policy.why` states the shape), with `id` and `title`."""
        now = self._clock()
        async with self._store.write() as connection:
            row = await find(connection, name)
            await records.add_audit(connection, at=now, actor=actor, verb="viewed", exposure_id=row.id)
            room = await Room.load(connection, self._policy.claimed_tickets, now=now)
        return {"id": row.id, "title": row.title, **why(row, self._policy, tickets=room.used, now=now)}

    async def close(
        self,
        name: str,
        reason: str,
        *,
        actor: str,
        scope: Scope | None = None,
        where: str = "",
        note: str = "",
        mark: str = "",
    ) -> dict[str, Any]:
        """Close it and tell the notifiers that were told of it. Without `scope` the reason's default.

        `where` is the repository of Scope.REPOSITORY, default the one it was seen in first. Raises WrongState,
        ValueError for a reason that is no CloseReason.
        """
        now = self._clock()
        why = CloseReason(reason)
        scope = scope or DEFAULT_SCOPE[why]
        async with self._store.write() as connection:
            row = await _to_change(connection, name, mark)
            if scope is Scope.REPOSITORY:
                where = where or row.repository
            closed = machine.close(row, why, by=actor, at=now, scope=scope, where=where, note=note)
            await exposures.save(connection, new=(), changed=[closed])
            told = await outbox.told_of(connection, row.id, row.opening)
            await outbox.enqueue(
                connection, tellings(closed, Change.CLOSED, Action(row.action), told, now=now)
            )
            detail = {"reason": why.value, "scope": scope.value, "where": where, "note": note}
            await records.add_audit(
                connection, at=now, actor=actor, verb="closed", exposure_id=row.id, detail=detail
            )
            await record_end(connection, row, closed, at=now)
        if closed.mode != Mode.EXERCISE:
            for verdict in set(VERDICTS.values()):  # a share of them begins at 0, too
                self._metrics.rule_verdicts.labels(row.rule, verdict)
            self._metrics.rule_verdicts.labels(row.rule, VERDICTS[why]).inc()
        return self._changed(closed, Kind.CLOSED)

    async def acknowledge(self, name: str, *, actor: str, mark: str = "") -> dict[str, Any]:
        """`actor` has it in hand: shown wherever the exposure is, and told to the pagers that were told of it. Raises WrongState."""
        now = self._clock()
        async with self._store.write() as connection:
            row = machine.acknowledge(await _to_change(connection, name, mark), by=actor, at=now)
            await exposures.save(connection, new=(), changed=[row])
            told = set(await outbox.told_of(connection, row.id, row.opening))
            pagers = [
                route.notifier for route in self._routes if route.acknowledges and route.notifier in told
            ]
            await outbox.enqueue(
                connection, tellings(row, Change.ACKNOWLEDGED, Action(row.action), pagers, now=now)
            )
            await records.add_audit(connection, at=now, actor=actor, verb="acknowledged", exposure_id=row.id)
        if pagers:
            self._on_told()
        return self._shown(row)

    async def revoke(
        self, name: str, *, actor: str, at: float | None = None, mark: str = ""
    ) -> dict[str, Any]:
        """The secret is dead since `at`, default now. The exposure stays open: the text may still stand there. Raises WrongState,
        ValueError for a time to come.
        """
        now = self._clock()
        if at is not None and at > now:
            raise ValueError("it cannot have been revoked in the future")
        since = now if at is None else at
        async with self._store.write() as connection:
            row = await _to_change(connection, name, mark)
            revoked = machine.revoke(row, at=since)
            await exposures.save(connection, new=(), changed=[revoked])
            detail = {"since": since}
            await records.add_audit(
                connection, at=now, actor=actor, verb="revoked", exposure_id=row.id, detail=detail
            )
            await record_end(connection, row, revoked, at=now)
        return self._shown(revoked)

    async def reopen(self, name: str, *, actor: str, note: str = "", mark: str = "") -> dict[str, Any]:
        """Open it again and tell whoever the policy names; its places are looked at anew. One that was closed as revoked counts as alive
        again. `note` says why. Raises WrongState.
        """
        now = self._clock()
        async with self._store.write() as connection:
            row = await _to_change(connection, name, mark)
            was_dead = row.close_reason == CloseReason.REVOKED
            step = machine.reopen(replace(row, revoked_at=None) if was_dead else row, at=now)
            row = step.row
            await exposures.save(connection, new=(), changed=[row])
            if is_followed(row):
                await following.sooner(connection, [row.id], at=now + FIRST)
            if step.tell is not None:
                names = routed(self._routes, action=step.decision.action, mode=Mode(row.mode))
                await outbox.enqueue(
                    connection, tellings(row, step.tell, step.decision.action, names, now=now)
                )
            await records.add_audit(
                connection, at=now, actor=actor, verb="reopened", exposure_id=row.id, detail={"note": note}
            )
        return self._changed(row, Kind.REOPENED)

    def _changed(self, row: Exposure, kind: Kind) -> dict[str, Any]:
        if row.mode != Mode.EXERCISE:
            self._metrics.exposures.labels(kind.value).inc()
        self._on_told()
        return self._shown(row)

    def _shown(self, row: Exposure) -> dict[str, Any]:
        return summary_object(row, console=self._console, now=self._clock())


async def _mark(connection: AsyncConnection, row: Exposure) -> str:
    changes = await records.audit_of(connection, row.id, limit=1, but=LOOKS)
    told = await standing.told_of_one(connection, row.id)
    return hashlib.sha256(repr((row, changes, told)).encode()).hexdigest()[:16]


async def _to_change(connection: AsyncConnection, name: str, mark: str) -> Exposure:
    """As `find`. Raises Overtaken: `mark` is given and is not that of now."""
    row = await find(connection, name)
    if mark and mark != await _mark(connection, row):
        raise Overtaken("it was changed since you looked: look again")
    return row


async def find(connection: AsyncConnection, name: str, *, lock: bool = True) -> Exposure:
    """The exposure whose id is, or begins with, `name`; with `lock` nobody else changes it before the transaction ends. Raises
    UnknownExposure.
    """
    name = name.strip().lower()
    if len(name) < SHORTEST_ID or any(c not in "0123456789abcdef" for c in name):
        raise UnknownExposure(f"an exposure is named by at least {SHORTEST_ID} hexadecimal digits of its id")
    ids = await queries.find_ids(connection, name)
    if not ids:
        raise UnknownExposure(f"no exposure begins with {name}")
    if len(ids) > 1:
        raise UnknownExposure(f"several exposures begin with {name}: give more digits")
    return (await exposures.load(connection, ids, lock=lock))[ids[0]]


def _cursor(text: str) -> tuple[float, str] | None:
    if not text:
        return None
    seen, _, exposure_id = text.partition(":")
    return float(seen), exposure_id
