"""The durable outbox: one row for each thing to be told to one notifier, leased with a fencing number.

States: pending -> delivered, or failed (no try can succeed with this configuration; kept, and pending again by `deadmail.retry`), or skipped
(silenced until it was over), or dropped (by a person). Of one exposure and notifier only the oldest pending row can be leased, so that a
person reads things in their order. A pending row may be held until a time, for one of the reasons in HELD: nothing is wrong then.
All functions work inside a transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, fields
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, case, exists, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks, execute_many, insert_new
from monitor.store.model import Leased, Telling, Waiting
from monitor.store.tables import outbox

PENDING: Final = "pending"
DELIVERED: Final = "delivered"
FAILED: Final = "failed"
SKIPPED: Final = "skipped"
DROPPED: Final = "dropped"
GROUPED: Final = "grouped"  # held, to be told with others of its incident
STORM: Final = "storm"  # held, to be told with everything else
SILENCED: Final = "silenced"  # held by a silence
HELD: Final = (GROUPED, STORM, SILENCED)
_PAIRS: Final = 400  # (id, fence) of one statement: old SQLite takes 999 variables
_WAITING: Final = tuple(f.name for f in fields(Waiting) if f.name not in ("drill", "overtaken"))
_LEASED: Final = tuple(f.name for f in fields(Leased))
_HASTY: Final = ("escalated", "reopened")  # changes that held rows before them may hold up

_earlier: Final = outbox.alias("earlier")
_IS_HEAD: Final = ~exists().where(
    _earlier.c.exposure_id == outbox.c.exposure_id,
    _earlier.c.notifier == outbox.c.notifier,
    _earlier.c.state == PENDING,
    _earlier.c.id < outbox.c.id,
)

_later: Final = outbox.alias("later")
_OVERTAKEN: Final = exists().where(
    _later.c.exposure_id == outbox.c.exposure_id,
    _later.c.notifier == outbox.c.notifier,
    _later.c.state == PENDING,
    _later.c.id > outbox.c.id,
    _later.c.action == "page",
    _later.c.change.in_(_HASTY),
)


def _due(notifier: str, now: float) -> tuple[ColumnElement[bool], ...]:
    return (
        outbox.c.notifier == notifier,
        outbox.c.state == PENDING,
        outbox.c.next_try <= now,
        outbox.c.lease_until <= now,
    )


class Backlog(NamedTuple):
    """Of one notifier: rows pending and failed, when the oldest pending one was made that is not held, and how many are held."""

    pending: int
    failed: int
    oldest: float | None
    held: int = 0


async def enqueue(connection: AsyncConnection, tellings: Sequence[Telling]) -> None:
    """Add rows, due at once. A row with the same key and notifier is left as it is: nobody is told twice. What is held of an exposure
    that pages now is due as well: it would hold up the page.
    """
    rows = [
        asdict(telling)
        | {"state": PENDING, "attempts": 0, "next_try": telling.created_at}
        | {"lease_until": 0.0, "fence": 0, "reason": ""}
        for telling in tellings
    ]
    await execute_many(connection, insert_new(connection, outbox), rows)
    hasty = {
        (telling.exposure_id, telling.created_at)
        for telling in tellings
        if telling.action == "page" and telling.change in _HASTY
    }
    for exposure_id, now in hasty:
        held = (outbox.c.exposure_id == exposure_id, outbox.c.state == PENDING, outbox.c.reason.in_(HELD))
        await connection.execute(update(outbox).where(*held).values(next_try=now))


async def is_due(connection: AsyncConnection, notifier: str, *, now: float) -> bool:
    """Whether `lease` may find something: a look that takes no lock."""
    query = select(outbox.c.id).where(*_due(notifier, now), _IS_HEAD).limit(1)
    return (await connection.execute(query)).first() is not None


async def heads(connection: AsyncConnection, notifier: str, *, now: float, limit: int) -> list[Waiting]:
    """Up to `limit` due rows, each of another exposure; nobody else sees them before the transaction ends."""
    columns = (outbox.c[name] for name in _WAITING)
    query = (
        select(*columns, outbox.c.labels, _OVERTAKEN.label("overtaken"))
        .where(*_due(notifier, now), _IS_HEAD)
        .order_by(outbox.c.next_try, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [
        Waiting(
            **{name: row[name] for name in _WAITING},
            drill="exercise" in row["labels"],
            overtaken=bool(row["overtaken"]),
        )
        for row in (await connection.execute(query)).mappings()
    ]


async def take(
    connection: AsyncConnection, rows: Sequence[Waiting], *, until: float, message: str = ""
) -> list[Leased]:
    """Lease rows that `heads` gave in this transaction; `message` is the key of the summary that tells all of them."""
    found: dict[int, Leased] = {}
    for ids in chunks(row.id for row in rows):
        changed = {"fence": outbox.c.fence + 1, "attempts": outbox.c.attempts + 1}
        await connection.execute(
            update(outbox).where(outbox.c.id.in_(ids)).values(**changed, lease_until=until, message=message)
        )
        query = select(*(outbox.c[name] for name in _LEASED)).where(outbox.c.id.in_(ids))
        for row in (await connection.execute(query)).mappings():
            found[row["id"]] = Leased(**row)
    return [found[row.id] for row in rows]


async def lease(
    connection: AsyncConnection, notifier: str, *, now: float, until: float, limit: int
) -> list[Leased]:
    """Take up to `limit` due rows, each of another exposure. A lease that ran out is taken over."""
    rows = await heads(connection, notifier, now=now, limit=limit)
    return await take(connection, rows, until=until)


async def hold(connection: AsyncConnection, rows: Sequence[Waiting], *, until: float, reason: str) -> None:
    """Keep rows that `heads` gave back until then. `reason` is one of HELD."""
    for ids in chunks(row.id for row in rows):
        held = {"next_try": until, "reason": reason, "lease_until": 0.0}
        await connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(**held))


async def skip(connection: AsyncConnection, rows: Sequence[Waiting]) -> None:
    """Rows that `heads` gave and that nobody has to hear of any more."""
    for ids in chunks(row.id for row in rows):
        skipped = {"state": SKIPPED, "reason": SILENCED, "lease_until": 0.0}
        await connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(**skipped))


async def unheld(connection: AsyncConnection, reason: str, *, now: float) -> int:
    """Make everything due that is held for that reason. Returns how many rows."""
    held = (outbox.c.state == PENDING, outbox.c.reason == reason, outbox.c.next_try > now)
    return (await connection.execute(update(outbox).where(*held).values(next_try=now))).rowcount


async def settle_undelivered(
    connection: AsyncConnection, rows: Sequence[Leased], *, state: str, reason: str, next_try: float = 0.0
) -> int:
    """Write why leased rows are pending or failed and give the leases back. Returns how many: of what is another's now nothing was written."""
    why = {"state": state, "reason": reason, "next_try": next_try, "lease_until": 0.0}
    settled = 0
    for some in chunks(((row.id, row.fence) for row in rows), _PAIRS):
        statement = update(outbox).where(_held(some), outbox.c.state == PENDING)
        settled += (await connection.execute(statement.values(**why))).rowcount
    return settled


async def settle_delivered(
    connection: AsyncConnection, rows: Sequence[Leased], *, at: float, together: bool = False
) -> set[int]:
    """Mark rows as delivered, each by a message of its own or all `together` by one; the ids of those whose lease was still ours, of the
    others nothing was written.
    """
    marked: set[int] = set()
    for some in chunks(((row.id, row.fence) for row in rows), _PAIRS):
        held = _held(some)
        delivered = {"state": DELIVERED, "reason": "", "lease_until": 0.0, "delivered_at": at}
        await connection.execute(
            update(outbox)
            .where(held, outbox.c.state == PENDING)
            .values(**delivered, carried=0 if together else 1)
        )
        # not RETURNING: SQLite 3.34, still around, does not know it
        query = select(outbox.c.id).where(held, outbox.c.state == DELIVERED)
        marked.update((await connection.execute(query)).scalars())
    if together and marked:
        first = update(outbox).where(outbox.c.id == min(marked))
        await connection.execute(first.values(carried=len(marked)))
    return marked


async def release(connection: AsyncConnection, rows: Sequence[Leased]) -> None:
    """Give back leases of rows that were not tried."""
    for some in chunks(((row.id, row.fence) for row in rows), _PAIRS):
        statement = update(outbox).where(_held(some), outbox.c.state == PENDING)
        await connection.execute(statement.values(lease_until=0.0, attempts=outbox.c.attempts - 1))


def _held(pairs: Sequence[tuple[int, int]]) -> ColumnElement[bool]:
    """Rows (id, fence) whose lease is still the one that was given."""
    return tuple_(outbox.c.id, outbox.c.fence).in_(pairs)


async def retry_now(connection: AsyncConnection, notifier: str, *, now: float) -> None:
    """Make everything that waits for its next try due, but for what is held: the notifier is back."""
    await connection.execute(
        update(outbox)
        .where(
            outbox.c.notifier == notifier,
            outbox.c.state == PENDING,
            outbox.c.next_try > now,
            outbox.c.reason.not_in(HELD),
        )
        .values(next_try=now)
    )


async def told_of(connection: AsyncConnection, exposure_id: str, opening: int) -> list[str]:
    """The notifiers that were, or are going to be, told of this opening."""
    query = (
        select(outbox.c.notifier)
        .where(outbox.c.exposure_id == exposure_id, outbox.c.opening == opening)
        .distinct()
        .order_by(outbox.c.notifier)
    )
    return list((await connection.execute(query)).scalars())


async def told_elsewhere(connection: AsyncConnection, keys: Collection[str], notifier: str) -> set[str]:
    """Those of `keys` that another notifier has been told of."""
    found: set[str] = set()
    for some in chunks(keys):
        delivered = (outbox.c.key.in_(some), outbox.c.notifier != notifier, outbox.c.state == DELIVERED)
        found.update((await connection.execute(select(outbox.c.key).where(*delivered))).scalars())
    return found


async def backlog(connection: AsyncConnection, notifiers: Collection[str] = ()) -> dict[str, Backlog]:
    """Of every notifier that has rows, and of `notifiers` in any case (they may have been removed from the config)."""
    found = dict.fromkeys(notifiers, Backlog(0, 0, None))
    held = outbox.c.reason.in_(HELD)
    for name, state, count, oldest, of_them_held in await connection.execute(
        select(
            outbox.c.notifier,
            outbox.c.state,
            func.count(),
            func.min(case((~held, outbox.c.created_at))),
            func.sum(case((held, 1), else_=0)),
        )
        .where(outbox.c.state.in_((PENDING, FAILED)))
        .group_by(outbox.c.notifier, outbox.c.state)
    ):
        known = found.get(name, Backlog(0, 0, None))
        found[name] = (
            known._replace(pending=count, oldest=oldest, held=of_them_held)
            if state == PENDING
            else known._replace(failed=count)
        )
    return found
