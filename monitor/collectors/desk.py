"""Where requests of other stages arrive: kept for the source that they name, until it has done them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from monitor.bus.base import DeadLetter, Handled, Record
from monitor.collectors.base import CollectorState
from monitor.collectors.context import STAGE
from monitor.contracts import InvalidRecord, Request
from monitor.metrics import Metrics


class RequestDesk:
    """`handle` is for the bus's runner. `sources` are those that this collector has."""

    def __init__(self, state: CollectorState, sources: Collection[str], metrics: Metrics) -> None:
        self._state = state
        self._sources = frozenset(sources)
        self._metrics = metrics

    async def handle(self, records: Sequence[Record]) -> Handled:
        """Raises UpgradeNeeded, RetryableError (the memory is busy): then the batch must come again."""
        dead: list[DeadLetter] = []
        kept: list[Request] = []
        for record in records:
            try:
                request = Request.read(record)
            except InvalidRecord as error:
                dead.append(DeadLetter(record, error.reason))
                continue
            if request.source in self._sources:
                kept.append(request)
            else:  # nobody here could do it: whoever asked will see no answer in the ledger
                self._metrics.dropped.labels(STAGE, "unserved_request").inc()
        if kept:
            await self._state.add_requests(kept)
        return Handled((), dead)
