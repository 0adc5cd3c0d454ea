"""The kills of the pipeline bar: which process, at which point of the traffic, by a seed; and their restarts."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.bars.feed import BURST, Feed
from benchmarks.bars.fleet import Fleet, children, running
from benchmarks.bars.pager import Pager

MATCHERS: Final = ("match-1", "match-2")
ALERTERS: Final = ("alert-1", "alert-2")
_DOWN_SECONDS: Final = 1.0
_EARLY, _LATE = 0.05, 0.95  # shares of the traffic between which the kills lie


@dataclass(frozen=True, slots=True)
class Kill:
    """`victims` after so many `documents`, `delay` seconds into the work on a burst."""

    what: str  # matcher | alerter | alerters_delivering | scanning_process
    victims: tuple[str, ...]
    documents: int
    delay: float


def plan(documents: int, seed: int) -> list[Kill]:
    """Three matchers, three alerters, both alerters in the midst of a delivery, one scanning process; well apart, in random order."""
    rng = random.Random(f"kills {seed}")
    kinds = ["matcher"] * 3 + ["alerter"] * 3 + ["alerters_delivering", "scanning_process"]
    rng.shuffle(kinds)
    first, last = int(documents * _EARLY), int(documents * _LATE)
    slot = (last - first) // len(kinds)
    kills = []
    for number, kind in enumerate(kinds):
        among = ALERTERS if kind.startswith("alerter") else MATCHERS
        victims = among if kind == "alerters_delivering" else (rng.choice(among),)
        at = first + number * slot + rng.randrange(max(1, slot // 2))
        kills.append(Kill(kind, victims, at - at % BURST, rng.uniform(0.0, 0.3)))
    return kills


@dataclass(slots=True)
class Chaos:
    """`done`: what was killed, when, and how long it took to be ready again. `down`: who is dead at this moment on purpose."""

    fleet: Fleet
    feed: Feed
    pager: Pager
    left: Callable[[], Awaitable[Mapping[str, int]]]
    done: list[dict[str, Any]] = field(default_factory=list)
    alerters_killed_at: list[float] = field(default_factory=list)
    down: set[str] = field(default_factory=set)

    async def run(self, kills: Sequence[Kill]) -> None:
        """Raises FleetError when a process does not come back."""
        for kill in kills:
            await self.feed.reached(kill.documents)
            await asyncio.sleep(kill.delay)
            entry: dict[str, Any] = {
                "what": kill.what,
                "who": list(kill.victims),
                "documents": self.feed.posted,
            }
            if kill.what == "scanning_process":
                entry |= await self._kill_scanning(kill.victims[0])
            else:
                if kill.what == "alerters_delivering":
                    await self.pager.next_delivery()
                entry |= await self._kill_and_restart(kill)
            self.done.append(entry)
            print(f"    killed {kill.what}: {', '.join(kill.victims)} at {entry['documents']} documents")

    async def _kill_and_restart(self, kill: Kill) -> dict[str, Any]:
        self.down.update(kill.victims)
        orphans = [child for name in kill.victims for child in children(self.fleet.members[name].process.pid)]
        dead_at = [self.fleet.kill(name) for name in kill.victims]
        if kill.what.startswith("alerter"):
            self.alerters_killed_at += dead_at
        unread = dict(await self.left())
        await asyncio.sleep(_DOWN_SECONDS)
        survivors = running(orphans)
        members = [self.fleet.restart(name) for name in kill.victims]
        ready = [await asyncio.to_thread(self.fleet.wait_ready, member) for member in members]
        self.down.difference_update(kill.victims)
        return {
            "ready_again_s": [round(seconds, 2) for seconds in ready],
            "children_left": len(survivors),
            "left_to_do": unread,
        }

    async def _kill_scanning(self, name: str) -> dict[str, Any]:
        """The pool notices at its next job and starts another."""
        parent = self.fleet.members[name].process.pid
        before = children(parent)
        for child in before:
            os.kill(child, signal.SIGKILL)
        began = time.monotonic()
        while not set(children(parent)) - set(before):
            await asyncio.sleep(0.02)
            assert time.monotonic() < began + 30, "the scanning process was not replaced in 30 s"
        return {"replaced_after_s": round(time.monotonic() - began, 2), "children_left": 0}
