"""What keeps the coverage ledger: each day's seal, a look at the chain, and its figures for the metrics; every minute.

Several alerting processes may do it on one store: a day is sealed by whoever comes first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from monitor.aio import sleep_until
from monitor.contracts import CoverageEvent
from monitor.coverage.blind import Interval, blind_intervals, joined
from monitor.coverage.chain import Head, LedgerBroken
from monitor.coverage.estimate import minutes
from monitor.coverage.seals import Signed, begin_of_day
from monitor.coverage.signing import LedgerKeyError, Signer, create_signer, load_signer
from monitor.coverage.summary import Row, by_source
from monitor.metrics import Metrics
from monitor.store import evidence, ledger
from monitor.store.engine import Store
from monitor.store.errors import StoreBusy

_LOG = structlog.get_logger(__name__)
_EVERY: Final = 60.0  # seconds
_HOUR: Final = 3600.0
_BEFORE: Final = 600.0  # seconds before the hour, which make its first minutes better


class Keeper:
    """One a process, for its event loop."""

    def __init__(self, store: Store, key: Path, metrics: Metrics, *, clock: Callable[[], float]) -> None:
        """`key`: the file with the ledger's key; made when it is not there and nothing was ever sealed."""
        self._store = store
        self._key = key
        self._metrics = metrics
        self._clock = clock
        self._checked: Head | None = None
        self._shown: tuple[str, str] | None = None
        self._said = ""
        self._counted: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
        self._since = clock()
        metrics.ledger_broken.set(0)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. A busy store only delays it."""
        while not stop.is_set():
            try:
                await self.round()
            except StoreBusy:
                self._metrics.retries.labels("ledger").inc()
            await sleep_until(stop, _EVERY)

    async def round(self) -> None:
        """Check what is new, seal what is due (nothing that is broken), show the last hour. Raises StoreBusy."""
        try:
            await self._check()
            await self._seal()
            await self._figures()
        except LedgerBroken as error:
            self._metrics.ledger_broken.set(1)
            self._say(f"the coverage ledger is broken: {error}")
        else:
            self._metrics.ledger_broken.set(0)

    async def _seal(self) -> None:
        now = self._clock()
        async with self._store.write() as connection:
            await ledger.begin(connection, now)
            last = await ledger.last_seal(connection)
        if signer := await asyncio.to_thread(self._signer, last):
            async with self._store.write() as connection:
                made = await ledger.seal_days(connection, signer, now)
                last = await ledger.last_seal(connection)
            for each in made:
                seal = each.seal()
                _LOG.info(
                    "coverage ledger sealed",
                    day=seal.day,
                    seal=each.hash,
                    body=each.body,
                    signature=each.signature.hex(),
                )
        await self._show(last)

    def _signer(self, last: Signed | None) -> Signer | None:
        """None = it cannot be read; that is said, and alarmed on when a day goes by without a seal. Blocks."""
        try:
            if last is None and not self._key.exists():
                with suppress(FileExistsError):  # another process was first
                    create_signer(self._key)
            signer = load_signer(self._key)
        except LedgerKeyError as error:
            gone = " or, if it is lost, go on with `leakstream coverage key --new`" if last else ""
            self._say(f"the coverage ledger is not sealed: {error}; restore it{gone}")
            return None
        except OSError as error:
            self._say(
                f"the coverage ledger is not sealed: {self._key}: {error.strerror}; make it as a user who may write there, with"
                " `leakstream coverage key --new`, and give it to the service's user"
            )
            return None
        if last is not None and last.seal().key != signer.public:
            self._say(
                "the coverage ledger is sealed with another key from now on: tell whoever checks proofs"
            )
        return signer

    async def _show(self, last: Signed | None) -> None:
        if last is None:
            async with self._store.read() as connection:
                begun = await ledger.begun(connection)
            labels, until = ("", ""), begin_of_day(begun)
        else:
            seal = last.seal()
            labels, until = (seal.day, last.hash), seal.until
        if self._shown not in (None, labels):
            self._metrics.ledger_sealed_day.remove(*self._shown)
        self._metrics.ledger_sealed_day.labels(*labels).set(until)
        self._shown = labels

    async def _check(self) -> None:
        """What was written since the last look continues what was there."""
        async with self._store.read() as connection:
            if self._checked is None:
                self._checked = await evidence.last_sealed(connection)
            head = self._checked
            async for entry in ledger.entries(connection, first=head.seq + 1, items=True):
                head = head.after(entry, entry.told())
            kept = await ledger.head_of(connection)
        if kept.seq > head.seq or (kept.seq == head.seq and kept.hash != head.hash):
            raise LedgerBroken(
                f"the chain ends at entry {head.seq}, and it was written up to entry {kept.seq}"
            )
        self._checked = head

    async def _figures(self) -> None:
        now = self._clock()
        begin = now - _HOUR
        async with self._store.read() as connection:
            entries = ledger.overlapping(connection, begin - _BEFORE, now)
            events = [entry.told().event async for entry in entries]
        rows, blind = await asyncio.to_thread(_measured, events, begin, now)
        for name, row in rows.items():
            if row.capture_low is not None and row.capture_high is not None:
                self._metrics.capture_low.labels(name).set(row.capture_low)
                self._metrics.capture_high.labels(name).set(row.capture_high)
        self._count(blind, begin - _BEFORE)

    def _count(self, blind: Sequence[Interval], forget: float) -> None:
        """Each blind second once, from when this process started, however often and in however many pieces it is told."""
        for span in blind:
            since = max(span.since, self._since)
            if span.until <= since:
                continue
            known = self._counted.setdefault((span.source, span.feed, span.reason), [])
            more = joined([*known, (since, span.until)])
            self._metrics.blind_seconds.labels(span.source, span.reason).inc(
                max(0.0, _length(more) - _length(known))
            )
            known[:] = [each for each in more if each[1] >= forget]

    def _say(self, what: str) -> None:
        """Once, until something else is to be said."""
        if what != self._said:
            _LOG.error(what)
        self._said = what


def _length(spans: Sequence[tuple[float, float]]) -> float:
    return sum(until - since for since, until in spans)


def _measured(
    events: Sequence[CoverageEvent], since: float, until: float
) -> tuple[Mapping[str, Row], Sequence[Interval]]:
    return by_source(minutes(events, since, until)), blind_intervals(events)
