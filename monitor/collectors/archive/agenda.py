"""Which hours of the archive are to be read, how far each is, and what is still to be repaired: all that must survive a restart.

One text holds everything (the source's cursor), so that an hour, the lines read of it and their counts move together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from monitor.collectors.archive.hour import HOUR, hour_of
from monitor.collectors.archive.sieve import WHOLE, Span, hours_of
from monitor.collectors.tally import Tally

_AHEAD: Final = 24  # hours that wait at the same time
_COUNTS: Final = ("listed", "fetched", "known", "oldest", "newest")


@dataclass(slots=True)
class Job:
    """One hour to be read. `feed` counts the places it is asked from; `line` and `tallies` are what was dealt with in the file that
    has the digest `sha256` ("" = the place tells none).
    """

    hour: int
    whole: bool = False  # every event, not only those of `targets`
    world: bool = False  # how many events it had is to be told
    past: bool = False  # it belongs to the back-fill
    feed: int = 0
    tries: int = 0
    due: float = 0.0
    trouble: bool = False  # it was told that it cannot be had
    line: int = 0
    mark: str = ""  # what that line was like: another file has another there
    sha256: str = ""
    begun: bool = False
    targets: list[str] = field(default_factory=list)  # the repairs that this pass serves
    tallies: dict[str, Tally] = field(default_factory=dict)

    @property
    def since(self) -> float:
        return float(self.hour * HOUR)

    @property
    def until(self) -> float:
        return self.since + HOUR

    def begin(self, targets: Iterable[str]) -> None:
        self.begun = True
        self.targets = list(targets)
        names = [*self.targets, *([WHOLE] if self.whole else [])]
        self.tallies = {name: Tally(since=self.since) for name in names}

    def afresh(self) -> None:
        """Nothing of it counts any more."""
        self.line, self.mark, self.sha256, self.begun = 0, "", "", False
        self.targets, self.tallies = [], {}


@dataclass(slots=True)
class Repair:
    """A span that another source did not see."""

    span: Span
    left: set[int]  # hours still to be read for it
    feeds: set[str] = field(default_factory=set)  # which places the others came from
    missing: bool = False  # an hour of it is nowhere
    told: bool = False  # its coverage is on the bus
    tally: Tally = field(default_factory=lambda: Tally(since=0.0))


class Agenda:
    """What is to be done, in which order. Pure; times are epoch seconds."""

    def __init__(
        self,
        *,
        follow: bool,
        world: bool,
        backfill: tuple[int, int] | None,
        delay: float,
        late: float,
    ) -> None:
        """`backfill` is (first hour, the one behind the last); an hour's files are there `delay` seconds after its end."""
        self.jobs: list[Job] = []
        self.repairs: dict[str, Repair] = {}
        self._follow = follow
        self._world = world
        self._backfill = backfill
        self._delay = delay
        self._late = late
        self._next: int | None = None  # live hour to be planned
        self._past = backfill[0] if backfill else 0

    def plan(self, now: float) -> None:
        """Put down what has become due since the last call. The first call ever begins with the hour under way."""
        if self._follow or self._world:
            self._next = hour_of(now) if self._next is None else self._next
            while (self._next + 1) * HOUR + self._delay <= now and len(self.jobs) < _AHEAD:
                job = self._unbegun(self._next)
                job.whole, job.world = self._follow, self._world
                self._next += 1
        if self._backfill is not None:
            behind = min(self._backfill[1], hour_of(now - self._delay))
            while self._past < behind and sum(job.past for job in self.jobs) < 2 and len(self.jobs) < _AHEAD:
                job = self._unbegun(self._past)
                job.whole = job.past = True
                self._past += 1
        for repair in self.repairs.values():
            for hour in repair.left:
                self._serving(hour)

    def repair(self, target: str, span: Span) -> None:
        """`target` names it. One that is known is left as it is."""
        known = self.repairs.get(target)
        if known is None:
            self.repairs[target] = Repair(span, set(hours_of(span, self._late)), tally=Tally(span.since))

    def wants(self, hour: int) -> bool:
        """Whether a repair needs it."""
        return any(hour in repair.left for repair in self.repairs.values())

    def next(self, now: float) -> Job | None:
        """What is due: gaps first, then the newest hours, then the past."""
        due = (job for job in self.jobs if job.due <= now)
        return min(due, key=lambda job: (not self.wants(job.hour), job.past, -job.hour), default=None)

    def wake(self, now: float) -> float:
        """When `next` may have something, at most a day from now."""
        times = [job.due for job in self.jobs]
        if self._next is not None and len(self.jobs) < _AHEAD:
            times.append((self._next + 1) * HOUR + self._delay)
        return min([*times, now + 24 * HOUR])

    def begin(self, job: Job) -> None:
        """A pass over its file begins, or goes on where the last one was broken off."""
        if not job.begun:
            job.begin(target for target, repair in self.repairs.items() if job.hour in repair.left)

    def finish(self, job: Job, feed: str) -> None:
        """Its file was read to its end, and from where."""
        self.jobs.remove(job)
        for target in job.targets:
            repair = self.repairs.get(target)
            if repair is not None and job.hour in repair.left:
                repair.left.discard(job.hour)
                repair.feeds.add(feed)
                _add(repair.tally, job.tallies[target])

    def give_up(self, job: Job) -> None:
        """Its file is nowhere."""
        self.jobs.remove(job)
        for repair in self.repairs.values():
            if job.hour in repair.left:
                repair.left.discard(job.hour)
                repair.missing = True

    def ended(self) -> Sequence[tuple[str, Repair]]:
        """Repairs with nothing left to read, by target."""
        return [(target, repair) for target, repair in self.repairs.items() if not repair.left]

    def save(self) -> str:
        plain = {
            "next": self._next,
            "backfill": [*self._backfill, self._past] if self._backfill else None,
            "jobs": [_plain_job(job) for job in self.jobs],
            "repairs": {target: _plain_repair(repair) for target, repair in self.repairs.items()},
        }
        return orjson.dumps(plain).decode()

    def restore(self, saved: str | None) -> None:
        """What `save` gave. Of a back-fill that is configured otherwise by now nothing is kept."""
        if not saved:
            return
        raw = orjson.loads(saved)
        if self._follow or self._world:
            self._next = raw["next"]
        backfill = raw["backfill"]
        same = self._backfill is not None and backfill is not None and tuple(backfill[:2]) == self._backfill
        if same:
            self._past = backfill[2]
        self.repairs = {target: _revive_repair(plain) for target, plain in raw["repairs"].items()}
        jobs = [_revive_job(plain) for plain in raw["jobs"]]
        self.jobs = [job for job in jobs if same or not job.past]

    def _serving(self, hour: int) -> Job:
        """The one that reads this hour for every repair that needs it."""
        for job in self.jobs:
            wanted = any(hour in r.left and t not in job.targets for t, r in self.repairs.items())
            if job.hour == hour and not (job.begun and wanted):
                return job
        return self._unbegun(hour)

    def _unbegun(self, hour: int) -> Job:
        for job in self.jobs:
            if job.hour == hour and not job.begun:
                return job
        made = Job(hour, due=(hour + 1) * HOUR + self._delay)
        self.jobs.append(made)
        return made


def _add(total: Tally, part: Tally) -> None:
    total.listed += part.listed
    total.fetched += part.fetched
    total.known += part.known
    total.skipped.update(part.skipped)
    total.oldest = min((at for at in (total.oldest, part.oldest) if at is not None), default=None)
    total.newest = max((at for at in (total.newest, part.newest) if at is not None), default=None)


def _plain_tally(tally: Tally) -> dict[str, Any]:
    counts = {name: getattr(tally, name) for name in _COUNTS}
    return {"since": tally.since, "skipped": dict(tally.skipped), **counts}


def _revive_tally(plain: dict[str, Any]) -> Tally:
    return Tally(**{**plain, "skipped": Counter(plain["skipped"])})


def _plain_job(job: Job) -> dict[str, Any]:
    plain = {name: getattr(job, name) for name in Job.__slots__}
    return {**plain, "tallies": {name: _plain_tally(tally) for name, tally in job.tallies.items()}}


def _revive_job(plain: dict[str, Any]) -> Job:
    tallies = {name: _revive_tally(tally) for name, tally in plain["tallies"].items()}
    return Job(**{**plain, "tallies": tallies})


def _plain_repair(repair: Repair) -> dict[str, Any]:
    span = repair.span
    return {
        "span": [span.repairs, span.since, span.until],
        "left": sorted(repair.left),
        "feeds": sorted(repair.feeds),
        "missing": repair.missing,
        "told": repair.told,
        "tally": _plain_tally(repair.tally),
    }


def _revive_repair(plain: dict[str, Any]) -> Repair:
    return Repair(
        Span(*plain["span"]),
        set(plain["left"]),
        set(plain["feeds"]),
        plain["missing"],
        plain["told"],
        _revive_tally(plain["tally"]),
    )
