"""When the faults of a bar happen: which one, to whom, at which point of the traffic, by a seed. What they do is for `processfaults`
and `brokerfaults`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from benchmarks.bars.feed import BURST, Feed

_EARLY, _LATE = 0.05, 0.95  # shares of the traffic between which the faults lie

Action = Callable[[Sequence[str]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A fault that happens `count` times, each time to one of `choices` (who suffers it together). Nobody has it one time more than
    another has it less.
    """

    what: str
    count: int
    choices: Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fault:
    """`victims` after so many `documents`, `delay` seconds into the work on a burst."""

    what: str
    victims: tuple[str, ...]
    documents: int
    delay: float


def plan(kinds: Sequence[Kind], documents: int, seed: int) -> list[Fault]:
    """All of them, well apart, in random order."""
    rng = random.Random(f"kills {seed}")
    drawn = [(kind.what, victims) for kind in kinds for victims in _draw(rng, kind.choices, kind.count)]
    rng.shuffle(drawn)
    first, last = int(documents * _EARLY), int(documents * _LATE)
    slot = (last - first) // len(drawn)
    faults = []
    for number, (what, victims) in enumerate(drawn):
        at = first + number * slot + rng.randrange(max(1, slot // 2))
        faults.append(Fault(what, victims, at - at % BURST, rng.uniform(0.0, 0.3)))
    return faults


def _draw(rng: random.Random, choices: Sequence[tuple[str, ...]], count: int) -> list[tuple[str, ...]]:
    rounds = chain.from_iterable(rng.sample(choices, len(choices)) for _ in repeat(None))
    return [victims for victims, _ in zip(rounds, range(count), strict=False)]


@dataclass(slots=True)
class Chaos:
    """`actions`: what each kind of fault does; back when the victims are well again, with the figures to be told. `done`: what happened,
    in order.
    """

    feed: Feed
    actions: Mapping[str, Action]
    done: list[dict[str, Any]] = field(default_factory=list)

    async def run(self, faults: Sequence[Fault]) -> None:
        """One at a time, the feed never further ahead than the next but one: a fault that takes long must not leave the later ones
        without work to fall into. Raises what an action raises when its victims do not come back.
        """
        for number, fault in enumerate(faults):
            self.feed.allow(faults[number + 2].documents if number + 2 < len(faults) else None)
            await self.feed.reached(fault.documents)
            await asyncio.sleep(fault.delay)
            documents, began = self.feed.posted, time.monotonic()
            print(f"    {fault.what}: {', '.join(fault.victims)} at {documents} documents")
            figures = await self.actions[fault.what](fault.victims)
            self.done.append(
                {
                    "what": fault.what,
                    "who": list(fault.victims),
                    "documents": documents,
                    "seconds": round(time.monotonic() - began, 2),
                    **figures,
                }
            )
