"""Everything that a report says, read out of the store at one moment. Nothing is decided here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.containment.duty import PrivacySettings
from monitor.alerting.containment.steps import Containment, containment
from monitor.alerting.exposures.windows import Window, window_of
from monitor.alerting.ownership import Level, reason_text
from monitor.contracts import CoverageEvent
from monitor.coverage.answer import CONTEXT
from monitor.coverage.blind import blind_intervals
from monitor.coverage.deliveries import Deliveries
from monitor.coverage.estimate import minutes
from monitor.coverage.seals import DAY
from monitor.report.asking import Asked, about_deliveries, about_places
from monitor.report.statement import Adding, Sealed, Statement
from monitor.report.timeline import ToldOnce
from monitor.store import ledger, queries, records, standing
from monitor.store.model import Exposure
from monitor.store.tables import coverage

LONGEST_DAYS: Final = 31  # of a window that is reckoned; a firehose's day takes seconds of CPU
_HISTORY: Final = 500


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes the report, when and with what. `rules`: digest of the rule set; `key`: the ledger's public key, "" = it cannot be read."""

    at: float
    actor: str
    version: str
    rules: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """`places` are rows of `sightings` in their order, none for what nobody watches; `history` the audit log, newest first."""

    row: Exposure
    window: Window
    todo: Containment
    reasons: Sequence[str]
    places: Sequence[Mapping[str, Any]] = field(repr=False)
    told: Sequence[ToldOnce]
    history: Sequence[Mapping[str, Any]] = field(repr=False)
    asked: Sequence[Asked]
    deliveries: Deliveries | None
    statement: Statement
    maker: Maker


async def gather(
    connection: AsyncConnection,
    row: Exposure,
    maker: Maker,
    privacy: PrivacySettings,
    is_watched: Callable[[str, str], bool],
) -> Report:
    """Inside a transaction of the caller, which only reads. `is_watched`: whether a forge's repository is among what is watched. Of a long
    window it takes a minute of CPU. Raises LedgerBroken.
    """
    watched = row.level != Level.NONE
    places = (await queries.sightings_of(connection, [row.id]))[row.id] if watched else []
    window = window_of(row)
    until = maker.at if window.until is None else window.until
    return Report(
        row=row,
        window=window,
        todo=containment(row, privacy),
        reasons=[reason_text(reason) for reason in row.reasons],
        places=places,
        told=await _told(connection, row.id),
        history=await records.audit_of(connection, row.id, limit=_HISTORY),
        asked=await about_places(connection, places, is_watched),
        deliveries=await about_deliveries(connection, row, window.since, until),
        statement=await statement(connection, min(window.since, until), until),
        maker=maker,
    )


async def statement(connection: AsyncConnection, since: float, until: float) -> Statement:
    """What the ledger says of `since` to `until`, of the newest LONGEST_DAYS if that is longer. Raises LedgerBroken."""
    begun = (await connection.execute(select(func.min(coverage.c.until)))).scalar_one_or_none() or 0.0
    start = max(since, until - LONGEST_DAYS * DAY)
    adding, entries, part = Adding(), 0, start
    while part < until:
        end = min(part + DAY, until)
        told = [entry.told() async for entry in ledger.overlapping(connection, part - CONTEXT, end + CONTEXT)]
        events = [each.event for each in told]
        entries += sum(each.since < end and part < min(each.until, until) <= end for each in events)
        # a firehose's day takes seconds of CPU, and a console may be asked for this beside its other work
        await asyncio.to_thread(_add, adding, events, part, end)
        part = end
    head, signed = await ledger.head_of(connection), await ledger.all_seals(connection, since=start)
    seals = [(each, each.seal()) for each in signed]
    over = [(each, seal) for each, seal in seals if seal.until - DAY < until + DAY]
    return Statement(
        since=start,
        until=until,
        begun=begun,
        cut=start > since,
        entries=entries,
        watched=adding.watched(),
        blind=adding.blind(),
        seals=[Sealed(s.number, s.day, s.first, s.last, each.hash, s.key) for each, s in over],
        unsealed=head.seq - (seals[-1][1].last if seals else 0),
        head=head.hash.hex() if head.seq else "",
    )


def _add(adding: Adding, events: Sequence[CoverageEvent], since: float, until: float) -> None:
    adding.add(minutes(events, since, until), blind_intervals(events), since, until)


async def _told(connection: AsyncConnection, exposure_id: str) -> list[ToldOnce]:
    names = ("notifier", "change", "action", "created_at", "delivered_at", "state")
    return [
        ToldOnce(*(row[name] for name in names))
        for row in await standing.told_of_one(connection, exposure_id)
    ]
