"""What a notifier was told and what of it is open: reads over outbox and exposures. Inside a transaction of the caller."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks
from monitor.store.model import Told
from monitor.store.tables import exposures, outbox

_later: Final = outbox.alias("later")
_ENDING: Final = ("closed", "escalated", "reopened")  # changes with which something told before may end


class Wanted(NamedTuple):
    """What one notifier hears of: `tells` are the actions, `drills` whether of exercises."""

    notifier: str
    tells: Collection[str]
    drills: bool


async def open_ids(connection: AsyncConnection, wanted: Wanted, *, limit: int) -> list[str]:
    """Open exposures that the notifier was told of in their present opening: pages first, then the worst, then the newest."""
    query = (
        select(exposures.c.id)
        .join(outbox, outbox.c.exposure_id == exposures.c.id)
        .where(_stands(wanted))
        .order_by(
            (outbox.c.action == "page").desc(),
            exposures.c.rank.desc(),
            exposures.c.opened_at.desc(),
            exposures.c.id,
        )
        .limit(limit)
    )
    return list((await connection.execute(query)).scalars())


async def count_open(connection: AsyncConnection, wanted: Wanted) -> int:
    """How many `open_ids` would give without a limit."""
    query = (
        select(func.count())
        .select_from(exposures)
        .join(outbox, outbox.c.exposure_id == exposures.c.id)
        .where(_stands(wanted))
    )
    return int((await connection.execute(query)).scalar_one())


async def changed_ids(connection: AsyncConnection, notifier: str, *, since: float) -> list[str]:
    """Exposures of which something that the notifier was told may have ended since then."""
    query = (
        select(outbox.c.exposure_id)
        .where(outbox.c.notifier == notifier, outbox.c.created_at >= since, outbox.c.change.in_(_ENDING))
        .distinct()
        .order_by(outbox.c.exposure_id)
    )
    return list((await connection.execute(query)).scalars())


async def told(connection: AsyncConnection, notifier: str, ids: Iterable[str]) -> dict[str, list[Told]]:
    """Exposure id -> what the notifier was told of it, in order; every id is there."""
    found: dict[str, list[Told]] = {exposure_id: [] for exposure_id in ids}
    names = Told.__dataclass_fields__
    for chunk in chunks(found):
        query = (
            select(*(outbox.c[name] for name in names))
            .where(outbox.c.notifier == notifier, outbox.c.exposure_id.in_(chunk))
            .order_by(outbox.c.exposure_id, outbox.c.id)
        )
        for row in (await connection.execute(query)).mappings():
            found[row["exposure_id"]].append(Told(**row))
    return found


async def told_of_one(connection: AsyncConnection, exposure_id: str) -> list[dict[str, Any]]:
    """Everything that was, or is, to be told of one exposure to anybody, in order, and what became of it."""
    names = (
        "notifier", "change", "action", "opening", "created_at", "delivered_at", "state", "reason", "attempts", "next_try",
    )  # fmt: skip
    query = select(*(outbox.c[name] for name in names)).where(outbox.c.exposure_id == exposure_id)
    return [dict(row) for row in (await connection.execute(query.order_by(outbox.c.id))).mappings()]


def _stands(wanted: Wanted) -> ColumnElement[bool]:
    """Whether a row of `outbox` is the last word to the notifier on an open exposure, and one that it still wants to hear."""
    drill = exposures.c.mode == "exercise"
    return and_(
        exposures.c.state == "open",
        outbox.c.notifier == wanted.notifier,
        outbox.c.opening == exposures.c.opening,
        outbox.c.change != "closed",
        or_(drill, outbox.c.action.in_(wanted.tells))
        if wanted.drills
        else and_(~drill, outbox.c.action.in_(wanted.tells)),
        ~exists().where(
            _later.c.exposure_id == outbox.c.exposure_id,
            _later.c.notifier == outbox.c.notifier,
            _later.c.id > outbox.c.id,
        ),
    )
