"""CPU of processes per record in the steady part of their work: without start and end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at some processes. `cpu` counts seconds by what the process is for; `done` counts records."""

    at: float  # monotonic seconds
    done: int
    cpu: dict[str, float]


@dataclass(frozen=True, slots=True)
class Rate:
    """What the steady part cost."""

    records: int
    wall: float
    cpu: dict[str, float]

    @property
    def cpu_seconds(self) -> float:
        return sum(self.cpu.values())

    @property
    def per_cpu_second(self) -> float:
        return self.records / self.cpu_seconds

    @property
    def per_second(self) -> float:
        return self.records / self.wall


def steady(samples: Sequence[Sample], *, skip: float = 0.15) -> Rate:
    """From the first look after the share `skip` of the records was done to the last look at which some more were.

    Raises ValueError when there were too few looks in between: measure more records.
    """
    total = samples[-1].done if samples else 0
    inside = [
        sample
        for before, sample in pairwise(samples)
        if sample.done > before.done and sample.done >= skip * total
    ]
    # the very last step waited for records that were no more, so it is left out where that leaves enough
    inside = inside[:-1] if len(inside) > 3 else inside
    if len(inside) < 2:
        raise ValueError(f"{total} records were done too quickly to be measured")
    first, last = inside[0], inside[-1]
    return Rate(
        last.done - first.done,
        last.at - first.at,
        {name: seconds - first.cpu[name] for name, seconds in last.cpu.items()},
    )
