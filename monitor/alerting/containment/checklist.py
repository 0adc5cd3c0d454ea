"""What of the steps was done, by whom and when. A tick is an entry of the audit log and nothing else: who ticked stands there anyway.

A new opening begins with an empty list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store import records
from monitor.store.model import Exposure

TICKED: Final = "ticked"
UNTICKED: Final = "unticked"
_MOST: Final = 500  # entries of one exposure: seven steps, ticked and unticked by those who cannot agree


@dataclass(frozen=True, slots=True)
class Tick:
    """`at` in epoch seconds."""

    by: str
    at: float


async def ticks_of(connection: AsyncConnection, row: Exposure) -> Mapping[str, Tick]:
    """Step (a name of `Containment.names`) -> who did it in the present opening. Inside a transaction of the caller."""
    entries = await records.audit_of(connection, row.id, limit=_MOST, verbs=(TICKED, UNTICKED))
    found: dict[str, Tick] = {}
    for entry in reversed(entries):  # oldest first
        step = str(entry["detail"].get("step", ""))
        if entry["detail"].get("opening") != row.opening:
            continue
        if entry["verb"] == TICKED:
            found[step] = Tick(entry["actor"], entry["at"])
        else:
            found.pop(step, None)
    return found


async def tick(
    connection: AsyncConnection, row: Exposure, step: str, *, done: bool, by: str, at: float
) -> bool:
    """Tick it, or take the tick away. False: it is so already. Inside a transaction of the caller."""
    if (step in await ticks_of(connection, row)) is done:
        return False
    verb = TICKED if done else UNTICKED
    detail = {"step": step, "opening": row.opening}
    await records.add_audit(connection, at=at, actor=by, verb=verb, exposure_id=row.id, detail=detail)
    return True
