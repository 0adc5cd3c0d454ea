"""The storm limit: what is only claimed begins so many tickets in an hour, and one more that tells of all the others.

Anybody can write an address of yours beside ten thousand made-up keys. Beyond the limit an exposure is recorded with the decision
`claimed_storm`, listed and counted like any other, and told by the next sighting for which there is room. The times of the last tickets stand
in the store, so that neither a restart nor a second worker begins anew. What was held back is itself an exposure (`STORM`): it opens with
the first one that was held, says how many there are, and closes by itself when for an hour there was none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from detectors.model import Confidence, Severity, Verdict
from monitor.alerting.exposures.merging import rank
from monitor.alerting.fold import Route, routed, tellings
from monitor.alerting.notifiers.base import Change
from monitor.alerting.ownership import Level
from monitor.alerting.ownership.reasons import reason
from monitor.alerting.policy.table import CLAIMED_STORM, Action
from monitor.bus.base import RetryableError
from monitor.contracts import Mode
from monitor.store import exposures, outbox, records
from monitor.store.model import Exposure

STORM: Final = hashlib.sha256(b"leakstream claimed storm").hexdigest()
RULE: Final = "leakstream-claimed-storm"
PROVIDER: Final = "leakstream"
WINDOW: Final = 3600.0  # seconds
_TIMES: Final = "claimed_tickets"  # in `meta`: when the last tickets began, epoch seconds, the oldest first
_SYSTEM: Final = "system"


class Contended(RetryableError):
    """Another worker took room meanwhile: the batch must come again."""

    def __init__(self) -> None:
        super().__init__("another worker counts tickets of claims")


class Room:
    """How much there is in one batch. Pure between `load` and `save`."""

    def __init__(self, limit: int, before: str | None, *, now: float) -> None:
        """`before`: what the store says, None for nothing."""
        self.held = 0
        self._limit = limit
        self._before = before
        self._now = now
        self._times = [time for time in map(float, (before or "").split()) if time > now - WINDOW]
        self._taken = False

    def take(self) -> bool:
        """Whether one more ticket may begin now."""
        if len(self._times) >= self._limit:
            self.held += 1
            return False
        self._times.append(self._now)
        self._taken = True
        return True

    @property
    def used(self) -> int:
        """How many began within the hour."""
        return len(self._times)

    @classmethod
    async def load(cls, connection: AsyncConnection, limit: int, *, now: float) -> Room:
        return cls(limit, await records.get_meta(connection, _TIMES), now=now)

    async def save(self, connection: AsyncConnection) -> None:
        """Raises Contended: nothing of the transaction may stand."""
        after = " ".join(map(repr, self._times))
        if self._taken and not await records.change_meta(connection, _TIMES, self._before, after):
            raise Contended


async def tell(connection: AsyncConnection, held: int, routes: Sequence[Route], *, now: float) -> None:
    """Note `held` more exposures without a ticket of their own; the first ones of a storm are told."""
    if not held:
        return
    before = (await exposures.load(connection, [STORM], lock=True)).get(STORM)
    going_on = before is not None and before.state == "open"
    row = before if before is not None and going_on else _begun(before.opening + 1 if before else 1, now)
    count = row.sightings + held
    row = replace(row, sightings=count, last_seen=now, reasons=(reason(CLAIMED_STORM, "", str(count)),))
    await exposures.save(connection, new=() if before else [row], changed=[row] if before else ())
    await exposures.add_aliases(connection, () if before else [(STORM, "", STORM)])
    if not going_on:
        change = Change.REOPENED if before else Change.OPENED
        names = routed(routes, action=Action.TICKET, mode=Mode.LIVE)
        await outbox.enqueue(connection, tellings(row, change, Action.TICKET, names, now=now))


async def settle(connection: AsyncConnection, *, now: float) -> bool:
    """Close the storm when for an hour nothing was held, and tell whoever was told of it. Returns whether there is something to tell."""
    row = (await exposures.load(connection, [STORM], lock=True)).get(STORM)
    if row is None or row.state != "open" or now - row.last_seen < WINDOW:
        return False
    closed = replace(
        row, state="closed", closed_at=now, closed_by=_SYSTEM, close_reason="over", close_scope="seen"
    )
    await exposures.save(connection, new=(), changed=[closed])
    told = await outbox.told_of(connection, row.id, row.opening)
    await outbox.enqueue(connection, tellings(closed, Change.CLOSED, Action.TICKET, told, now=now))
    await records.add_audit(
        connection, at=now, actor=_SYSTEM, verb="closed", exposure_id=STORM, detail={"reason": "over"}
    )
    return bool(told)


def _begun(opening: int, now: float) -> Exposure:
    risen = rank(mode=Mode.LIVE, level=Level.CLAIMED, severity=Severity.HIGH, verdict=Verdict.UNPROVABLE)
    return Exposure(
        id=STORM,
        state="open",
        mode=Mode.LIVE.value,
        opening=opening,
        rank=risen,
        told=risen,
        action=Action.TICKET.value,
        decision=CLAIMED_STORM,
        severity=Severity.HIGH.value,
        verdict=Verdict.UNPROVABLE.value,
        confidence=Confidence.HIGH.value,
        rule=RULE,
        provider=PROVIDER,
        family=RULE,
        title="Storm of claims: exposures recorded without a ticket of their own",
        check="",
        set_id="",
        parts=(),
        facts={},
        preview="",
        revoke="",
        source="leakstream",
        repository="",
        path="",
        level=Level.CLAIMED.value,
        score=0,
        reasons=(),
        first_published=None,
        first_seen=now,
        last_seen=now,
        sightings=0,
        opened_at=now,
    )
