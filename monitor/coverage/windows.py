"""What one listing of a feed says about the rate at which the world published, when it shows only the newest few.

A listing of `count` items reaches from its oldest to its newest second. Feeds give whole seconds, and both end seconds are cut
off: the newest by the moment of the poll, the oldest by the feed's limit. With a world of r items a second (Poisson), `b` of the
items in the newest second, `a` in the oldest and `m` in the k whole seconds between them, the listing has the likelihood

    (1/r) P(X > b)  *  Poisson(m; k r)  *  P(X >= a),     X ~ Poisson(r)

the first factor because the poll may fall anywhere in its second, the last because the oldest second held at least what is
shown of it. All within one second: P(X >= count) averaged over the moment of the poll. Where that moment is known (`cut`, see
`monitor.coverage.phases`), `b` is Poisson over the part of the second that had passed. Where `a` and `b` are not told, only the
difference d of the two seconds is left: P(d) = max(0, 1 - |d - w|) for a width w = count/r (1 ± count^-1/2). Times finer than
seconds need none of this: count - 1 items came in newest - oldest seconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from monitor.contracts import CoverageEvent

_SQRT2: Final = math.sqrt(2.0)
_TINY: Final = 1e-300
# a Gaussian in five points: the width of `count` items is not exactly count/r
_NORMAL: Final = tuple((z, math.exp(-z * z / 2.0)) for z in (-2.0, -1.0, 0.0, 1.0, 2.0))
_NORMAL_SUM: Final = sum(weight for _, weight in _NORMAL)
_NINE: Final = tuple((z / 2.0, math.exp(-z * z / 8.0)) for z in range(-4, 5))
_NINE_SUM: Final = sum(weight for _, weight in _NINE)
# what the best model of a listing still gives to any other rate: one odd listing may not decide a whole hour
_DOUBT: Final = 1e-4


@dataclass(frozen=True, slots=True)
class Window:
    """`count` items published from `oldest` to `newest` (epoch seconds), and how many share the two end seconds, if told."""

    oldest: float
    newest: float
    count: int
    oldest_count: int | None = None
    newest_count: int | None = None
    polled: float | None = None
    cut: tuple[float, float] | None = None  # where in its second the poll fell, and how uncertain that is

    @property
    def whole_seconds(self) -> bool:
        return self.oldest.is_integer() and self.newest.is_integer()

    @property
    def middle(self) -> float:
        return (self.oldest + self.newest + (1.0 if self.whole_seconds else 0.0)) / 2.0

    @property
    def rate(self) -> float:
        """Items a second, roughly."""
        return self.count / max(0.5, self.newest - self.oldest)

    def spread(self) -> list[tuple[float, float, float]]:
        """(since, until, share) pieces: when the items were published. Shares add up to 1."""
        if not self.whole_seconds:
            return [(self.oldest, self.newest, 1.0)]
        if self.newest == self.oldest:
            return [(self.oldest, self.newest + 1.0, 1.0)]
        first, last = self._ends() or (None, None)
        if first is None or last is None:
            return [(self.oldest, self.newest + 1.0, 1.0)]
        between = max(0, self.count - first - last)
        pieces = [
            (self.oldest, self.oldest + 1.0, float(first)),
            (self.oldest + 1.0, self.newest, float(between)),
            (self.newest, self.newest + 1.0, float(last)),
        ]
        total = sum(count for _, _, count in pieces)
        return [(since, until, count / total) for since, until, count in pieces if count]

    def likelihood(self, rates: Sequence[float]) -> list[float]:
        """For each rate (items a second) how well it explains the listing; the best is 1."""
        logs = [self._log(rate) for rate in rates]
        best = max(logs)
        return [math.exp(max(-700.0, log - best)) + _DOUBT for log in logs]

    def _ends(self) -> tuple[int, int] | None:
        if self.oldest_count is None or self.newest_count is None:
            return None
        if self.oldest_count + self.newest_count > self.count:  # told of another set of items than `count`
            return None
        return self.oldest_count, self.newest_count

    def _log(self, rate: float) -> float:
        seconds = self.newest - self.oldest
        if not self.whole_seconds:
            return (self.count - 1) * math.log(rate) - rate * seconds
        ends = self._ends()
        if seconds == 0.0:
            return math.log(max(_TINY, self._reached(rate)))
        if ends is None:
            return math.log(max(_TINY, self._by_width(rate, seconds)))
        first, last = ends
        full, between = seconds - 1.0, self.count - first - last
        newest = math.log(max(_TINY, self._newest(last, rate)))
        oldest = math.log(max(_TINY, at_least(first, rate)))
        return newest + oldest + (between * math.log(rate) - rate * full if full else 0.0)

    def _newest(self, last: int, rate: float) -> float:
        """How likely `last` items in the newest second are."""
        if self.cut is None:
            return at_least(last + 1, rate) / rate
        return sum(weight * poisson(last, rate * part) for part, weight in _parts(*self.cut))

    def _reached(self, rate: float) -> float:
        """How likely it is that the newest second alone fills the listing."""
        if self.cut is None:
            return at_least(self.count, rate) - self.count / rate * at_least(self.count + 1, rate)
        return sum(weight * at_least(self.count, rate * part) for part, weight in _parts(*self.cut))

    def _by_width(self, rate: float, seconds: float) -> float:
        width, error = self.count / rate, math.sqrt(self.count) / rate
        found = (weight * max(0.0, 1.0 - abs(seconds - width - z * error)) for z, weight in _NORMAL)
        return sum(found) / _NORMAL_SUM


def at_least(count: int, mean: float) -> float:
    """P(X >= count) for X ~ Poisson(mean), by Wilson and Hilferty's cube root (within 0.005)."""
    if count <= 0:
        return 1.0
    z = ((mean / count) ** (1.0 / 3.0) - 1.0 + 1.0 / (9.0 * count)) * 3.0 * math.sqrt(count)
    return 0.5 * math.erfc(-z / _SQRT2)


def poisson(count: int, mean: float) -> float:
    """P(X = count) for X ~ Poisson(mean)."""
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1.0))


def _parts(cut: float, error: float) -> list[tuple[float, float]]:
    """How much of the newest second had passed, in nine guesses with their weights."""
    return [(max(0.002, (cut + z * error) % 1.0), weight / _NINE_SUM) for z, weight in _NINE]


def window_of(event: CoverageEvent) -> Window | None:
    """The window of a poll; None where it tells of none, or of fewer than two items."""
    if event.oldest is None or event.newest is None or event.listed < 2 or event.newest < event.oldest:
        return None
    # a time read from JSON may be an int
    return Window(
        float(event.oldest),
        float(event.newest),
        event.listed,
        event.oldest_count,
        event.newest_count,
        event.until,
    )


def spread_over(
    pieces: Sequence[tuple[float, float, float]],
    start: float,
    length: float,
    cells: int,
    add: Callable[[int, float], None],
) -> None:
    """Call `add(cell, share)` for each of the `cells` cells of `length` seconds from `start` on that a piece touches."""
    for since, until, share in pieces:
        first = math.floor((since - start) / length)
        if until <= since:
            if 0 <= first < cells:
                add(first, share)
            continue
        for cell in range(max(0, first), min(cells, math.ceil((until - start) / length))):
            begin, end = start + cell * length, start + (cell + 1) * length
            add(cell, share * (min(end, until) - max(begin, since)) / (until - since))
