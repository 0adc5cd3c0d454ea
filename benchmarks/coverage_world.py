"""A made-up world of events, and a collector that polls its feeds: the truth of each minute next to what the ledger was told.

As GitHub's `/events`: items come as a Poisson process of a changing rate, some show up late below the top of the listing, times are
whole seconds, a listing holds the newest 300 in three pages. Only the seconds around a poll are made item by item.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from monitor.contracts import CoverageEvent
from monitor.coverage.items import Outcome, item, pack

SOURCE: Final = "github_events"
FIREHOSE: Final = "/events"
START: Final = 1_790_000_040.0  # on a minute
SECONDS: Final = 7200
_LIMIT: Final = 300
_PAGE: Final = 100
_LEAD: Final = 600  # seconds of the world before the start


@dataclass(frozen=True, slots=True)
class Scenario:
    """`rate` is of items a second at a second after the start. `late_share` of them show up to `late_by` seconds later."""

    rate: Callable[[float], float]
    late_share: float = 0.0
    late_by: float = 30.0
    outages: tuple[tuple[float, float], ...] = ()  # seconds after the start
    owners: int = 0  # watched organisations, each with two events a minute
    archive: bool = False
    page_seconds: float = 0.0  # between the requests of two pages
    poll_seconds: float = 60.0
    counts: bool = True  # whether events tell how many share the end seconds
    behind: float = 0.0  # seconds until any event is shown
    clock_error: float = 0.0  # seconds (one sigma) by which a poll's time is told wrong


@dataclass(slots=True)
class World:
    """What happened, and what was told of it. Minutes count from START."""

    events: list[CoverageEvent] = field(default_factory=list)
    published: list[int] = field(default_factory=list)  # per minute
    listed: list[int] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)  # as the collector met them

    def capture(self, minute: int) -> float:
        return self.listed[minute] / self.published[minute]


def live(scenario: Scenario, seed: int, seconds: int = SECONDS) -> World:
    """The same seed gives the same world."""
    return _Life(scenario, random.Random(seed), seconds).world


class _Life:
    def __init__(self, scenario: Scenario, rng: random.Random, seconds: int) -> None:
        self.scenario, self.rng, self.seconds = scenario, rng, seconds
        self.world = World(listed=[0] * (seconds // 60 + 1))
        rates = (max(0.0, scenario.rate(second + 0.5)) for second in range(-_LEAD, seconds + 60))
        self._counts = [_poisson(rng, rate) for rate in rates]
        self._made: dict[int, list[tuple[float, float]]] = {}
        self.world.published = [
            sum(self._counts[_LEAD + at : _LEAD + at + 60]) for at in range(0, seconds, 60)
        ]
        self._newest: float | None = None
        polls = list(self._polls())
        self._owners(polls)
        if scenario.archive:
            for at in range(0, seconds, 3600):
                known = sum(self._counts[_LEAD + at : _LEAD + at + 3600])
                since = START + at
                self.world.events.append(
                    CoverageEvent("gharchive", since, since + 3600.0, expected=known, feed="world")
                )

    def _polls(self) -> Iterator[float]:
        """Poll the firehose; gives the times of the polls that were answered."""
        at, before, failing = self.rng.random() * 60.0, None, None
        while at < self.seconds:
            if any(since <= at < until for since, until in self.scenario.outages):
                failing = at if failing is None else failing
                at += 5.0
                continue
            if failing is not None:
                self.world.outages.append((START + failing, START + at))
                self.world.events.append(
                    CoverageEvent(SOURCE, START + failing, START + at, blind="server_error")
                )
                failing = None
            self._list(at, before)
            yield at
            before = at
            at += self.scenario.poll_seconds + self.rng.random() * 0.4

    def _list(self, at: float, before: float | None) -> None:
        shown: set[float] = set()
        for page in range(_LIMIT // _PAGE):
            newest = self._visible(at + page * self.scenario.page_seconds)
            shown.update(newest[page * _PAGE : (page + 1) * _PAGE])
        for time in shown:
            if 0 <= time < self.seconds:
                self.world.listed[int(time // 60)] += 1
        self.world.events.append(self._poll_event(shown, at, before))

    def _poll_event(self, shown: set[float], at: float, before: float | None) -> CoverageEvent:
        seconds = sorted(START + math.floor(time) for time in shown)
        known = 0 if self._newest is None else sum(time <= self._newest for time in shown)
        self._newest = max(shown)
        counts = self.scenario.counts
        return CoverageEvent(
            SOURCE,
            START + (at if before is None else before),
            START
            + at
            + (self.rng.gauss(0.0, self.scenario.clock_error) if self.scenario.clock_error else 0.0),
            listed=len(shown),
            overlap=None if before is None else known,
            feed=FIREHOSE,
            oldest=seconds[0],
            newest=seconds[-1],
            oldest_count=seconds.count(seconds[0]) if counts else None,
            newest_count=seconds.count(seconds[-1]) if counts else None,
            full=True,
        )

    def _visible(self, now: float) -> list[float]:
        """The newest items that are shown at `now`."""
        found: list[float] = []
        second = math.floor(now)
        while second >= -_LEAD and len(found) < _LIMIT:
            found += sorted((time for time, seen in self._items(second) if seen <= now), reverse=True)
            second -= 1
        return found[:_LIMIT]

    def _items(self, second: int) -> list[tuple[float, float]]:
        """(published, shown) of one second's items."""
        if second not in self._made:
            self._made[second] = [
                (time, time + self._delay())
                for time in (second + self.rng.random() for _ in range(self._counts[_LEAD + second]))
            ]
        return self._made[second]

    def _delay(self) -> float:
        late = self.rng.random() < self.scenario.late_share
        return self.scenario.behind + (self.rng.random() * self.scenario.late_by if late else 0.0)

    def _owners(self, polls: list[float]) -> None:
        for owner in range(self.scenario.owners):
            at, items = -3600.0, []
            while at < self.seconds:
                at += self.rng.expovariate(2.0 / 60.0)
                items.append((at, at + self._delay()))
            before: float | None = None
            for poll in polls:
                shown = [(time, seen) for time, seen in items if seen <= poll][-_LIMIT:]
                new = [time for time, seen in shown if before is None or seen > before]
                noted = [
                    item("github.com", f"owner-{owner}/r{i}", START + time, Outcome.SKIPPED)
                    for i, time in enumerate(new)
                ]
                self.world.events.append(
                    CoverageEvent(
                        SOURCE,
                        START + (poll if before is None else before),
                        START + poll,
                        listed=len(shown),
                        skipped={"no_text": len(new)},
                        overlap=None if before is None else len(shown) - len(new),
                        feed=f"/orgs/owner-{owner}/events",
                        oldest=START + math.floor(shown[0][0]),
                        newest=START + math.floor(shown[-1][0]),
                        items=pack(noted),
                    )
                )
                before = poll


def _poisson(rng: random.Random, mean: float) -> int:
    """By exponential steps; where that takes long, the normal distribution is as good."""
    if mean > 60.0:
        return round(rng.gauss(mean, math.sqrt(mean)))
    count, product, limit = 0, rng.random(), math.exp(-mean)
    while product > limit:
        count += 1
        product *= rng.random()
    return count
