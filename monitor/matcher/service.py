"""The matcher stage: documents in, finding events out. The runner drives it; it never blocks the loop.

Documents go to the scanning process in jobs. A job whose process died is tried again one document at a time; a document that
then kills its process alone goes to the dead letters unscanned, so that a hostile document stalls nobody else: two deadlines at most.
The hostile documents of one job do not add up: each that ran out of time halves what the next ones get.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

import structlog

from detectors.stats import REASONS
from monitor.bus.base import DeadLetter, Handled, Message, Record
from monitor.contracts import (
    FINDINGS,
    SIGHTINGS,
    CoverageEvent,
    Document,
    FindingEvent,
    InvalidRecord,
    Mode,
    Sighting,
)
from monitor.matcher.frames import JobItem
from monitor.matcher.pool import ScanPool, WorkerDied
from monitor.metrics import Metrics
from monitor.tracing import exemplar, fit

_LOG = structlog.get_logger(__name__)
_RULES: Final = 20  # that one line names
_JOB_DOCUMENTS: Final = 256
_JOB_BYTES: Final = 512 * 1024  # a job's deadline grows with it
_TELL_SECONDS: Final = 60.0
_LEAST_PATIENCE: Final = 1 / 8  # still a hundred times what an ordinary document takes
CONTENT_REASONS: Final = frozenset(
    {"worker_crash", "worker_timeout", "worker_memory"}
)  # they never stop the stage


class MatcherService:
    """`handle` is the runner's handler. For one event loop."""

    def __init__(self, pool: ScanPool, metrics: Metrics, *, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._metrics = metrics
        self._clock = clock
        self._scanned: Counter[str] = Counter()  # documents by source, since `_since`
        self._since = clock()
        for reason in REASONS:
            metrics.dropped.labels("match", reason)

    async def handle(self, records: Sequence[Record]) -> Handled:
        """Raises UpgradeNeeded, PoolFailed."""
        good: list[Record] = []
        dead: list[DeadLetter] = []
        for record in records:
            try:
                Document.check_version(record)
            except InvalidRecord as error:
                dead.append(DeadLetter(record, error.reason))
            else:
                good.append(record)
        told = self._told()  # of earlier batches, which are committed by now
        return _together([Handled(told, dead), *await asyncio.gather(*map(self._job, _jobs(good)))])

    def _told(self) -> list[Message]:
        """Once a minute, what was scanned of each source: the ledger's word that what was fetched was also looked at. What a process that
        dies has not told yet stays untold: the ledger then says less than was done, never more.
        """
        now = self._clock()
        if now < self._since + _TELL_SECONDS:
            return []
        events = [
            CoverageEvent(source, self._since, now, scanned=count) for source, count in self._scanned.items()
        ]
        self._scanned.clear()
        self._since = now
        return [event.message() for event in events]

    async def _job(self, records: Sequence[Record]) -> Handled:
        try:
            return await self._scan(records)
        except WorkerDied as death:
            if len(records) == 1 and death.reason == "timeout":  # it had a deadline of its own
                return Handled((), [DeadLetter(records[0], "worker_timeout")])
        return await self._one_by_one(records)

    async def _one_by_one(self, records: Sequence[Record]) -> Handled:
        """The second try of documents whose job died."""
        done: list[Handled] = []
        patience = 1.0
        for record in records:
            try:
                done.append(await self._scan([record], patience))
            except WorkerDied as death:
                done.append(Handled((), [DeadLetter(record, f"worker_{death.reason}")]))
                if death.reason == "timeout":
                    patience = max(patience / 2, _LEAST_PATIENCE)
        return _together(done)

    async def _scan(self, records: Sequence[Record], patience: float = 1.0) -> Handled:
        items = [JobItem(record.headers.get("m", b""), record.value) for record in records]
        answer = await self._pool.scan(items, patience=patience)
        stats = answer.stats
        self._metrics.scanned_bytes.inc(stats["bytes"])
        self._metrics.scan_seconds.observe(stats["seconds"])
        for rule, count in stats["rules"].items():
            self._metrics.findings.labels(rule).inc(count)
        for found in stats["found"]:
            self._metrics.match_latency.observe(found["seconds"], exemplar(found["trace_id"]))
            _tell(found)
        for rule, (hits, seconds) in stats.get("costs", {}).items():
            self._metrics.rule_hits.labels(rule).inc(hits)
            self._metrics.rule_confirm_seconds.labels(rule).inc(seconds)
        self._scanned.update(stats["sources"])
        for reason, count in stats["dropped"].items():
            self._metrics.dropped.labels("match", reason).inc(count)
        found, met = {"v": FindingEvent.VERSION.encode()}, {"v": Sighting.VERSION.encode()}
        return Handled(
            [
                *(Message(FINDINGS, key, body, found) for _, key, body in answer.events),
                *(Message(SIGHTINGS, key, body, met) for _, key, body in answer.sightings),
            ],
            [DeadLetter(records[index], reason) for index, reason in answer.refused],
        )


def _tell(found: Mapping[str, Any]) -> None:
    """One line a document. What we planted ourselves is no news."""
    tell = _LOG.info if found["mode"] == Mode.LIVE else _LOG.debug
    rules = dict(islice(found["rules"].items(), _RULES))
    seconds = round(found["seconds"], 3)
    tell("found", trace_id=fit(found["trace_id"]), source=found["source"], rules=rules, seconds=seconds)


def _together(parts: Sequence[Handled]) -> Handled:
    return Handled(
        [message for part in parts for message in part.messages],
        [letter for part in parts for letter in part.dead],
    )


def _jobs(records: Sequence[Record]) -> list[list[Record]]:
    jobs: list[list[Record]] = []
    size = 0
    for record in records:
        if not jobs or len(jobs[-1]) == _JOB_DOCUMENTS or size + len(record.value) > _JOB_BYTES:
            jobs.append([])
            size = 0
        jobs[-1].append(record)
        size += len(record.value)
    return jobs
