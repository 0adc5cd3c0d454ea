"""Which share of a feed's items shows up too late for a window of the newest few.

A late item is put below the top of the listing, where a listing of the newest few seconds no longer reaches: the rate read off
the windows is too low by the share of the late. Feeds that meet themselves show late items: one that is listed for the first
time although it is older than what the poll before could show. Every item of such a feed that was published `age` seconds before
a poll tells whether it was there (by that poll or before it) or not yet. With a share p of the items late, by a time drawn from
an exponential or an even distribution, it was not there with probability p G(age). Of p and G the distribution is computed
on a grid, from a prior of about 4 % late (no more than 12 %, nineteen times of twenty), which alone decides where no feed tells.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Final

from monitor.contracts import CoverageEvent
from monitor.coverage.items import unpack
from monitor.coverage.polls import Polls, fresh

_OLDEST: Final = 180  # seconds: older items say nothing more
_YOUNGEST: Final = 2  # younger ones may be late by the difference of two clocks
_PRIOR_MEAN: Final = 0.04
_PRIOR_TAIL: Final = 0.05
_NONE_LATE: Final = 0.3
_WORTH: Final = 0.5  # of an item's word: items of one owner come in batches, and are late together
_RATIO: Final = 1.1
_SHARES: Final = (0.0, *(0.0025 * _RATIO**i for i in range(56)))  # up to one half
_EXPONENTIAL: Final = (4.0, 8.0, 15.0, 30.0, 60.0, 120.0)
_EVEN: Final = (10.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0)

# (share missing, weight), the weights add up to 1
Missing = Sequence[tuple[float, float]]


def missing(sampled: Polls, complete: Iterable[Polls], age: float) -> Missing:
    """What share of the items is not in a listing of `sampled` although it was published `age` seconds (on average) before it,
    as `complete` feeds of the same source tell.
    """
    behind = _behind(sampled)
    there: Counter[float] = Counter()
    not_yet: Counter[float] = Counter()
    for feed in complete:
        _ages(feed.events, behind, there, not_yet)
    found = dict.fromkeys(_SHARES, 0.0)
    missed = dict.fromkeys(_SHARES, 0.0)
    for share, later, log in _logs(there, not_yet):
        weight = math.exp(log)
        found[share] += weight
        missed[share] += weight * share * later(age)
    total = sum(found.values())
    return [(missed[share] / weight, weight / total) for share, weight in found.items() if weight > 0.0]


def _before(share: float) -> float:
    """How likely a share is while nothing is known (the shares are evenly spaced as logarithms)."""
    if not share:
        return _NONE_LATE
    return math.log(_RATIO) * share * (math.exp(-share / _PRIOR_MEAN) / _PRIOR_MEAN + _PRIOR_TAIL)


def _behind(sampled: Polls) -> float | None:
    """Seconds from the newest item that a poll shows to the poll."""
    found = [event.until - event.newest - 0.5 for event in sampled.events if event.newest is not None]
    return median(found) if found else None


def _ages(
    events: Sequence[CoverageEvent], behind: float | None, there: Counter[float], not_yet: Counter[float]
) -> None:
    """Count each item's age at the polls around its publication."""
    listed = [(event, _published(event)) for event in events]
    for i, (poll, _) in enumerate(listed[:-1]):
        if poll.newest is None:
            continue
        front = poll.newest if behind is None else max(poll.newest, poll.until - behind)
        for later, counter in ((i + 1, not_yet), (i, there), (i - 1, there), (i - 2, there)):
            if later < 0:
                break
            for at in listed[later][1]:
                age = front - at - 0.5
                if _YOUNGEST <= age < _OLDEST:
                    counter[_bin(age)] += 1


def _bin(age: float) -> float:
    """The middle of the age's bin: a second wide while young, some tenth of the age later."""
    width = 1.0 if age < 12.0 else 4.0 if age < 60.0 else 12.0
    return (age // width + 0.5) * width


def _published(event: CoverageEvent) -> list[int]:
    """When the items were published that a poll listed for the first time; none where the event does not tell just those."""
    if not event.items or not event.overlap:  # a first listing holds what was there for long
        return []
    try:
        found = [item.at for item in unpack(event.items) if item.at]
    except ValueError:
        return []
    return found if len(found) <= fresh(event) else []


def _logs(
    there: Counter[float], not_yet: Counter[float]
) -> Iterable[tuple[float, Callable[[float], float], float]]:
    """(share, how many of the late are still missing at an age, logarithm of the weight; the best is 0)."""
    shapes: list[Callable[[float], float]] = [
        *((lambda age, t=t: math.exp(-age / t)) for t in _EXPONENTIAL),
        *((lambda age, t=t: max(0.0, 1.0 - age / t)) for t in _EVEN),
    ]
    ages = sorted(there.keys() | not_yet.keys())
    rows = []
    for later in shapes:
        table = [(later(age), there[age], not_yet[age]) for age in ages]
        for share in _SHARES:
            log = math.log(_before(share))
            for left, seen, unseen in table:
                late = max(1e-4, share * left)
                log += _WORTH * (seen * math.log1p(-late) + unseen * math.log(late))
            rows.append((share, later, log))
    best = max(log for _, _, log in rows)
    return [(share, later, log - best) for share, later, log in rows]
