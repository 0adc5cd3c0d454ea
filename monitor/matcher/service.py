"""The matcher stage: documents in, finding events out. The runner drives it; it never blocks the loop.

Documents go to the scanning process in jobs. A job whose process died is tried again one document at a time; the document that
kills its process twice goes to the dead letters unscanned, so that a hostile document stalls nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from monitor.bus.base import DeadLetter, Handled, Message, Record
from monitor.contracts import FINDINGS, Document, FindingEvent, InvalidRecord
from monitor.matcher.frames import JobItem
from monitor.matcher.pool import ScanPool, WorkerDied
from monitor.metrics import Metrics

_JOB_DOCUMENTS: Final = 128
_JOB_BYTES: Final = 2 * 1024 * 1024
CONTENT_REASONS: Final = frozenset(
    {"worker_crash", "worker_timeout", "worker_memory"}
)  # they never stop the stage


class MatcherService:
    """`handle` is the runner's handler. For one event loop."""

    def __init__(self, pool: ScanPool, metrics: Metrics) -> None:
        self._pool = pool
        self._metrics = metrics

    async def handle(self, records: Sequence[Record]) -> Handled:
        """Raises UpgradeNeeded, PoolFailed."""
        good: list[Record] = []
        dead: list[DeadLetter] = []
        for record in records:
            try:
                Document.read(record)
            except InvalidRecord as error:
                dead.append(DeadLetter(record, error.reason))
            else:
                good.append(record)
        messages: list[Message] = []
        for found, killed in await asyncio.gather(*(self._job(job) for job in _jobs(good))):
            messages += found
            dead += killed
        return Handled(messages, dead)

    async def _job(self, records: Sequence[Record]) -> tuple[list[Message], list[DeadLetter]]:
        try:
            return await self._scan(records), []
        except WorkerDied:
            if len(records) == 1:
                return await self._last_try(records[0])
        messages: list[Message] = []
        dead: list[DeadLetter] = []
        for record in records:
            found, killed = await self._job([record])
            messages += found
            dead += killed
        return messages, dead

    async def _last_try(self, record: Record) -> tuple[list[Message], list[DeadLetter]]:
        try:
            return await self._scan([record]), []
        except WorkerDied as death:
            return [], [DeadLetter(record, f"worker_{death.reason}")]

    async def _scan(self, records: Sequence[Record]) -> list[Message]:
        answer = await self._pool.scan([JobItem(record.headers["m"], record.value) for record in records])
        stats = answer.stats
        self._metrics.scanned_bytes.inc(stats["bytes"])
        self._metrics.scan_seconds.observe(stats["seconds"])
        for rule, count in stats["rules"].items():
            self._metrics.findings.labels(rule).inc(count)
        for seconds in stats["waits"]:
            self._metrics.match_latency.observe(seconds)
        for reason, count in stats["dropped"].items():
            self._metrics.dropped.labels("match", reason).inc(count)
        version = FindingEvent.VERSION.encode()
        return [Message(FINDINGS, key, body, {"v": version}) for _, key, body in answer.events]


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
