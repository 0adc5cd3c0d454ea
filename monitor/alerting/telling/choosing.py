"""What one notifier is told now: due rows, less what is silenced or waits for others, leased. Inside a transaction of the caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.exposures.states import OPEN
from monitor.alerting.notifiers.base import Change
from monitor.alerting.telling.grouping import Grouping, plan, summary_key
from monitor.alerting.telling.silences import silencing
from monitor.store import exposures, heard, outbox, silences
from monitor.store.model import Exposure, Leased, Silence, Waiting
from monitor.store.outbox import DELIVERED, SILENCED, SKIPPED

_SEQUELS: Final = (Change.ACKNOWLEDGED, Change.CLOSED)
MOST: Final = 2000  # rows of one summary, and of one look


class Chooser:
    """Of one notifier. `counts` gathers what was held or skipped, by the word for the metric, until it is taken."""

    def __init__(self, name: str, *, grouping: Grouping | None = None, silenced: bool = True) -> None:
        """`silenced`: whether silences are for this notifier. `grouping`: None where everything is told alone."""
        self._name = name
        self._grouping = grouping
        self._silenced = silenced
        self.counts: Counter[str] = Counter()

    async def choose(
        self, connection: AsyncConnection, *, now: float, until: float, limit: int
    ) -> list[list[Leased]]:
        """At most `limit` messages, each of one row or of those that are told together; leased until `until`."""
        most = MOST if self._grouping else limit
        due = await outbox.heads(connection, self._name, now=now, limit=most)
        if due and self._silenced:
            due = await self._audible(connection, due, now)
        if self._grouping is None:
            return [[row] for row in await outbox.take(connection, due, until=until)]
        return await self._grouped(connection, due, self._grouping, now=now, until=until, limit=limit)

    async def _grouped(
        self,
        connection: AsyncConnection,
        due: Sequence[Waiting],
        grouping: Grouping,
        *,
        now: float,
        until: float,
        limit: int,
    ) -> list[list[Leased]]:
        if not due:
            return []
        sent = await heard.messages_since(connection, self._name, now - grouping.window, now=now)
        planned = plan(due, sent, grouping, now=now)
        for rows, time, reason in planned.held:
            await self._hold(connection, rows, time, reason)
        taken = []
        for rows in planned.messages[:limit]:
            key = rows[0].message or summary_key(row.key for row in rows)
            message = key if len(rows) > 1 else ""
            taken.append(await outbox.take(connection, rows, until=until, message=message))
        return taken

    async def _audible(
        self, connection: AsyncConnection, due: Sequence[Waiting], now: float
    ) -> list[Waiting]:
        """`due` without what is silenced, which is held, and what was silenced until it was over, which is skipped."""
        active = await silences.active(connection, now)
        asked = [row for row in due if active or row.reason == SILENCED or row.change in _SEQUELS]
        if not asked:
            return [*due]
        known = await exposures.load(connection, {row.exposure_id for row in asked})
        states = await heard.states_of(connection, self._name, asked)
        skipped, kept = list[Waiting](), list[Waiting]()
        for row in due:
            exposure = known.get(row.exposure_id)
            heard_of = states.get((row.exposure_id, row.opening), set())
            if exposure is None:
                kept.append(row)
            elif row.change in _SEQUELS:
                # who heard of the leak hears what became of it, silence or not; who did not, does not
                never = SKIPPED in heard_of and DELIVERED not in heard_of
                (skipped if never else kept).append(row)
            elif not row.drill and (silent := silencing(exposure, row.incident, active)):
                await self._hold(connection, [row], _last(silent), SILENCED)
            elif row.reason == SILENCED and _over(exposure, row) and DELIVERED not in heard_of:
                skipped.append(row)
            else:
                kept.append(row)
        await outbox.skip(connection, skipped)
        self.counts[SKIPPED] += len(skipped)
        return kept

    async def _hold(
        self, connection: AsyncConnection, rows: Sequence[Waiting], until: float, reason: str
    ) -> None:
        await outbox.hold(connection, rows, until=until, reason=reason)
        self.counts[reason] += sum(row.reason != reason for row in rows)


def _last(silent: Sequence[Silence]) -> float:
    return max(silence.until for silence in silent)


def _over(exposure: Exposure, row: Waiting) -> bool:
    """Whether nothing of this opening is open any more."""
    return exposure.state != OPEN or exposure.opening != row.opening
