"""What is asked of the ledger about one exposure: whether its publications are in it, and of wrong deliveries how many and since when."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.coverage.answer import ItemsGone, Question, Seen, Word, answer
from monitor.coverage.deliveries import Deliveries, is_of_webhook, needs_items, summed
from monitor.coverage.reach import readers_of
from monitor.misdelivery import ALL, FAMILY, SOURCE, WRONG
from monitor.store import evidence, ledger
from monitor.store.model import Exposure

_ASKED: Final = 3  # places
_GIVE_OR_TAKE: Final = 300.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the ledger says about one place: seen, not seen or blind; "" = its items are dropped by age. `seen` is the entry for it."""

    number: int
    word: str
    seen: Seen | None = None


async def about_places(
    connection: AsyncConnection,
    places: Sequence[Mapping[str, Any]],
    is_watched: Callable[[str, str], bool],
) -> list[Asked]:
    """Of the first places that say where and when they were published. Raises LedgerBroken."""
    named = [row for row in places if row["published_at"] is not None and row["place"].get("forge")]
    named = [row for row in named if row["place"].get("repository") or row["place"].get("owner")]
    return [await _about(connection, row, is_watched) for row in named[:_ASKED]]


async def about_deliveries(
    connection: AsyncConnection, row: Exposure, since: float, until: float
) -> Deliveries | None:
    """None for what is no wrong delivery. Raises LedgerBroken."""
    if row.family != FAMILY:
        return None
    webhook = row.facts.get("webhook", "")
    feeds = {f"{ALL}/{webhook}", f"{WRONG}/{webhook}"}
    entries = ledger.overlapping(connection, since, until, sources=(SOURCE,))
    every = {said.seq: said async for entry in entries if is_of_webhook(said := entry.told())}
    told = {seq: said for seq, said in every.items() if said.event.feed in feeds}
    wanted = [seq for seq, said in told.items() if needs_items(said, since)]
    told |= {seq: entry.told() for seq, entry in (await ledger.pick(connection, wanted)).items()}
    return next(iter(summed(told.values(), since, until)), Deliveries(webhook))


async def _about(
    connection: AsyncConnection, row: Mapping[str, Any], is_watched: Callable[[str, str], bool]
) -> Asked:
    question = _question(row["place"], row["published_at"], is_watched)
    told = await evidence.around(connection, question)
    if not question.sources:
        known = readers_of(question.forge, (each.event.source for each in told))
        question = replace(question, sources=known)
    try:
        found = answer(question, told)
    except ItemsGone:
        return Asked(row["number"], "")
    return Asked(row["number"], found.word.value, found.seen[0] if found.word is Word.SEEN else None)


def _question(place: Mapping[str, Any], at: float, is_watched: Callable[[str, str], bool]) -> Question:
    forge, name = place["forge"], place.get("repository") or place["owner"]
    kind, _, webhook = name.partition("/")
    if (forge, kind) == (SOURCE, ALL):  # a delivery: it stands in the ledger by its digest
        event = str(place.get("path", "")).rpartition("/")[2]
        return Question(f"{WRONG}/{webhook}", event, at, 1.0, _GIVE_OR_TAKE, (SOURCE,), watched=True)
    return Question(forge, name, at, 1.0, _GIVE_OR_TAKE, watched=is_watched(forge, name))
