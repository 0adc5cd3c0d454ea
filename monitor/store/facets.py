"""How many exposures there are of each word that a list can be filtered by, out of the kept counts. Inside a transaction of the caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.store.queries import Filter
from monitor.store.tables import exposure_counts, exposure_kinds

NAMES: Final = ("state", "severity", "level", "action", "rule", "source", "mode")


async def facets(connection: AsyncConnection, wanted: Filter) -> Mapping[str, Mapping[str, int]]:
    """Name -> word -> how many more or fewer it would be with that word: everything else of `wanted` holds, but for its text and time,
    of which no counts are kept. Words that no exposure has are not there.
    """
    kind = exposure_kinds.c
    columns = [kind[name] for name in NAMES]
    query = (
        select(*columns, func.sum(exposure_counts.c.exposures))
        .join(exposure_counts, exposure_counts.c.kind == kind.id)
        .group_by(*columns)
    )
    asked = _asked(wanted)
    found: dict[str, Counter[str]] = {name: Counter() for name in NAMES}
    for *words, count in await connection.execute(query):
        outside = [
            name for name, word in zip(NAMES, words, strict=True) if asked[name] and word not in asked[name]
        ]
        if not asked["mode"] and not wanted.exercises and words[-1] == "exercise":
            outside.append("mode")
        for name, word in zip(NAMES, words, strict=True):
            if count and (not outside or outside == [name]):
                found[name][word] += int(count)
    return found


def _asked(wanted: Filter) -> Mapping[str, tuple[str, ...]]:
    return {
        "state": (wanted.state,) if wanted.state else (),
        "severity": wanted.severities,
        "level": wanted.levels,
        "action": wanted.actions,
        "rule": (wanted.rule,) if wanted.rule else (),
        "source": (wanted.source,) if wanted.source else (),
        "mode": wanted.modes,
    }
