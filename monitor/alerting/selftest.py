"""The end of the self-test: findings of our own canaries, which say that everything in front of them works.

They are no exposures: nothing of them is kept but when the last one came through and which rules and decoders found theirs, and nobody
is told. What is written down is written into the store that exposures go to, so that a canary that counts as a success has shown that
one could have been opened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from detectors.model import Verdict
from monitor import probing
from monitor.alerting import alive
from monitor.contracts import FindingEvent, Mode
from monitor.metrics import Metrics
from monitor.store import records
from monitor.store.engine import Store

SOURCE: Final = "selftest"
RULE: Final = "leakstream-canary"
_LAST: Final = "selftest"  # in `meta`: epoch seconds of the last success


def is_planted(event: FindingEvent) -> bool:
    """Found in what our own collector planted: source and mode are the collectors' to set, never a sender's or an author's. The same
    text from anywhere else is a finding like others.
    """
    return (event.source, event.mode) == (SOURCE, Mode.EXERCISE)


def is_canary(event: FindingEvent) -> bool:
    """The canary itself, and not what was planted beside it to try a rule or a decoder."""
    return (
        is_planted(event)
        and (event.rule, event.verdict) == (RULE, Verdict.PROVED)
        and not probing.tried(event.trace_id)
    )


async def last_success(connection: AsyncConnection) -> float | None:
    """Epoch seconds, of whichever process; None before the first."""
    text = await records.get_meta(connection, _LAST)
    return None if text is None else float(text)


class SelfTest:
    """Judges canaries by their age. `on_success` is called for each batch in which one came through in time."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        *,
        clock: Callable[[], float],
        late_seconds: float,
        on_success: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._late = late_seconds
        self._on_success = on_success

    async def handle(self, planted: Sequence[FindingEvent]) -> None:
        """Raises RetryableError (the store is busy): then nothing was counted. A canary that comes twice counts twice."""
        if not planted:
            return
        canaries = [event for event in planted if is_canary(event)]
        now = self._clock()
        ages = [now - canary.fetched_at for canary in canaries]
        outcomes = [self._outcome(age) for age in ages]
        async with self._store.write() as connection:
            await alive.note(connection, canaries, (event for event in planted if not is_canary(event)))
            if "ok" in outcomes:
                await records.set_meta(connection, _LAST, repr(now))
        if "ok" in outcomes:
            self._on_success()
        for age, outcome in zip(ages, outcomes, strict=True):
            self._metrics.selftest_seen.labels(outcome).inc()
            if outcome != "early":
                self._metrics.selftest_seconds.observe(max(0.0, age))

    def _outcome(self, age: float) -> str:
        """A late one (a backlog, a replay) says nothing of now; one from far ahead has a clock that says nothing at all."""
        if age > self._late:
            return "late"
        return "early" if age < -self._late else "ok"
