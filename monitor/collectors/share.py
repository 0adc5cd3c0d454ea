"""How many requests a cycle may cost: so many a minute, and no more than the host's window allows when it is spent evenly."""

from __future__ import annotations

from typing import Protocol


class Spender(Protocol):
    """One credential or several: what they asked so far, and what they may."""

    @property
    def asked(self) -> int: ...

    def allowance(self, seconds: float) -> float | None: ...


class Share:
    """What one source may spend beside its polls. What a long piece of work overdraws, the next cycles pay back."""

    def __init__(self, spender: Spender, per_minute: float) -> None:
        self._spender = spender
        self._per_minute = per_minute
        self._credit = 0.0
        self._mark = 0

    def begin(self, seconds: float, *, reserve: int) -> None:
        """A cycle of `seconds` begins, which `reserve` requests are put aside of for its polls."""
        income = self._per_minute * max(0.0, seconds) / 60.0
        allowed = self._spender.allowance(seconds)
        if allowed is not None:
            income = min(income, max(0.0, allowed - reserve))
        # what was not needed is kept for a burst, a minute's worth at most
        self._credit = min(self._credit, self._per_minute) + income
        self._mark = self._spender.asked

    @property
    def spent(self) -> bool:
        """Whether another request is too much."""
        return self._spender.asked - self._mark + 1 > self._credit

    def end(self) -> None:
        """The cycle's work is done."""
        self._credit -= self._spender.asked - self._mark
        self._mark = self._spender.asked
