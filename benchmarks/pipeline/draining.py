"""A stage's processes at work on what is already on the bus: their CPU, and their memory, until everything is read."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.bars.fleet import Fleet, FleetError, Member, children, cpu_seconds, samples
from benchmarks.pipeline.case import FOLDER, Case
from benchmarks.pipeline.steady import Sample

_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 60.0  # without a record


@dataclass(frozen=True, slots=True)
class Drained:
    """What was seen while a topic was read. `peaks`: process name -> bytes."""

    looks: Sequence[Sample]
    peaks: Mapping[str, int]


def drain(case: Case, stage: str, topic: str, count: int, *, copies: int = 1) -> Drained:
    """Run `copies` processes of the stage until they have read `count` records of `topic` together, then end them.

    The first look is when all of them are at work. A look costs a process 2 ms of its CPU, which is counted as its own. Blocks. Raises
    FleetError when one ends by itself, or nothing moves for a minute.
    """
    series = f'leakstream_bus_records_total{{group="{stage}",topic="{topic}"}}'
    looks: list[Sample] = []
    with Fleet(FOLDER / "logs", case.config) as fleet:
        members = [fleet.start(f"{stage}-{number + 1}", stage) for number in range(copies)]
        moved_at, done = time.monotonic(), 0
        while done < count:
            time.sleep(_LOOK_SECONDS)
            each = [int(samples(member.metrics_port).get(series, 0)) for member in members]
            if sum(each) > done:
                moved_at, done = time.monotonic(), sum(each)
            elif time.monotonic() - moved_at > _PATIENCE_SECONDS:
                raise FleetError(f"{stage} stands still after {done} of {count}: see {members[0].log}")
            if all(each):
                looks.append(Sample(time.monotonic(), done, _cpu(members)))
            fleet.look()
            if fleet.ended_by_themselves:
                raise FleetError(f"a process ended by itself: {fleet.ended_by_themselves[0]}")
    return Drained(looks, fleet.peaks)


def _cpu(members: Sequence[Member]) -> dict[str, float]:
    whole = sum(cpu_seconds(member.process.pid) for member in members)
    below = sum(cpu_seconds(child) for member in members for child in children(member.process.pid))
    return {"parent": whole - below, "scanning": below}
