"""The alerting stage's handler: findings, sightings and coverage in; exposures, places and things to be told out.

One batch is one transaction: either all of it is in the store or the batch comes again, and then it changes nothing that it has
changed before. Who is told is decided here and written into the outbox; `monitor.alerting.telling.outbox` delivers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting import intake
from monitor.alerting.drills import drilled
from monitor.alerting.evidence import keeping
from monitor.alerting.exposures import affected
from monitor.alerting.exposures.places import coverage_objects, sighting_of
from monitor.alerting.exposures.states import Kind
from monitor.alerting.fold import Fold, Route
from monitor.alerting.following.answers import Answers
from monitor.alerting.following.changes import FIRST
from monitor.alerting.ownership import Ownership
from monitor.alerting.policy import storm
from monitor.alerting.policy.table import Action, Policy
from monitor.alerting.selftest import SelfTest
from monitor.bus.base import Handled, Record
from monitor.contracts import Mode
from monitor.metrics import Metrics
from monitor.store import blobs, exposures, following, ledger, outbox, records
from monitor.store.engine import Store

_LOG = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides, all of it immutable: a new configuration is a new `Rules`."""

    ownership: Ownership
    policy: Policy
    routes: tuple[Route, ...] = ()


class AlertingService:
    """`handle` is for the bus's runner (one call at a time); other processes may work on the same store."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        metrics: Metrics,
        selftest: SelfTest,
        *,
        keys: frozenset[str],
        clock: Callable[[], float],
        on_told: Callable[[], None] = lambda: None,
        late: bool = False,
    ) -> None:
        """`keys` are the ids of the fingerprint keys that the store knows (`bind_key`). `on_told` is called after a commit that left
        something to be told (`Deliverer.wake`). `late`: what comes is old, of a replay: how long it took says nothing.
        """
        self._late = late
        self._store = store
        self._rules = rules
        self._metrics = metrics
        self._selftest = selftest
        self._keys = keys
        self._warned = False
        self._clock = clock
        self._on_told = on_told
        for kind in Kind:
            metrics.exposures.labels(kind.value)
        for reason in ("policy", "no_blob", "unknown_place"):
            metrics.dropped.labels("alerting", reason)

    async def handle(self, batch: Sequence[Record]) -> Handled:
        """Raises UpgradeNeeded, RetryableError (the store is busy): then the batch must come again."""
        work = intake.read(batch, self._keys)
        if work.findings or work.sightings or work.looks or work.coverage:
            fold = Fold(self._rules.ownership, self._rules.policy, self._rules.routes, now=self._clock())
            async with self._store.write() as connection:
                drills = await drilled.recognise(connection, work.findings)
                work.findings = drills.findings
                answers = await Answers.load(connection, work.looks)
                await _load(connection, fold, work, answers.ids)
                room = await storm.Room.load(connection, self._rules.policy.claimed_tickets, now=fold.now)
                fold.room, fold.late = room.take, self._late
                fold.findings(work.findings)
                await _sightings(connection, fold, work)
                await _save(connection, fold)
                await room.save(connection)
                await storm.tell(connection, room.held, self._rules.routes, now=fold.now)
                looked = await answers.apply(connection, fold.rows, self._rules.routes, now=fold.now)
                await keeping.keep(connection, fold, work.findings)
                await affected.count(connection, fold, work.findings)
                if drills.seen:
                    ids = [fold.exposure_id(event) for _, event in drills.seen]
                    ownership, policy = self._rules.ownership, self._rules.policy
                    await drilled.note(connection, drills, ownership, policy, ids, now=fold.now)
                told = [row for event in work.coverage for row in coverage_objects(event)]
                await ledger.append(connection, told, now=fold.now)
            fold.counts.update({("exposures", kind.value): count for kind, count in looked.items()})
            fold.counts["dropped", "unknown_place"] += answers.unknown
            self._count(+fold.counts)
            for line in fold.said:
                # what is nobody's, and drills, are no news
                news = line["mode"] == Mode.LIVE and line["action"] in (Action.PAGE, Action.TICKET)
                (_LOG.info if news else _LOG.debug)("decided", **line)
            for look in work.looks:
                self._metrics.rechecks.labels(look.public.value if look.public else "no_answer").inc()
            if fold.tellings or looked or room.held:
                self._on_told()
        await self._selftest.handle(work.planted)  # at last: it vouches for what is above
        self._warn(work)
        return Handled(dead=work.dead)

    def _warn(self, work: intake.Intake) -> None:
        """Once: the dead letters are counted, and go on."""
        if not self._warned and any(letter.reason == intake.FOREIGN_KEY for letter in work.dead):
            self._warned = True
            _LOG.error(
                "findings under a strange fingerprint key go to the dead letters: a match process has another key file than this"
                " one. Give it a copy of this one and start it again; then see docs/how-to/kafka.md, One key",
                known=sorted(self._keys),
            )

    def _count(self, counts: Counter[tuple[str, ...]]) -> None:
        for (metric, *labels), count in counts.items():
            match metric:
                case "exposures":
                    self._metrics.exposures.labels(*labels).inc(count)
                case "first":
                    self._metrics.source_exposures.labels(*labels).inc(count)
                case "decisions":
                    self._metrics.decisions.labels(*labels).inc(count)
                case _:
                    self._metrics.dropped.labels("alerting", *labels).inc(count)


async def _load(
    connection: AsyncConnection, fold: Fold, work: intake.Intake, looked_at: AbstractSet[str]
) -> None:
    """All rows in one go, so that two writers lock them in one order."""
    shas = {event.blob_sha for event in work.findings} | {event.blob_sha for event in work.sightings}
    fold.blobs = await blobs.load_blobs(connection, shas - {""})
    fingerprints = {fingerprint for event in work.findings for fingerprint in event.leak.values()}
    fold.aliases = await exposures.find_aliases(connection, fingerprints)
    held = {exposure_id for blob in fold.blobs.values() for exposure_id in blob}
    ids = {*fold.aliases.values(), *held, *looked_at}
    fold.rows = await exposures.load(connection, ids, lock=True)
    gone = [row.id for row in fold.rows.values() if row.removed_at is not None]
    fold.gone = await following.gone(connection, gone)
    fold.known_places = await exposures.known_places(connection, fold.places(work.findings))


async def _sightings(connection: AsyncConnection, fold: Fold, work: intake.Intake) -> None:
    """Sightings of this batch, and those kept of blobs in which a leak has just been found."""
    named = [event for event in work.sightings if event.blob_sha]
    if len(named) < len(work.sightings):
        fold.counts["dropped", "no_blob"] += len(work.sightings) - len(named)
    await blobs.add_blob_places(connection, [fold.blob_place(event) for event in named])
    touched = {sha for sha, _ in fold.touched_blobs}
    kept = await blobs.load_blob_places(connection, touched)
    events = [s for s in named if s.blob_sha not in touched] + [sighting_of(row) for row in kept]
    places = fold.sighted_places(events)
    fold.known_places |= await exposures.known_places(connection, places)
    fold.sightings(events)


async def _save(connection: AsyncConnection, fold: Fold) -> None:
    new = [fold.rows[i] for i in fold.changed if i in fold.created]
    changed = [fold.rows[i] for i in fold.changed if i not in fold.created]
    await exposures.save(connection, new=new, changed=changed)
    await exposures.add_aliases(connection, fold.new_aliases)
    counts = {row.id: row.sightings for row in fold.rows.values()}
    await exposures.add_sightings(connection, fold.new_sightings, counts)
    await following.sooner(connection, fold.looked_at, at=fold.now + FIRST)
    await following.back(connection, fold.back, at=fold.now + FIRST)
    await blobs.save_blobs(connection, list(fold.touched_blobs.values()))
    for exposure_id, reason in fold.reopened:
        await records.add_audit(
            connection,
            at=fold.now,
            actor="system",
            verb="reopened",
            exposure_id=exposure_id,
            detail={"reason": reason},
        )
    await outbox.enqueue(connection, fold.tellings)
