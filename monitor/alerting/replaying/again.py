"""What a replay puts through alerting once more: what is ours by today's watch list, and what was never known. Everything else is left as it
is, so that the places of strangers' leaks do not come back when their term is over.

Old exposures are told to nobody again: what is known of them is merged as ever, and who was told is told of a rise only. One of nobody
that becomes ours is told like a new one, and its history says that a replay did it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.ownership import Attribution, Level
from monitor.alerting.policy.cases import case_of_finding
from monitor.alerting.policy.table import Action
from monitor.alerting.service import Rules
from monitor.bus.base import Handler, Record
from monitor.contracts import FINDINGS, FindingEvent, InvalidRecord, Mode, Sighting
from monitor.store import blobs, exposures, records
from monitor.store.engine import Store
from monitor.store.model import Exposure


class Again:
    """`handle` is alerting's own. Counts are by the words opened, attributed, unchanged, nobody, page, ticket, dropped, exercise, unreadable.
    For one event loop.
    """

    def __init__(
        self, store: Store, rules: Rules, handle: Handler, *, clock: Callable[[], float], actor: str
    ) -> None:
        self._store = store
        self._rules = rules
        self._handle = handle
        self._clock = clock
        self._actor = actor

    async def kept(self, records: Sequence[Record]) -> Counter[str]:
        """Findings and sightings that alerting has had. Raises RetryableError, StoreBusy, UpgradeNeeded."""
        return await self._judged(records, new=False)

    async def found(self, records: Sequence[Record]) -> Counter[str]:
        """What a second look at documents found: leaks that were not known are taken, too, whosever they are."""
        return await self._judged(records, new=True)

    async def _judged(self, batch: Sequence[Record], *, new: bool) -> Counter[str]:
        counts: Counter[str] = Counter()
        read = list(_read(batch, counts))
        async with self._store.read() as connection:
            known = await _known(connection, (event for _, event in read))
        worth = []
        for record, event in read:
            owner = self._owner(event)
            is_known = bool(_ids(event, known))
            if owner.level is Level.NONE and (is_known or not new):
                counts["nobody"] += 1
            else:
                worth.append((record, event, owner))
        if worth:
            counts += await self._take(worth, known)
        return counts

    def _owner(self, event: FindingEvent | Sighting) -> Attribution:
        if isinstance(event, FindingEvent):
            return self._rules.ownership.of(event)
        return self._rules.ownership.assess(event.place, source=event.source)

    async def _take(
        self, worth: Sequence[tuple[Record, FindingEvent | Sighting, Attribution]], known: _Known
    ) -> Counter[str]:
        handled = await self._handle([record for record, _, _ in worth])
        counts = Counter(
            unreadable=len(handled.dead)
        )  # under a strange key: they lie in the dead letters since
        async with self._store.write() as connection:
            now_known = await _known(connection, (event for _, event, _ in worth))
            for row in now_known.rows.values():
                before = known.rows.get(row.id)
                counts += _changes(before, row)
                if before is not None and _level(row) > _level(before):
                    detail = {"level": row.level, "before": before.level}
                    await records.add_audit(
                        connection,
                        at=self._clock(),
                        actor=self._actor,
                        verb="attributed",
                        exposure_id=row.id,
                        detail=detail,
                    )
        return +counts


class Foresight(Again):
    """The same of a dry run: says what would be, and does nothing. Each leak counts once, by the first finding that tells of it."""

    def __init__(
        self, store: Store, rules: Rules, handle: Handler, *, clock: Callable[[], float], actor: str
    ) -> None:
        super().__init__(store, rules, handle, clock=clock, actor=actor)
        self._told: set[str] = set()  # exposures, fingerprints

    async def _take(
        self, worth: Sequence[tuple[Record, FindingEvent | Sighting, Attribution]], known: _Known
    ) -> Counter[str]:
        counts: Counter[str] = Counter()
        for _, event, owner in worth:
            ids = _ids(event, known)
            names = {*ids, *(event.leak.values() if isinstance(event, FindingEvent) else ())}
            rows = [known.rows[i] for i in ids if i in known.rows]
            kind = _foreseen(rows, owner) if names.isdisjoint(self._told) else "unchanged"
            if kind != "unchanged":
                self._told |= names
            counts[kind] += 1
            if kind != "unchanged" and isinstance(event, FindingEvent):
                action = self._rules.policy.decide(case_of_finding(event, owner, now=self._clock())).action
                counts[action.value] += action.rank >= Action.TICKET.rank
        return +counts


class _Known:
    """What the store has of some events."""

    def __init__(
        self, aliases: dict[str, str], held: dict[str, list[str]], rows: dict[str, Exposure]
    ) -> None:
        self.aliases = aliases
        self.held = held  # blob -> exposure ids
        self.rows = rows


async def _known(connection: AsyncConnection, events: Iterable[FindingEvent | Sighting]) -> _Known:
    fingerprints, shas = set[str](), set[str]()
    for event in events:
        if isinstance(event, FindingEvent):
            fingerprints.update(event.leak.values())
        else:
            shas.add(event.blob_sha)
    aliases = await exposures.find_aliases(connection, fingerprints)
    held = {sha: list(rows) for sha, rows in (await blobs.load_blobs(connection, shas)).items()}
    ids = {*aliases.values(), *(i for each in held.values() for i in each)}
    return _Known(aliases, held, await exposures.load(connection, ids))


def _ids(event: FindingEvent | Sighting, known: _Known) -> list[str]:
    if isinstance(event, FindingEvent):
        return [known.aliases[f] for f in event.leak.values() if f in known.aliases]
    return known.held.get(event.blob_sha, [])


def _read(batch: Sequence[Record], counts: Counter[str]) -> Iterable[tuple[Record, FindingEvent | Sighting]]:
    for record in batch:
        try:
            event = FindingEvent.read(record) if record.topic == FINDINGS else Sighting.read(record)
        except InvalidRecord:
            counts["unreadable"] += 1  # it lies in the dead letters since
            continue
        if isinstance(event, FindingEvent) and event.mode == Mode.EXERCISE:
            counts["exercise"] += 1
        elif isinstance(event, FindingEvent) or not event.answers:
            yield record, event


def _changes(before: Exposure | None, row: Exposure) -> Counter[str]:
    counts: Counter[str] = Counter()
    if before is None:
        counts["opened"] += 1
    else:
        counts["attributed" if _level(row) > _level(before) else "unchanged"] += 1
    if row.told > (before.told if before else 0):
        counts[row.action] += 1
    return counts


def _foreseen(rows: Sequence[Exposure], owner: Attribution) -> str:
    if not rows:
        return "opened"
    return "attributed" if any(owner.level.rank > _level(row) for row in rows) else "unchanged"


def _level(row: Exposure) -> int:
    return Level(row.level).rank
