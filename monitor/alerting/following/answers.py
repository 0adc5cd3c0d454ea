"""What collectors found when they looked at places again, written into the store: one batch inside the handler's transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.exposures import states as machine
from monitor.alerting.exposures import windows
from monitor.alerting.exposures.states import SYSTEM, Kind
from monitor.alerting.fold import Route, routed, tellings
from monitor.alerting.following.changes import FIRST, Followed, Look, looked
from monitor.alerting.notifiers.base import Change
from monitor.alerting.policy.table import Action
from monitor.contracts import Mode
from monitor.store import exposures, following, outbox, records
from monitor.store.model import Exposure, Telling


class Answers:
    """`ids` are the exposures that the looks are about: lock their rows, then `apply`. Looks at unknown places are `unknown`."""

    def __init__(self, looks: Mapping[str, Sequence[Look]], unknown: int) -> None:
        self._looks = looks
        self.unknown = unknown

    @property
    def ids(self) -> set[str]:
        return set(self._looks)

    @classmethod
    async def load(cls, connection: AsyncConnection, looks: Sequence[Look]) -> Answers:
        owners = await following.owners(connection, {look.place_id for look in looks}) if looks else {}
        sorted_out: dict[str, list[Look]] = defaultdict(list)
        for look in looks:
            if look.place_id in owners:
                sorted_out[owners[look.place_id]].append(look)
        return cls(sorted_out, sum(look.place_id not in owners for look in looks))

    async def apply(
        self,
        connection: AsyncConnection,
        rows: Mapping[str, Exposure],
        routes: Sequence[Route],
        *,
        now: float,
    ) -> Counter[Kind]:
        """`rows`: the exposures of `ids` as they are now, locked. Returns how many were closed and reopened, drills left out."""
        done: Counter[Kind] = Counter()
        standings = await following.standings(connection, sorted(self._looks))
        for exposure_id, looks in sorted(self._looks.items()):
            row = rows[exposure_id]
            found = looked(row, standings[exposure_id], looks, now=now)
            if not found.changed:
                continue
            await following.save(connection, found.changed)
            kind = await _settle(connection, row, found, routes, now=now)
            if kind is not None and row.mode != Mode.EXERCISE:
                done[kind] += 1
        return done


async def _settle(
    connection: AsyncConnection, before: Exposure, found: Followed, routes: Sequence[Route], *, now: float
) -> Kind | None:
    """Write the exposure and its history, and tell who has to hear of it."""
    row, kind, told = found.row, None, list[Telling]()
    if row.public != before.public:
        await _note(connection, row, now, "checked", {"was": before.public, "public": row.public})
    if found.closed:
        kind = Kind.CLOSED
        names = await outbox.told_of(connection, row.id, row.opening)
        told = tellings(row, Change.CLOSED, Action(row.action), names, now=now)
        await _note(connection, row, now, "closed", {"reason": row.close_reason, "scope": row.close_scope})
    elif found.back:
        kind = Kind.REOPENED
        again = machine.reopen(row, at=now)
        row = again.row
        if again.tell is not None:
            names = routed(routes, action=again.decision.action, mode=Mode(row.mode))
            told = tellings(row, again.tell, again.decision.action, names, now=now)
        await _note(connection, row, now, "reopened", {"reason": "public_again"})
    await exposures.save(connection, new=(), changed=[row])
    if found.back:
        await following.sooner(connection, [row.id], at=now + FIRST)
    await outbox.enqueue(connection, told)
    await windows.record_end(connection, before, row, at=now)
    return kind


async def _note(
    connection: AsyncConnection, row: Exposure, at: float, verb: str, detail: Mapping[str, str]
) -> None:
    await records.add_audit(connection, at=at, actor=SYSTEM, verb=verb, exposure_id=row.id, detail=detail)
