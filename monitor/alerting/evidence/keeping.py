"""Which sealed evidence of a batch is kept: what belongs to exposures that are attributed. The matcher seals what could be ours; what turns
out to be nobody's is dropped here, counted.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.exposures.places import stable_place
from monitor.alerting.fold import Fold
from monitor.alerting.ownership import Level
from monitor.contracts import FindingEvent
from monitor.sealing import is_sealed
from monitor.store import sealed
from monitor.store.sealed import Evidence

_TO: Final = 4096  # characters of the recipients' names


async def keep(connection: AsyncConnection, fold: Fold, events: Iterable[FindingEvent]) -> None:
    """Store the evidence of `events`, which `fold` has folded and whose exposures are stored. What is dropped is counted in
    `fold.counts`: sealed_unattributed, sealed_malformed, sealed_enough.
    """
    rows = []
    for event in events:
        if not event.sealed:
            continue
        row = fold.rows.get(fold.exposure_id(event))
        if row is None or row.level == Level.NONE:
            fold.counts["dropped", "sealed_unattributed"] += 1
            continue
        body = _body(event.sealed)
        if not is_sealed(body):
            fold.counts["dropped", "sealed_malformed"] += 1
            continue
        to = ", ".join(event.sealed_to)[:_TO]
        rows.append(Evidence(stable_place(event, row.id), row.id, fold.now, to, body))
    if rows and (beyond := await sealed.keep(connection, rows)):
        fold.counts["dropped", "sealed_enough"] += beyond


def _body(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # also of what is not ASCII
        return b""
