"""The drills: what was planted, and what became of it. Functions work inside a transaction of the caller.

A drill leaves `planted` once, by whoever is first: so several processes may judge the same ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks
from monitor.store.tables import aliases, drills, exposures, outbox

PLANTED: Final = "planted"
TOLD: Final = "told"
MISSED: Final = "missed"


@dataclass(frozen=True, slots=True)
class Drill:
    """One synthetic leak. Times are epoch seconds. `detail` is what is known of its way (docs/how-to/drills.md names the keys)."""

    id: str  # 32 hex: the trace id
    source: str
    fingerprint: str  # under the key that was current when it was planted
    planted_at: float
    due: float  # told later than this is missed
    seen_at: float | None = None  # when alerting stored the finding
    told_at: float | None = None  # when the last of its notifiers had it
    state: str = PLANTED
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def practice(self) -> bool:
        """Whether its page stays open until a person ends it."""
        return bool(self.detail.get("practice"))


class Delivery(NamedTuple):
    """What the outbox says of one notifier: when the page left, or why it is still there."""

    notifier: str
    state: str
    delivered_at: float | None
    reason: str


class Last(NamedTuple):
    """Of one source: the last success, and whether the newest judged drill was missed."""

    told_at: float | None
    missed: bool


async def add(connection: AsyncConnection, drill: Drill) -> None:
    await connection.execute(insert(drills), asdict(drill))


async def find(connection: AsyncConnection, drill_id: str) -> Drill | None:
    found = await _select(connection, drills.c.id == drill_id)
    return found[0] if found else None


async def with_fingerprints(connection: AsyncConnection, fingerprints: Iterable[str]) -> dict[str, Drill]:
    """Fingerprint -> drill, of those that were planted."""
    found: dict[str, Drill] = {}
    for chunk in chunks(fingerprints):
        drilled = await _select(connection, drills.c.fingerprint.in_(chunk))
        found.update((drill.fingerprint, drill) for drill in drilled)
    return found


async def waiting(connection: AsyncConnection) -> list[Drill]:
    """Those that nobody has judged yet, the oldest first."""
    return await _select(connection, drills.c.state == PLANTED)


async def newest(connection: AsyncConnection, *, limit: int) -> list[Drill]:
    """The newest first."""
    query = select(drills).order_by(drills.c.planted_at.desc(), drills.c.id).limit(limit)
    return [_drill(row) for row in await connection.execute(query)]


async def unclosed(connection: AsyncConnection, *, since: float) -> list[tuple[Drill, str]]:
    """Judged drills planted since then whose exposure is still open, with its id."""
    query = (
        select(drills, exposures.c.id.label("exposure_id"))
        .join(aliases, aliases.c.fingerprint == drills.c.fingerprint)
        .join(exposures, exposures.c.id == aliases.c.exposure_id)
        .where(
            drills.c.planted_at >= since,
            drills.c.state != PLANTED,
            exposures.c.state == "open",
            exposures.c.mode == "exercise",
        )
    )
    return [(_drill(row), row.exposure_id) for row in await connection.execute(query)]


async def note(connection: AsyncConnection, drill_id: str, detail: Mapping[str, Any]) -> None:
    """Add to what is known of it."""
    known = await _locked(connection, drill_id)
    if known is not None:
        await _set(connection, drill_id, detail={**known.detail, **detail})


async def note_seen(
    connection: AsyncConnection, drill_id: str, *, at: float, detail: Mapping[str, Any]
) -> None:
    """Alerting has stored its finding. Of a leak that is seen again the first time counts."""
    known = await _locked(connection, drill_id)
    if known is not None and known.seen_at is None:
        await _set(connection, drill_id, seen_at=at, detail={**known.detail, **detail})


async def judge(
    connection: AsyncConnection,
    drill: Drill,
    *,
    state: str,
    told_at: float | None,
    detail: Mapping[str, Any],
) -> Drill | None:
    """The drill as judged; None when another process was first: then nothing was written."""
    known = await _locked(connection, drill.id)
    if known is None or known.state != PLANTED:
        return None
    judged = replace(known, state=state, told_at=told_at, detail={**known.detail, **detail})
    await _set(connection, drill.id, state=state, told_at=told_at, detail=dict(judged.detail))
    return judged


async def deliveries(connection: AsyncConnection, exposure_id: str) -> list[Delivery]:
    """One a notifier: the first thing that it is told of the exposure."""
    first = (
        select(func.min(outbox.c.id))
        .where(outbox.c.exposure_id == exposure_id, outbox.c.change != "closed")
        .group_by(outbox.c.notifier)
    )
    query = (
        select(outbox.c.notifier, outbox.c.state, outbox.c.delivered_at, outbox.c.reason)
        .where(outbox.c.id.in_(first))
        .order_by(outbox.c.notifier)
    )
    return [Delivery(*row) for row in await connection.execute(query)]


async def answer(connection: AsyncConnection, exposure_id: str) -> tuple[float | None, float | None]:
    """When a person acknowledged the page of a drill, and when it was closed."""
    query = select(exposures.c.acknowledged_at, exposures.c.closed_at).where(exposures.c.id == exposure_id)
    row = (await connection.execute(query)).one_or_none()
    return (None, None) if row is None else (row.acknowledged_at, row.closed_at)


async def lasts(connection: AsyncConnection, sources: Iterable[str]) -> dict[str, Last]:
    """Of every source in `sources`; one without a drill has neither."""
    found: dict[str, Last] = {}
    for source in sources:
        told = select(func.max(drills.c.told_at)).where(drills.c.source == source, drills.c.state == TOLD)
        judged = (
            select(drills.c.state)
            .where(drills.c.source == source, drills.c.state != PLANTED)
            .order_by(drills.c.planted_at.desc())
            .limit(1)
        )
        newest_state = (await connection.execute(judged)).scalar_one_or_none()
        found[source] = Last((await connection.execute(told)).scalar_one(), newest_state == MISSED)
    return found


async def _locked(connection: AsyncConnection, drill_id: str) -> Drill | None:
    query = select(drills).where(drills.c.id == drill_id).with_for_update()
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _drill(row)


async def _set(connection: AsyncConnection, drill_id: str, **values: Any) -> None:
    await connection.execute(update(drills).where(drills.c.id == drill_id).values(**values))


async def _select(connection: AsyncConnection, condition: ColumnElement[bool]) -> list[Drill]:
    rows = await connection.execute(
        select(drills).where(condition).order_by(drills.c.planted_at, drills.c.id)
    )
    return [_drill(row) for row in rows]


def _drill(row: Row[Any]) -> Drill:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public name for it
    return Drill(**{name: values[name] for name in Drill.__dataclass_fields__})
