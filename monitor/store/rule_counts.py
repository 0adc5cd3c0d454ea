"""What exposures say of the rules that found them: how many there are, and what people closed them as. Inside a transaction of the caller."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.tables import exposure_counts, exposure_kinds, exposures


class Count(NamedTuple):
    """Exposures of one rule, drills left out."""

    open: int
    all: int


async def by_rule(connection: AsyncConnection) -> Mapping[str, Count]:
    """Rule -> how many; rules without any are not there. Out of the kept counts."""
    kind, count = exposure_kinds.c, exposure_counts.c.exposures
    is_open = func.sum(case((kind.state == "open", count), else_=0))
    query = (
        select(kind.rule, is_open, func.sum(count))
        .join(exposure_counts, exposure_counts.c.kind == kind.id)
        .where(kind.mode != "exercise")
        .group_by(kind.rule)
    )
    found = {rule: Count(int(opened), int(every)) for rule, opened, every in await connection.execute(query)}
    return {rule: each for rule, each in found.items() if each.all}


async def closed_by_people(connection: AsyncConnection, *, since: float) -> Mapping[str, Mapping[str, int]]:
    """Rule -> close reason -> how many were closed so since then, by somebody and not by the service itself. No drills."""
    row = exposures.c
    query = (
        select(row.rule, row.close_reason, func.count())
        .where(
            row.closed_at >= since,
            row.state == "closed",
            row.closed_by != "system",
            row.mode != "exercise",
        )
        .group_by(row.rule, row.close_reason)
    )
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for rule, reason, count in await connection.execute(query):
        found[rule][reason] = count
    return found
