"""Everything that a report says, read out of the store at one moment. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.containment import Containment, containment
from monitor.alerting.duty import PrivacySettings
from monitor.alerting.ownership import Level, reason_text
from monitor.alerting.windows import Window, window_of
from monitor.coverage.answer import CONTEXT, ItemsGone, Question, Seen, Word, answer
from monitor.coverage.blind import blind_intervals
from monitor.coverage.estimate import minutes
from monitor.coverage.reach import readers_of
from monitor.coverage.seals import DAY
from monitor.report.statement import Adding, Sealed, Statement
from monitor.report.timeline import ToldOnce
from monitor.store import evidence, ledger, queries, records
from monitor.store.model import Exposure
from monitor.store.tables import coverage, outbox

LONGEST_DAYS: Final = 31  # of a window that is reckoned; a firehose's day takes seconds of CPU
_ASKED: Final = 3  # places that the ledger is asked about
_GIVE_OR_TAKE: Final = 300.0
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
class Asked:
    """What the ledger says about one place: seen, not seen or blind; "" = its items are dropped by age. `seen` is the entry for it."""

    number: int
    word: str
    seen: Seen | None = None


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
        asked=[await _ask(connection, place, is_watched) for place in _askable(places)],
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
        adding.add(minutes(events, part, end), blind_intervals(events), part, end)
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


def _askable(places: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    named = [p for p in places if p["published_at"] is not None and p["place"].get("forge")]
    return [p for p in named if p["place"].get("repository") or p["place"].get("owner")][:_ASKED]


async def _ask(
    connection: AsyncConnection, row: Mapping[str, Any], is_watched: Callable[[str, str], bool]
) -> Asked:
    place = row["place"]
    forge, name = place["forge"], place.get("repository") or place["owner"]
    question = Question(forge, name, row["published_at"], 1.0, _GIVE_OR_TAKE, watched=is_watched(forge, name))
    told = await evidence.around(connection, question)
    question = replace(question, sources=readers_of(question.forge, (each.event.source for each in told)))
    try:
        found = answer(question, told)
    except ItemsGone:
        return Asked(row["number"], "")
    return Asked(row["number"], found.word.value, found.seen[0] if found.word is Word.SEEN else None)


async def _told(connection: AsyncConnection, exposure_id: str) -> list[ToldOnce]:
    names = ("notifier", "change", "action", "created_at", "delivered_at", "state")
    query = select(*(outbox.c[name] for name in names)).where(outbox.c.exposure_id == exposure_id)
    return [ToldOnce(*row) for row in await connection.execute(query.order_by(outbox.c.id))]
