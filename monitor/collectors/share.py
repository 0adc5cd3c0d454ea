"""How many requests a cycle may cost: so many a minute, and no more than the host's window allows when it is spent evenly."""

from __future__ import annotations

from monitor.collectors.upstream import Upstream


class Share:
    """What one source may spend beside its polls. What a long piece of work overdraws, the next cycles pay back."""

    def __init__(self, upstream: Upstream, per_minute: float) -> None:
        self._upstream = upstream
        self._per_minute = per_minute
        self._credit = 0.0
        self._mark = 0

    def begin(self, seconds: float, *, reserve: int) -> None:
        """A cycle of `seconds` begins, which `reserve` requests are put aside of for its polls."""
        income = self._per_minute * max(0.0, seconds) / 60.0
        allowed = self._upstream.budget.allowance(seconds)
        if allowed is not None:
            income = min(income, max(0.0, allowed - reserve))
        # what was not needed is kept for a burst, a minute's worth at most
        self._credit = min(self._credit, self._per_minute) + income
        self._mark = self._upstream.asked

    @property
    def spent(self) -> bool:
        """Whether another request is too much."""
        return self._upstream.asked - self._mark + 1 > self._credit

    def end(self) -> None:
        """The cycle's work is done."""
        self._credit -= self._upstream.asked - self._mark
        self._mark = self._upstream.asked
