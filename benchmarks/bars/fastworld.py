"""The small internet as a process of its own, on a clock that runs faster than ours: two hours pass in ten minutes.

python -m benchmarks.bars.fastworld '{"speed": 12, "seed": 1, "rates": [[0, 170]], "outages": [[600, 640]], "truth": "FILE"}'

`epoch` is what its clock begins with. Says where it listens and what its clock showed when, as one line of JSON; publishes until its standard input ends; then writes what
really happened into the file `truth`. All times are seconds of its own clock, from its start.
"""

from __future__ import annotations

import asyncio
import bisect
import gc
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import orjson

from detectors import load_rules
from monitor.simulator.clock import AdjustableClock
from monitor.simulator.credentials import RuleMaker
from monitor.simulator.faults import FaultKind
from monitor.simulator.model import Event
from monitor.simulator.publisher import Mix
from monitor.simulator.server import Simulator, SimulatorConfig

EPOCH: Final = 1_790_000_040.0  # any day will do; a whole minute
OWNER: Final = "acme-corp"
_TICK: Final = 0.01  # real seconds


class FastWorld:
    """`rates` are (from when, events a second), `outages` (from, to)."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.speed = float(given["speed"])
        self.epoch = float(given.get("epoch", EPOCH))
        self.clock = AdjustableClock(self.epoch, speed=self.speed)
        self.simulator = Simulator(
            SimulatorConfig(
                seed=given["seed"],
                mix=Mix(
                    leaks=given.get("leaks", 0.005),
                    watched=0.05,
                    own=0.002,
                    shapes=0.0005,
                    watched_owners=(OWNER,),
                ),
                kept_pushes=100_000,  # several minutes at the double rate: nobody's commits are gone so soon
                late_ratio=given.get("late_ratio", 0.05),
                late_by=given.get("late_by", 30.0),
            ),
            maker=RuleMaker(load_rules()),
            clock=self.clock,
        )
        self._rates: list[tuple[float, float]] = [(since, rate) for since, rate in given["rates"]]
        self._rng = random.Random(f"arrivals {given['seed']}")
        self.pushes: list[tuple[float, str, str]] = []  # of the watched owner: when, repository, head
        self._due = self.epoch
        self.simulator.before_answer = self._catch_up
        self.late = 0.0  # seconds by which the publishing fell behind, at worst
        for since, until in given.get("outages", ()):
            self.simulator.faults.add(
                FaultKind.STATUS, "github.*", since=self.epoch + since, until=self.epoch + until
            )
        add = self.simulator.world.feed.add

        def note(event: Event) -> None:
            if event.type == "PushEvent" and event.owner == OWNER:
                self.pushes.append(
                    (event.created_at - self.epoch, event.repository, str(event.payload["head"]))
                )
            add(event)

        self.simulator.world.feed.add = note  # type: ignore[method-assign]
        self._shown: set[tuple[str, float]] = (
            set()
        )  # id (which two types may share) and time of events that the feed showed
        show = self.simulator.journal.show

        def remember(events: Iterable[Event]) -> None:
            shown = list(events)
            self._shown.update((event.id, event.created_at) for event in shown)
            show(shown)

        self.simulator.journal.show = remember  # type: ignore[method-assign]

    async def publish(self, stop: asyncio.Event) -> None:
        """Events arrive one by one, each at its own time, as independent people make them (a Poisson process)."""
        while not stop.is_set():
            self._catch_up()
            await asyncio.sleep(_TICK)

    def _catch_up(self) -> None:
        """Whatever has happened by now: nobody is answered from a world that fell behind its clock."""
        now = self.clock()
        self.late = max(self.late, now - self._due)
        while self._due <= now:
            self.simulator.publisher.publish(self._due)
            self._due += self._rng.expovariate(self._rate(self._due - self.epoch))

    def _rate(self, at: float) -> float:
        """The last entry counts; between two entries with the same rate twice it is a step, else a straight line."""
        index = bisect.bisect_right([since for since, _ in self._rates], at) - 1
        since, rate = self._rates[index]
        if index + 1 == len(self._rates):
            return rate
        until, then = self._rates[index + 1]
        return rate + (then - rate) * (at - since) / (until - since)

    def truth(self) -> dict[str, Any]:
        journal = self.simulator.journal
        rules = Counter(violation.rule for violation in journal.violations)
        return {
            "ended": self.clock() - self.epoch,
            "late_seconds": self.late / self.speed,
            "happened": {str(m * 60 - int(self.epoch)): n for m, n in self.simulator.world.happened.items()},
            "listed": {str(m * 60 - int(self.epoch)): n for m, n in journal.listed.items()},
            "violations": dict(rules),
            "requests": {f"{route} {status}": n for (route, status), n in sorted(journal.counts.items())},
            "clients": sorted({asked.client for asked in journal}),
            "pushes": self.pushes,
            "told": [  # what stood in the feed itself, or was pushed by the watched owner: nothing of it may be lost
                {
                    "at": place.published_at - self.epoch,
                    "secret": place.secret.hex(),
                    "push": bool(place.commit),
                    "rule": place.rule_id,
                    "shape": place.shape,
                }
                for place in self.simulator.truth
                if place.source == "github"
                and place.shape not in ("many_commits", "many_files")
                and (
                    place.owner == OWNER
                    if place.commit
                    else (place.document, place.published_at) in self._shown
                )
            ],
        }


async def _serve(given: dict[str, Any]) -> FastWorld:
    world, stop = FastWorld(given), asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.set)  # nothing is ever written: it ended
    await world.simulator.start()
    told = {"url": world.simulator.github_url, "clock": world.clock(), "monotonic": time.monotonic()}
    print(orjson.dumps(told).decode(), flush=True)
    try:
        await world.publish(stop)
    finally:
        await world.simulator.stop()
    return world


def main(given: dict[str, Any]) -> None:
    """Blocks until standard input ends."""
    gc.disable()  # a full collection of the world stops it for a second, twelve on its clock; it makes few circles
    world = asyncio.run(_serve(given))
    Path(given["truth"]).write_bytes(orjson.dumps(world.truth()))


if __name__ == "__main__":
    main(orjson.loads(sys.argv[1]))
