"""The window of an exposure: how long anybody could read a secret that was alive.

From its first publication (else from when it was first seen) until it stood nowhere any more or was revoked, whichever came
first. A window that began again goes on from the first publication: what was read before the gap stays read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.exposures.states import SYSTEM
from monitor.alerting.ownership import Level
from monitor.contracts import Mode
from monitor.store import records
from monitor.store.following import WINDOW_ENDED
from monitor.store.model import Exposure

REVOKED: Final = "revoked"
REMOVED: Final = "removed"


@dataclass(frozen=True, slots=True)
class Window:
    """Epoch seconds. `until` is None and `ended_by` "" while it runs, else `ended_by` is revoked or removed."""

    since: float
    until: float | None
    ended_by: str

    def seconds(self, now: float) -> float:
        """How long it was, or has been at `now`."""
        return max(0.0, (now if self.until is None else self.until) - self.since)


def window_of(row: Exposure) -> Window:
    since = row.first_seen if row.first_published is None else row.first_published
    ends = [(at, by) for at, by in ((row.revoked_at, REVOKED), (row.removed_at, REMOVED)) if at is not None]
    if not ends:
        return Window(since, None, "")
    until, by = min(ends)
    return Window(since, until, by)


async def record_end(connection: AsyncConnection, before: Exposure, row: Exposure, *, at: float) -> None:
    """Into the history, if the window of `row` ended by what made `row` out of `before`. Only of what is somebody's, no drill."""
    window = window_of(row)
    if window.until is None or window_of(before).until is not None:
        return
    if row.level == Level.NONE or row.mode == Mode.EXERCISE:
        return
    detail = {"seconds": window.seconds(at), "ended_by": window.ended_by}
    await records.add_audit(
        connection, at=at, actor=SYSTEM, verb=WINDOW_ENDED, exposure_id=row.id, detail=detail
    )
