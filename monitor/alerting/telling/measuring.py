"""What a delivery says about us: how long it took, whether it came in time, and one log line for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from monitor.alerting.notifiers.base import Change
from monitor.metrics import Metrics
from monitor.metrics.objectives import DELIVERY_SECONDS
from monitor.store import outbox
from monitor.store.model import Leased
from monitor.tracing import exemplar

_LOG = structlog.get_logger(__name__)


class Measuring:
    """Of all notifiers of one process. No I/O but `firsts`."""

    def __init__(self, metrics: Metrics, notifiers: Iterable[str]) -> None:
        self._metrics = metrics
        for name in notifiers:
            metrics.notifications.labels(name, outbox.DELIVERED)
            for outcome in ("in_time", "late", "failed"):
                metrics.deliveries.labels(name, outcome)

    async def firsts(
        self, connection: AsyncConnection, notifier: str, rows: Sequence[Leased]
    ) -> Collection[str]:
        """Keys of those delivered pages that nobody was told of before: only they are a time to page."""
        keys = {row.key for row in rows if _is_page(row) and row.published_at is not None}
        return keys - await outbox.told_elsewhere(connection, keys, notifier) if keys else keys

    def delivered(self, row: Leased, *, first: bool, now: float) -> None:
        held = row.reason in outbox.HELD
        seconds = max(0.0, now - row.created_at)
        outcome = "in_time" if held or seconds <= DELIVERY_SECONDS else "late"
        self._metrics.deliveries.labels(row.notifier, outcome).inc()
        trace = exemplar(row.trace_id)
        if row.fetched_at is not None and not held:
            self._metrics.time_to_notify.observe(max(0.0, now - row.fetched_at), trace)
        to_page = None if row.published_at is None else max(0.0, now - row.published_at)
        if first and to_page is not None and not held:
            self._metrics.publish_to_notify.observe(to_page, trace)
        _LOG.info(
            "told",
            trace_id=row.trace_id,
            notifier=row.notifier,
            exposure=row.exposure_id,
            change=row.change,
            action=row.action,
            seconds=round(seconds, 3),
            since_publication=None if to_page is None else round(to_page, 3),
        )

    def failed(self, row: Leased, reason: str) -> None:
        """For good: no further try is made with this configuration."""
        self._metrics.deliveries.labels(row.notifier, "failed").inc()
        _LOG.warning(
            "notification failed for good",
            trace_id=row.trace_id,
            notifier=row.notifier,
            exposure=row.exposure_id,
            reason=reason,
        )


def _is_page(row: Leased) -> bool:
    return row.action == "page" and row.change not in (Change.ACKNOWLEDGED, Change.CLOSED)
