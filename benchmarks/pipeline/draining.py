"""A stage's processes at work on what is already on the bus: their CPU, and their memory, until everything is read."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from benchmarks.bars.fleet import Fleet, FleetError, Member, children, cpu_seconds, samples
from benchmarks.pipeline.steady import Sample

_LOOK_SECONDS: Final = 0.2
_PATIENCE_SECONDS: Final = 60.0  # without a record


def drain(fleet: Fleet, stage: str, topic: str, count: int, *, copies: int = 1) -> list[Sample]:
    """Run `copies` processes of the stage until they have read `count` records of `topic` together, then end them.

    The first look is when all of them are at work. A look costs a process 2 ms of its CPU, which is counted as its own. Blocks. Raises
    FleetError when nothing moves for a minute.
    """
    members = [fleet.start(f"{stage}-{number + 1}", stage) for number in range(copies)]
    series = f'leakstream_bus_records_total{{group="{stage}",topic="{topic}"}}'
    looks: list[Sample] = []
    moved_at, done = time.monotonic(), 0
    while done < count:
        time.sleep(_LOOK_SECONDS)
        each = [int(samples(member.metrics_port).get(series, 0)) for member in members]
        if sum(each) > done:
            moved_at, done = time.monotonic(), sum(each)
        elif time.monotonic() - moved_at > _PATIENCE_SECONDS:
            raise FleetError(f"{stage} stands still after {done} of {count} records: see {members[0].log}")
        if all(each):
            looks.append(Sample(time.monotonic(), done, _cpu(members)))
        fleet.look()
    fleet.stop()
    return looks


def _cpu(members: Sequence[Member]) -> dict[str, float]:
    whole = sum(cpu_seconds(member.process.pid) for member in members)
    below = sum(cpu_seconds(child) for member in members for child in children(member.process.pid))
    return {"parent": whole - below, "scanning": below}
