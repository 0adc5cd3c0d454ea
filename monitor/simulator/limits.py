"""Request limits as GitHub runs them: a budget an hour for each client, points in a sliding minute, requests at a time.

The hour begins with a client's first request and ends 3,600 s later, whatever happens meanwhile (its end is the `reset`
header, epoch seconds). The minute slides.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

Clock = Callable[[], float]


@dataclass(slots=True)
class Budget:
    """`limit` requests in `seconds` that begin with the first one. For one client."""

    limit: int
    seconds: float
    clock: Clock
    used: int = 0
    ends: float = -math.inf

    def spend(self) -> bool:
        """False when nothing was left; the request does not count then."""
        self._roll()
        if self.used >= self.limit:
            return False
        self.used += 1
        return True

    def give_back(self) -> None:
        """The request turned out to be free (a 304)."""
        self.used = max(0, self.used - 1)

    @property
    def remaining(self) -> int:
        self._roll()
        return max(0, self.limit - self.used)

    @property
    def reset(self) -> int:
        """Epoch second at which the budget is full again."""
        self._roll()
        return math.ceil(self.ends)

    def exhaust(self) -> None:
        """As if somebody else with the same account had used up the rest."""
        self._roll()
        self.used = self.limit

    def _roll(self) -> None:
        now = self.clock()
        if now >= self.ends:
            self.used, self.ends = 0, now + self.seconds


class SlidingPoints:
    """At most `limit` points in any `seconds`."""

    def __init__(self, limit: int, seconds: float, clock: Clock) -> None:
        self.limit = limit
        self.seconds = seconds
        self.clock = clock
        self._spent: deque[tuple[float, int]] = deque()
        self._total = 0

    def spend(self, points: int = 1) -> float:
        """0.0, or how many seconds until there is room (nothing is counted then)."""
        now = self.clock()
        self._forget(now)
        if self._total + points > self.limit:
            return max(0.001, self._spent[0][0] + self.seconds - now) if self._spent else self.seconds
        self._spent.append((now, points))
        self._total += points
        return 0.0

    @property
    def left(self) -> int:
        """Points that may be spent now."""
        self._forget(self.clock())
        return self.limit - self._total

    def _forget(self, now: float) -> None:
        while self._spent and self._spent[0][0] <= now - self.seconds:
            self._total -= self._spent.popleft()[1]


class Verdict(StrEnum):
    """What the limits say of a request."""

    OK = "ok"
    PRIMARY = "primary"
    SECONDARY = "secondary"


class Limits:
    """The limits of one client. `begin` when its request comes in, `end` when it is answered."""

    def __init__(self, clock: Clock, *, per_hour: int, points_per_minute: int, concurrent: int) -> None:
        self.budget = Budget(per_hour, 3600.0, clock)
        self.points = SlidingPoints(points_per_minute, 60.0, clock)
        self.concurrent = concurrent
        self.running = 0

    def begin(self) -> tuple[Verdict, float]:
        """The verdict and, for SECONDARY, the seconds to wait."""
        self.running += 1
        if self.running > self.concurrent:
            return Verdict.SECONDARY, 60.0
        wait = self.points.spend()
        if wait:
            return Verdict.SECONDARY, wait
        return (Verdict.OK, 0.0) if self.budget.spend() else (Verdict.PRIMARY, 0.0)

    def end(self) -> None:
        self.running -= 1
