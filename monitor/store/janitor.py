"""Retention: takes out what is past its term (`monitor.store.tables` states them), in steps that hold the writer for moments only.

What nobody watches is reduced after `Terms.unattributed_places` to fingerprint, rule, source and day; every other table is cut by age.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, select, tuple_, update

from monitor.aio import sleep_until
from monitor.coverage.seals import begin_of_day
from monitor.metrics import Metrics
from monitor.store.collector_state import BLOB_SECONDS
from monitor.store.dialect import chunks, execute_many
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy
from monitor.store.exposures import save, to_exposure
from monitor.store.model import Exposure
from monitor.store.tables import (
    affected,
    audit,
    blob_places,
    blobs,
    collector_blobs,
    collector_seen,
    coverage,
    dead_letters_done,
    drills,
    exposure_counts,
    exposures,
    outbox,
    places,
    sealed,
    sightings,
    silences,
)

_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_STEP: Final = 500  # rows of one transaction
_COUNTS: Final = 20_000  # narrow ones
# while an exposure is open, what was told of it says who has to hear of its end
_SETTLED: Final = outbox.c.exposure_id.not_in(select(exposures.c.id).where(exposures.c.state == "open"))


@dataclass(frozen=True, slots=True)
class Terms:
    """How long rows stay, in seconds, unless said otherwise."""

    unattributed_places: float = 24 * _HOUR
    unattributed: float = 180 * _DAY
    closed: float = 365 * _DAY
    sightings: float = 400 * _DAY
    sealed: float = 90 * _DAY
    delivered: float = 90 * _DAY
    failed: float = 400 * _DAY  # skipped and dropped ones, too
    silences: float = 365 * _DAY  # after their end
    audit: float = 365 * _DAY
    coverage: float = 400 * _DAY
    coverage_items: float = 35 * _DAY
    collector_seen: float = 400 * _DAY
    collector_seen_rows: int = 20_000_000  # about 1.3 GB; the oldest days go first
    dead_letters: float = 40 * _DAY
    drills: float = 400 * _DAY
    collector_blobs: float = BLOB_SECONDS


class Janitor:
    """`sweep` may run in several processes at once. Raises StoreBusy; the next sweep goes on where it stopped."""

    def __init__(self, store: Store, terms: Terms | None = None) -> None:
        self._store = store
        self._terms = terms or Terms()

    async def run(
        self,
        stop: asyncio.Event,
        *,
        clock: Callable[[], float],
        metrics: Metrics,
        sleep: Callable[[asyncio.Event, float], Awaitable[bool]] = sleep_until,
    ) -> None:
        """Sweep now and every hour until `stop` is set. What goes is counted as dropped; a busy store is left for later, and counted."""
        while not stop.is_set():
            try:
                for table, count in (+await self.sweep(clock())).items():
                    metrics.dropped.labels("retention", table).inc(count)
            except StoreBusy:
                metrics.retries.labels("retention").inc()
            await sleep(stop, _HOUR)

    async def sweep(self, now: float) -> Counter[str]:
        """Remove everything that is past its term at `now`. Returns rows removed (or reduced) by table."""
        terms = self._terms
        done: Counter[str] = Counter()
        done["places"] = await self._reduce(now - terms.unattributed_places)
        done["coverage_items"] = await self._forget_items(now - terms.coverage_items)
        expired: tuple[tuple[str, Table, ColumnElement[bool]], ...] = (
            (
                "unattributed",
                exposures,
                and_(exposures.c.level == "none", exposures.c.last_seen < now - terms.unattributed),
            ),
            (
                "exposures",
                exposures,
                and_(exposures.c.state == "closed", exposures.c.closed_at < now - terms.closed),
            ),
            ("blob_places", blob_places, blob_places.c.kept_since < now - terms.unattributed_places),
            ("sightings", sightings, sightings.c.seen_at < now - terms.sightings),
            ("sealed", sealed, sealed.c.at < now - terms.sealed),
            (
                "outbox",
                outbox,
                and_(outbox.c.state == "delivered", outbox.c.delivered_at < now - terms.delivered, _SETTLED),
            ),
            (
                "outbox",
                outbox,
                and_(
                    outbox.c.state.in_(("failed", "skipped", "dropped")),
                    outbox.c.created_at < now - terms.failed,
                    _SETTLED,
                ),
            ),
            ("silences", silences, silences.c.until < now - terms.silences),
            ("collector_blobs", collector_blobs, collector_blobs.c.at < now - terms.collector_blobs),
            ("audit", audit, audit.c.at < now - terms.audit),
            # whole days, so that what is left begins where a seal ends
            ("coverage", coverage, coverage.c.at < begin_of_day(now - terms.coverage)),
            ("drills", drills, drills.c.planted_at < now - terms.drills),
            ("dead_letters_done", dead_letters_done, dead_letters_done.c.at < now - terms.dead_letters),
            ("collector_seen", collector_seen, collector_seen.c.day < (now - terms.collector_seen) // _DAY),
        )
        for name, table, past in expired:
            done[name] += await self._remove(table, past)
        await self._add_up()
        cut = await self._first_day_with_room(terms.collector_seen_rows)
        done["collector_seen"] += await self._remove(collector_seen, collector_seen.c.day < cut)
        return done

    async def _add_up(self) -> None:
        """Of each kind of exposures one row of how many there are."""
        row = exposure_counts.c
        several = select(row.kind).group_by(row.kind).having(func.count() > 1)
        query = select(row.id, row.kind, row.exposures).where(row.kind.in_(several)).limit(_COUNTS)
        while True:
            async with self._store.write() as connection:
                rows = (await connection.execute(query.with_for_update())).all()
                sums: Counter[int] = Counter()
                for _, kind, count in rows:
                    sums[kind] += count
                for some in chunks(number for number, _, _ in rows):
                    await connection.execute(delete(exposure_counts).where(row.id.in_(some)))
                new = [{"kind": kind, "exposures": count} for kind, count in sorted(sums.items())]
                await execute_many(connection, insert(exposure_counts), new)
            if len(rows) < _COUNTS:
                return

    async def _first_day_with_room(self, rows: int) -> int:
        """The oldest day whose keys, with all later ones, are at most `rows`: the newest day stays whatever it holds."""
        by_day = select(collector_seen.c.day, func.count()).group_by(collector_seen.c.day)
        async with self._store.read() as connection:
            counts = [(day, count) for day, count in await connection.execute(by_day)]
        kept, first = 0, 0
        for day, count in sorted(counts, reverse=True):
            if kept and kept + count > rows:
                break
            kept, first = kept + count, day
        return first

    async def _remove(self, table: Table, past: ColumnElement[bool]) -> int:
        key = tuple_(*table.primary_key.columns)
        some = select(*table.primary_key.columns).where(past).limit(_STEP)
        removed = 0
        while True:
            async with self._store.write() as connection:
                count = (await connection.execute(delete(table).where(key.in_(some)))).rowcount
            removed += count
            if count < _STEP:
                return removed

    async def _forget_items(self, before: float) -> int:
        """Take the items out of ledger entries from before `before`; their digest stays, and so does the chain."""
        past = and_(coverage.c.at < before, coverage.c.packed != "")
        some = select(coverage.c.seq).where(past).limit(_STEP)
        reduced = 0
        while True:
            async with self._store.write() as connection:
                numbers = list((await connection.execute(some)).scalars())
                drop = update(coverage).where(coverage.c.seq.in_(numbers)).values(packed="")
                await connection.execute(drop)
            reduced += len(numbers)
            if len(numbers) < _STEP:
                return reduced

    async def _reduce(self, before: float) -> int:
        """Drop places, blobs and exact times of exposures that nobody watches and whose oldest place is from before `before`."""
        query = select(exposures).where(exposures.c.unwatched_since < before).limit(_STEP).with_for_update()
        reduced = 0
        while True:
            async with self._store.write() as connection:
                rows = [to_exposure(row) for row in (await connection.execute(query)).mappings()]
                ids = [row.id for row in rows]
                for table in (sightings, places, blobs, sealed, affected):
                    await connection.execute(delete(table).where(table.c.exposure_id.in_(ids)))
                await save(connection, new=(), changed=[_reduced(row) for row in rows])
            reduced += len(rows)
            if len(rows) < _STEP:
                return reduced


def _reduced(row: Exposure) -> Exposure:
    return replace(
        row,
        unwatched_since=None,
        preview="",
        facts={},
        repository="",
        path="",
        first_published=None if row.first_published is None else _day(row.first_published),
        first_seen=_day(row.first_seen),
        last_seen=_day(row.last_seen),
        opened_at=_day(row.opened_at),
    )


def _day(time: float) -> float:
    return time // _DAY * _DAY
