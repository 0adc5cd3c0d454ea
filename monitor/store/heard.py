"""What a notifier took, and when: reads over the outbox. Inside a transaction of the caller.

The constants are literal, and as the indexes have them: a bound one would not let the databases use those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import case, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.dialect import chunks
from monitor.store.model import Sent, Waiting
from monitor.store.outbox import DELIVERED, PENDING
from monitor.store.tables import exposures, outbox


async def messages_since(
    connection: AsyncConnection, notifier: str, since: float, *, now: float
) -> list[Sent]:
    """The messages that a notifier took since then, in their order; at the end, as of now, those that are under way."""
    query = (
        select(outbox.c.action, outbox.c.incident, outbox.c.delivered_at, outbox.c.carried)
        .where(
            outbox.c.notifier == notifier,
            outbox.c.carried > literal_column("0"),
            outbox.c.delivered_at > since,
        )
        .order_by(outbox.c.delivered_at)
    )
    taken = [Sent(*row) for row in await connection.execute(query)]
    under_way = select(outbox.c.id, outbox.c.action, outbox.c.incident, outbox.c.message).where(
        outbox.c.notifier == notifier,
        outbox.c.state == PENDING,
        outbox.c.next_try <= now,
        outbox.c.lease_until > now,
    )
    messages: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for number, action, incident, message in await connection.execute(under_way):
        messages[message or str(number)].append((action, incident))
    return taken + [Sent(*rows[0], now, len(rows)) for rows in messages.values()]


async def states_of(
    connection: AsyncConnection, notifier: str, rows: Sequence[Waiting]
) -> dict[tuple[str, int], set[str]]:
    """(exposure, opening) of `rows` -> the states of everything that the notifier was to be told of it."""
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for ids in chunks({row.exposure_id for row in rows}):
        query = (
            select(outbox.c.exposure_id, outbox.c.opening, outbox.c.state)
            .where(outbox.c.exposure_id.in_(ids), outbox.c.notifier == notifier)
            .distinct()
        )
        for exposure_id, opening, state in await connection.execute(query):
            found[exposure_id, opening].add(state)
    return found


async def summed_over(connection: AsyncConnection, notifier: str, incident: str) -> list[str]:
    """The actions for which summaries told of this incident while nothing of what they told is open any more."""
    is_open = func.max(case((exposures.c.state == "open", 1), else_=0))
    query = (
        select(outbox.c.action)
        .join(exposures, exposures.c.id == outbox.c.exposure_id)
        .where(
            outbox.c.notifier == notifier,
            outbox.c.incident == incident,
            outbox.c.message != literal_column("''"),
            outbox.c.state == DELIVERED,
        )
        .group_by(outbox.c.action)
        .having(is_open == 0)
        .order_by(outbox.c.action)
    )
    return list((await connection.execute(query)).scalars())
