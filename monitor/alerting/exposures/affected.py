"""How many people are affected by wrong deliveries: each once, however many deliveries name them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.fold import Fold
from monitor.contracts import FindingEvent
from monitor.store import affected

_HASH: Final = re.compile(r"[0-9a-f]{32}")


async def count(connection: AsyncConnection, fold: Fold, events: Iterable[FindingEvent]) -> None:
    """Of `events`, which `fold` has folded and whose exposures are stored. What is no hash is counted in `fold.counts`: bad_person."""
    people: defaultdict[str, set[str]] = defaultdict(set)
    for event in events:
        if not event.people or (row := fold.rows.get(fold.exposure_id(event))) is None:
            continue
        known = {each for each in event.people if _HASH.fullmatch(str(each))}
        if len(known) < len(set(event.people)):
            fold.counts["dropped", "bad_person"] += 1
        if known:
            people[row.id] |= known
    if people:
        await affected.add(connection, people)
